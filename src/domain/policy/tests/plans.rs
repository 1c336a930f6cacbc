//! Every case of `tests/policies/plans`: a request in few words, and the plan in few words.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    files,
    office::{Asked, Office},
};
use crate::domain::plan::{Ask, NumberCheck, Plan, TraceVerdict};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Without one, the example's.
    catalogue: Option<String>,
    people: Option<String>,
    policy: Option<String>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    request: Asked,
    plan: String,
}

const POLICY: &str = include_str!("../../../../tests/policies/example/policy.yaml");
const CATALOGUE: &str = include_str!("../../../../tests/policies/example/catalogue.yaml");
const PEOPLE: &str = include_str!("../../../../tests/policies/example/people.yaml");

#[test]
fn every_request_gets_the_plan_that_its_table_says() {
    let mut wrong = String::new();
    for (name, text) in files("plans") {
        let table: Table = serde_saphyr::from_str(&text).unwrap();
        let catalogue = table.catalogue.as_deref().unwrap_or(CATALOGUE);
        let office = Office::new(catalogue, table.people.as_deref().unwrap_or(PEOPLE));
        let policy = office.policy(table.policy.as_deref().unwrap_or(POLICY));
        for case in table.cases {
            let plan = match office.plan(&policy, &case.request) {
                Ok(plan) => in_few_words(&plan, case.request.opened_at()),
                Err(refused) => format!("refused: {refused}\n"),
            };
            if plan != case.plan {
                let Case { title, plan: wanted, .. } = case;
                writeln!(wrong, "{name}: {title}\n--- wanted\n{wanted}--- got\n{plan}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_plan_says_how_it_came_about() {
    let office = Office::example();
    let policy = office.policy(POLICY);
    let asked = Asked {
        subject: "dana".to_owned(),
        scopes: vec!["prod:orders:write".to_owned()],
        ..Asked::default()
    };
    let plan = office.plan(&policy, &asked).unwrap();
    let mut page = String::new();
    for line in &plan.trace {
        let mark = if line.verdict == TraceVerdict::Matched { '+' } else { '-' };
        writeln!(page, "{mark} {}: {} ({})", line.line, line.name, line.because).unwrap();
    }
    insta::assert_snapshot!(page, @r"
    + 26: production changes always need a person (`env` is `prod`, `access` is `write` or `admin`)
    - 29: contractors stay out of production (`requester.group` is `shop`, not `contractors`)
    + 32: number check on high risk (`risk` is `high` or `critical`)
    - 37: break-glass (`break_glass` is false, not true)
    - 43: reads for trusted clients (`access` is `write`, not `read`)
    - 47: small transfers in euro (there is no `action` here)
    - 51: every other transfer (there is no `action` here)
    + 59: write to production (`env` is `prod`, `access` is `write`)
    ");
    let again = office.ask(&asked, |question| policy.trace(question)).unwrap();
    assert_eq!(again, plan.trace);
}

fn in_few_words(plan: &Plan, opened_at: Timestamp) -> String {
    let mut words = plan.rules.join(" + ");
    words.push('\n');
    for (number, step) in (1..).zip(&plan.steps) {
        let asks: Vec<_> = step.asks.iter().map(ask_in_few_words).collect();
        writeln!(words, "{number}. {}", asks.join(" | ")).unwrap();
    }
    let expires = plan.expires_at.duration_since(opened_at).as_secs();
    let Plan { use_within_seconds, valid_for_seconds, .. } = plan;
    write!(words, "expires {expires}, use {use_within_seconds}, valid {valid_for_seconds}")
        .unwrap();
    write!(words, ", {:?}", plan.risk).unwrap();
    if plan.number_check == NumberCheck::Required {
        words.push_str(", number check");
    }
    words.push('\n');
    if !plan.excluded.is_empty() {
        let people: Vec<_> = plan.excluded.iter().map(ToString::to_string).collect();
        writeln!(words, "never {}", people.join(", ")).unwrap();
    }
    if let Some(terms) = &plan.credential {
        let bound_to = terms.bound_to.join(", ");
        writeln!(words, "credential {}, bound to {bound_to}", terms.valid_for_seconds).unwrap();
    }
    if let Some(review) = &plan.review {
        writeln!(words, "review by {} within {}", review.by, review.within_seconds).unwrap();
    }
    words
}

fn ask_in_few_words(ask: &Ask) -> String {
    let groups: Vec<_> = ask.from.iter().map(ToString::to_string).collect();
    let mut words = format!("{} of {} in {}", ask.count, groups.join("+"), ask.channel.name);
    if let Some(escalate) = &ask.escalate {
        write!(words, ", after {} to {}", escalate.after_seconds, escalate.to.name).unwrap();
        escalate.add.iter().for_each(|group| write!(words, " with {group}").unwrap());
    }
    if let Some(seconds) = ask.remind_every_seconds {
        write!(words, ", every {seconds}").unwrap();
    }
    words
}
