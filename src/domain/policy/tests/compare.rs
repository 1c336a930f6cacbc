//! The evaluator against the second reading, on policies and requests drawn at random. Build
//! with `COUNTERSIGN_POLICY_CASES` set for more of them; the count is printed.

use std::fmt::Write;

use jiff::Timestamp;
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use super::{
    naive::{self, Asking, ELSEWHERE, Guard, Known, Ruling, Sketch, Slowed, Verdict, Wish},
    office::{Asked, Office},
    properties::is_no_laxer,
};
use crate::domain::{
    brake::Counted,
    link::Level,
    plan::{NumberCheck, Plan},
    policy::Trust,
};

const CASES: u32 = 500;

const HEAD: &str = "version: 1
calendars: { office: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], hours: '09:00-17:00', holidays: 2026-12-25 } }
channels: { shop: { sandbox: c1 }, payments: { sandbox: c2 }, security: { sandbox: c3 } }
groups: { security: { idp_claim: s }, finance: { idp_claim: f } }
";

/// The example's catalogue and people, written down once more.
const READ: Known =
    Known { kind: "scope", name: "orders:read", access: "read", risk: "low", owner: "shop" };
const WRITE: Known = Known {
    kind: "scope",
    name: "prod:orders:write",
    access: "write",
    risk: "high",
    owner: "shop",
};
const TRANSFER: Known = Known {
    kind: "action",
    name: "funds.transfer",
    access: "write",
    risk: "critical",
    owner: "payments",
};
const MEMBERS: [(&str, &[&str]); 3] = [
    ("shop", &["erin", "farid", "gus", "dana"]),
    ("shop.lead", &["erin", "farid"]),
    ("senior", &["erin", "farid", "gus"]),
];

fn condition() -> impl Strategy<Value = (&'static str, Wish)> {
    let word = |name: &'static str, words: &'static [&'static str]| {
        prop::sample::subsequence(words, 1..=2).prop_map(move |words| (name, Wish::AnyOf(words)))
    };
    prop_oneof![
        word("scope", &["orders:read", "prod:*", "*:read", "*"]),
        word("action", &["funds.transfer", "*"]),
        word("access", &["read", "write", "admin"]),
        word("risk", &["low", "high", "critical"]),
        word("env", &["prod", "p*d"]),
        word("owner", &["shop", "payments"]),
        word("client", &["shop-web", "shop-*", "other"]),
        word("client.trust", &["untrusted", "standard", "trusted"]),
        word("requester", &["dana", "erin", "d*"]),
        word("requester.group", &["shop", "finance", "s*", "senior"]),
        word("resource.id", &["orders", "o*", "7*", "*1*"]),
        word("param.currency", &["EUR", "USD", "*R"]),
        word("calendar.office", &["open", "closed"]),
        any::<bool>().prop_map(|flag| ("break_glass", Wish::Flag(flag))),
        select(&[0, 100, 101, 5_000][..]).prop_map(|edge| ("param.amount", Wish::Over(edge))),
        select(&[0, 100, 101, 5_000][..]).prop_map(|edge| ("param.amount", Wish::AtMost(edge))),
    ]
}

/// No attribute twice: a map has each key once.
fn conditions() -> impl Strategy<Value = Vec<(&'static str, Wish)>> {
    prop::collection::vec(condition(), 0..3).prop_map(|mut all| {
        all.sort_by_key(|(name, _)| *name);
        all.dedup_by_key(|(name, _)| *name);
        // One part has no scope and a parameter; such a condition is a fault of the file.
        if all.iter().any(|(name, _)| name.starts_with("param.")) {
            all.retain(|(name, _)| *name != "scope");
        }
        all
    })
}

fn seconds(most: i64) -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.3, 60..=most)
}

fn guard() -> impl Strategy<Value = Guard> {
    let cap = [seconds(3_000), seconds(900), seconds(9_000)];
    let tight = (
        prop::bool::weighted(0.15),
        any::<bool>(),
        any::<bool>(),
        select(&["proven", "declared"][..]),
        prop::option::of(1..=3_u32),
        cap,
    );
    let brake = (select(&["denials", "requests"][..]), 1..=9_u32, 60..=9_000_i64);
    let brake = prop::option::weighted(0.3, brake);
    (conditions(), tight, brake)
        .prop_map(|(conditions, tight, brake)| {
            let (refuse, no_pre_approval, number_check, link, at_least, cap) = tight;
            Guard { conditions, refuse, no_pre_approval, number_check, link, at_least, cap, brake }
        })
        .prop_filter("a guardrail tightens something", |guard| {
            guard.refuse
                || guard.no_pre_approval
                || guard.number_check
                || guard.link == "declared"
                || guard.at_least.is_some()
                || guard.brake.is_some()
                || guard.cap.iter().any(Option::is_some)
        })
}

fn ask() -> impl Strategy<Value = Asking> {
    let groups = &["security", "finance", "shop", "senior", "owner"][..];
    let from = prop::sample::subsequence(groups, 1..=2);
    (from, 1..=2_u32, select(&["shop", "payments", "security"][..]))
        .prop_map(|(from, count, channel)| Asking { from, count, channel })
}

