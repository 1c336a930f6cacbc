//! What holds for every policy and every request.

use proptest::{prelude::*, sample::select};

use super::office::{Asked, Office};
use crate::domain::{
    diagnostic::Diagnostic,
    plan::{NumberCheck, Plan},
    policy::{Policy, Trust},
};

const HEAD: &str = "version: 1
channels: { shop: { sandbox: c1 }, security: { sandbox: c2 } }
groups: { security: { idp_claim: s }, finance: { idp_claim: f } }
";

/// Lines for `if:`, of every kind of attribute.
const CONDITIONS: [&str; 12] = [
    "{ env: prod }",
    "{ access: [write, admin] }",
    "{ risk: high }",
    "{ scope: 'prod:*' }",
    "{ action: funds.transfer, param.amount: { over: 100 } }",
    "{ param.currency: [EUR, USD] }",
    "{ requester.group: shop }",
    "{ requester.group: finance }",
    "{ client.trust: trusted }",
    "{ break_glass: true }",
    "{ resource.id: 'ord*' }",
    "{}",
];

const TIGHTENINGS: [&str; 8] = [
    "refuse: no",
    "pre_approval: forbidden",
    "number_check: required",
    "link: declared",
    "at_least: 3",
    "cap: { valid_for: 5m }",
    "cap: { use_within: 30s, expires_after: 2m }",
    "at_least: 1",
];

const DECISIONS: [&str; 5] = [
    "pre_approve: { valid_for: 4h }",
    "ask: [{ from: security, in: security }]",
    "ask: [{ from: security, count: 2, in: security }, { from: finance, in: shop }]",
    "ask: [{ all: [{ from: finance, in: shop }, { from: security, in: shop }] }]\n    valid_for: 2h",
    "ask: [{ from: finance, in: shop, remind: { every: 5m } }]\n    use_within: 1m",
];

fn entry(name: usize, condition: &str, effect: &str) -> String {
    format!("  - name: n{name}\n    if: {condition}\n    {effect}\n")
}

fn section(title: &str, entries: &[(&str, &str)]) -> String {
    let entries = entries.iter().enumerate();
    let entries: String =
        entries.map(|(at, (condition, effect))| entry(at, condition, effect)).collect();
    let none = if entries.is_empty() { " []" } else { "" };
    format!("{title}:{none}\n{entries}")
}

type Lines = Vec<(&'static str, &'static str)>;

fn lines(effects: &'static [&'static str], most: usize) -> impl Strategy<Value = Lines> {
    prop::collection::vec((select(&CONDITIONS[..]), select(effects)), 0..most)
}

fn asked() -> impl Strategy<Value = Asked> {
    let scopes = prop::sample::subsequence(vec!["orders:read", "prod:orders:write"], 0..=2);
    let trust = select(&[Trust::Untrusted, Trust::Trusted][..]);
    let groups = prop::sample::subsequence(vec!["finance", "security"], 0..=2);
    let subject = select(&["dana", "u-1"][..]);
    (scopes, trust, groups.clone(), groups, subject, any::<bool>(), 0..1_000_i64).prop_map(
        |(scopes, client_trust, groups, unknown, subject, emergency, amount)| {
            let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
            let transfer = scopes.is_empty() || amount % 2 == 0;
            let parameters = serde_json::json!({ "amount": amount, "currency": "EUR", "to": "DE" });
            Asked {
                subject: subject.to_owned(),
                scopes: owned(scopes),
                action: transfer.then(|| "funds.transfer".to_owned()),
                parameters: parameters
                    .as_object()
                    .filter(|_| transfer)
                    .cloned()
                    .unwrap_or_default(),
                groups: owned(groups),
                unknown_groups: owned(unknown),
                emergency,
                client_trust,
                ..Asked::default()
            }
        },
    )
}

fn people_asked(plan: &Plan) -> u32 {
    plan.steps.iter().flat_map(|step| &step.asks).map(|ask| ask.count).sum()
}

/// Whether `tight` grants nothing that `loose` does not.
pub(super) fn is_no_laxer(tight: &Plan, loose: &Plan) -> Result<(), TestCaseError> {
    prop_assert!(loose.is_pre_approved() || !tight.is_pre_approved());
    prop_assert!(people_asked(tight) >= people_asked(loose));
    let checked = |plan: &Plan| plan.number_check == NumberCheck::Required;
    prop_assert!(checked(tight) || !checked(loose));
    prop_assert!(tight.link >= loose.link);
    // A pre-approval that became a question for people is another rule with its own times.
    if tight.rules == loose.rules {
        prop_assert!(tight.expires_at <= loose.expires_at);
        prop_assert!(tight.use_within_seconds <= loose.use_within_seconds);
        prop_assert!(tight.valid_for_seconds <= loose.valid_for_seconds);
    }
    Ok(())
}

proptest! {
    #[test]
    fn one_more_guardrail_never_makes_a_plan_laxer(
        guardrails in lines(&TIGHTENINGS, 4),
        more in (select(&CONDITIONS[..]), select(&TIGHTENINGS[..])),
        rules in lines(&DECISIONS, 6),
        asked in asked(),
    ) {
        let office = Office::example();
        let rules = section("rules", &rules);
        let before = office.policy(&format!("{HEAD}{}{rules}", section("guardrails", &guardrails)));
        let guardrails: Vec<_> = guardrails.into_iter().chain([more]).collect();
        let after = office.policy(&format!("{HEAD}{}{rules}", section("guardrails", &guardrails)));
        if let Ok(tight) = office.plan(&after, &asked) {
            let loose = office.plan(&before, &asked);
            prop_assert!(loose.is_ok(), "{loose:?}");
            is_no_laxer(&tight, &loose.unwrap())?;
        }
    }

    #[test]
    fn the_order_of_guardrails_does_not_matter(
        guardrails in lines(&TIGHTENINGS, 5),
        rules in lines(&DECISIONS, 6),
        asked in asked(),
    ) {
        let office = Office::example();
        let rules = section("rules", &rules);
        let forth = office.policy(&format!("{HEAD}{}{rules}", section("guardrails", &guardrails)));
        let turned: Vec<_> = guardrails.into_iter().rev().collect();
        let back = office.policy(&format!("{HEAD}{}{rules}", section("guardrails", &turned)));
        let plan = |policy| office.plan(policy, &asked).map(|plan| Plan {
            trace: Vec::new(),
            policy_sha256: String::new(),
            ..plan
        });
        let (one, other) = (plan(&forth), plan(&back));
        prop_assert_eq!(one, other);
        prop_assert_eq!(plan(&forth), plan(&forth));
    }

    #[test]
    fn a_word_that_is_no_attribute_never_evaluates(name in "[a-z_.]{1,20}") {
        let office = Office::example();
        let text = format!("{HEAD}rules:\n  - {{ name: r, if: {{ {name}: x }}, ask: [] }}\n");
        let faults = Policy::parse(&text, &office.vocabulary()).unwrap_err();
        let about = |fault: &Diagnostic| fault.message.contains(&name);
        prop_assert!(faults.iter().any(about) || super::super::attribute::Attribute::parse(&name).is_some());
    }

    #[test]
    fn no_text_is_read_with_a_crash(text in "(version: 1\n)?(rules|groups|guardrails|channels):( |\n  - |\n  )[a-z:{}\\[\\], *&!'\"\n-]{0,60}") {
        let _ = Policy::parse(&text, &Office::example().vocabulary());
    }
}