fn rule() -> impl Strategy<Value = Ruling> {
    let steps = prop::collection::vec(prop::collection::vec(ask(), 1..3), 1..3);
    let times = [seconds(5_000), seconds(2_000), seconds(9_000)];
    (conditions(), prop::option::weighted(0.75, steps), times).prop_map(
        |(conditions, steps, mut times)| {
            // A pre-approval says how long it is valid.
            if steps.is_none() {
                times[2] = Some(times[2].unwrap_or(7_200));
            }
            Ruling { conditions, steps, times }
        },
    )
}

fn asked() -> impl Strategy<Value = (Asked, Vec<Known>)> {
    let parts = prop::sample::subsequence(vec![READ, WRITE, TRANSFER], 1..=3);
    let trust = select(&[Trust::Untrusted, Trust::Standard, Trust::Trusted][..]);
    let groups = prop::sample::subsequence(vec!["finance", "security", "senior"], 0..=2);
    let subject = select(&["dana", "erin", "u-1"][..]);
    let resource = prop::option::of(select(&["orders", "7", "41"][..]));
    let amount = select(&["0", "0.5", "100", "100.5", "101", "4999.99", "5000", "5000.01"][..]);
    let currency = select(&["EUR", "USD", "GBP"][..]);
    // A year and a half of hours: both clocks, Christmas, weekends.
    let hour = 0..13_000_i64;
    let asked = (subject, hour);
    (parts, trust, (groups.clone(), groups), asked, any::<bool>(), resource, (amount, currency))
        .prop_map(
            |(
                mut parts,
                client_trust,
                (known, unknown),
                (subject, hour),
                emergency,
                resource,
                (amount, currency),
            )| {
                // The action stands first, as in an item.
                parts.sort_by_key(|part| part.kind);
                let transfer = parts.iter().any(|part| part.kind == "action");
                let names = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
                let parameters = json!({ "amount": amount, "currency": currency, "to": "DE" });
                let scopes = parts.iter().filter(|part| part.kind == "scope");
                let asked = Asked {
                    subject: subject.to_owned(),
                    scopes: scopes.map(|part| part.name.to_owned()).collect(),
                    action: transfer.then(|| TRANSFER.name.to_owned()),
                    parameters: parameters
                        .as_object()
                        .filter(|_| transfer)
                        .cloned()
                        .unwrap_or_default(),
                    resource: resource.map(str::to_owned),
                    emergency,
                    groups: names(known),
                    unknown_groups: names(unknown),
                    client_trust,
                    at: Timestamp::from_second(1_780_000_000 + hour * 3_600).ok(),
                    ..Asked::default()
                };
                (asked, parts)
            },
        )
}

/// The sketch as its author would write it.
fn text(sketch: &Sketch) -> String {
    let mut text =
        format!("{HEAD}guardrails:{}\n", if sketch.guardrails.is_empty() { " []" } else { "" });
    for (number, guard) in sketch.guardrails.iter().enumerate() {
        writeln!(text, "  - name: g{number}\n    if: {}", conditions_text(&guard.conditions))
            .unwrap();
        let mut say = |holds: bool, words: &str| {
            if holds {
                writeln!(text, "    {words}").unwrap();
            }
        };
        say(guard.refuse, "refuse: No.");
        say(guard.no_pre_approval, "pre_approval: forbidden");
        say(guard.number_check, "number_check: required");
        say(guard.link == "declared", "link: declared");
        if let Some((counted, most, within)) = guard.brake {
            let key = if counted == "denials" { "cool_down" } else { "quota" };
            say(true, &format!("{key}: {{ {counted}: {most}, within: {within}s }}"));
        }
        if let Some(count) = guard.at_least {
            say(true, &format!("at_least: {count}"));
        }
        if guard.cap.iter().any(Option::is_some) {
            say(true, &format!("cap: {{ {} }}", times_text(guard.cap).join(", ")));
        }
    }
    writeln!(text, "rules:{}", if sketch.rules.is_empty() { " []" } else { "" }).unwrap();
    for (number, rule) in sketch.rules.iter().enumerate() {
        writeln!(text, "  - name: r{number}\n    if: {}", conditions_text(&rule.conditions))
            .unwrap();
        let mut times = rule.times;
        if let Some(steps) = &rule.steps {
            writeln!(text, "    ask: [{}]", steps_text(steps)).unwrap();
        } else {
            let valid_for = times[2].take().unwrap();
            writeln!(text, "    pre_approve: {{ valid_for: {valid_for}s }}").unwrap();
        }
        for line in times_text(times) {
            writeln!(text, "    {line}").unwrap();
        }
    }
    text
}

fn steps_text(steps: &[Vec<Asking>]) -> String {
    let ask = |ask: &Asking| {
        let Asking { from, count, channel } = ask;
        format!("{{ from: [{}], count: {count}, in: {channel} }}", from.join(", "))
    };
    let step = |asks: &Vec<Asking>| {
        let asks: Vec<String> = asks.iter().map(ask).collect();
        format!("{{ all: [{}] }}", asks.join(", "))
    };
    steps.iter().map(step).collect::<Vec<_>>().join(", ")
}

fn times_text(times: [Option<i64>; 3]) -> Vec<String> {
    let names = ["expires_after", "use_within", "valid_for"];
    let said = names.iter().zip(times).filter_map(|(name, time)| Some((name, time?)));
    said.map(|(name, time)| format!("{name}: {time}s")).collect()
}

fn conditions_text(conditions: &[(&'static str, Wish)]) -> String {
    let value = |wish: &Wish| match wish {
        Wish::AnyOf(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            format!("[{}]", words.join(", "))
        }
        Wish::Flag(flag) => flag.to_string(),
        Wish::Over(edge) => format!("{{ over: {edge} }}"),
        Wish::AtMost(edge) => format!("{{ at_most: {edge} }}"),
    };
    let all: Vec<String> =
        conditions.iter().map(|(name, wish)| format!("{name}: {}", value(wish))).collect();
    format!("{{ {} }}", all.join(", "))
}

fn in_plain_words(plan: &Result<Plan, String>, opened_at: Timestamp) -> Verdict {
    let Ok(plan) = plan else { return Verdict::Refused };
    let steps = plan.steps.iter().map(|step| {
        let mut asks: Vec<_> = step
            .asks
            .iter()
            .map(|ask| {
                let from = ask.from.iter().map(ToString::to_string).collect();
                (from, ask.count, ask.channel.name.clone())
            })
            .collect();
        asks.sort();
        asks
    });
    let expires = plan.expires_at.duration_since(opened_at).as_secs();
    Verdict::Plan {
        rules: plan.rules.clone(),
        steps: steps.collect(),
        number_check: plan.number_check == NumberCheck::Required,
        declared: plan.link == Level::Declared,
        times: [expires, plan.use_within_seconds, plan.valid_for_seconds],
        brakes: slowed(plan),
    }
}

fn slowed(plan: &Plan) -> Vec<Slowed> {
    let mut brakes: Vec<Slowed> = plan
        .brakes
        .iter()
        .map(|brake| {
            let counted = match brake.counts {
                Counted::Denials => "denials",
                Counted::Requests => "requests",
            };
            (brake.guardrail.clone(), counted, brake.most, brake.within_seconds)
        })
        .collect();
    brakes.sort();
    brakes
}

fn naively(sketch: &Sketch, asked: &Asked, parts: &[Known]) -> Verdict {
    let requester = MEMBERS[0].1.iter().copied().find(|name| *name == asked.subject);
    let own = MEMBERS.iter().filter(|(_, people)| people.contains(&asked.subject.as_str()));
    let groups: Vec<&str> = own.map(|(group, _)| *group).collect();
    match naive::judge(sketch, asked, requester, &groups, parts) {
        Verdict::Plan { steps, .. } if !naive::can_be_filled(&steps, &MEMBERS, requester) => {
            Verdict::Refused
        }
        verdict @ (Verdict::Refused | Verdict::Plan { .. }) => verdict,
    }
}

#[test]
fn two_readings_of_the_manual_agree_and_no_guardrail_loosens() {
    let more = option_env!("COUNTERSIGN_POLICY_CASES").and_then(|text| text.parse().ok());
    let cases: u32 = more.unwrap_or(CASES);
    let office = Office::example();
    assert_eq!(ELSEWHERE, ["security", "finance"]);
    let mut plans = std::cell::Cell::new(0_u32);
    let sketch = (prop::collection::vec(guard(), 0..4), prop::collection::vec(rule(), 1..6));
    let sketch = sketch.prop_map(|(guardrails, rules)| Sketch { guardrails, rules });
    let mut runner = TestRunner::new(Config {
        cases,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(sketch, guard(), asked()), |(sketch, more, (asked, parts))| {
            let plan = |sketch: &Sketch| office.plan(&office.policy(&text(sketch)), &asked);
            let loose = plan(&sketch);
            let read = in_plain_words(&loose, asked.opened_at());
            prop_assert_eq!(&read, &naively(&sketch, &asked, &parts), "{}", text(&sketch));
            plans.set(plans.get() + u32::from(loose.is_ok()));
            let mut tighter = sketch.clone();
            tighter.guardrails.push(more);
            let tight = plan(&tighter);
            prop_assert_eq!(
                in_plain_words(&tight, asked.opened_at()),
                naively(&tighter, &asked, &parts)
            );
            match (&tight, &loose) {
                (Ok(tight), Ok(loose)) => is_no_laxer(tight, loose),
                (Ok(_), Err(refused)) => {
                    Err(TestCaseError::fail(format!("a guardrail let it in: {refused}")))
                }
                (Err(_), _) => Ok(()),
            }
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let plans = *plans.get_mut();
    assert!(plans > cases / 10, "only {plans} of {cases} requests got a plan: that shows little");
    println!("{cases} policies and requests, {plans} with a plan, judged alike by both readings");
}
