//! Times that cannot come: what falls due after the end, and lifetimes that are always cut.

use super::{
    super::rule::{AskTerms, Decision, Limits, Rule},
    Code, Finding,
    reach::Ground,
};
use crate::domain::{card, diagnostic::Span};

pub(super) fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, rule) in ground.policy.rules.iter().enumerate() {
        let cap = ground.always(number).cap;
        let life = rule.limits.or(ground.policy.defaults).within(cap).expires_after;
        let Decision::Ask(steps) = &rule.decision else {
            findings.extend(above_cap(rule, cap));
            continue;
        };
        let asks = steps.iter().flatten().zip(rule.places.iter().flatten());
        for (ask, place) in asks {
            findings.extend(late(ask, *place, life));
        }
        findings.extend(too_long(rule, steps, life));
        findings.extend(above_cap(rule, cap));
    }
    findings
}

fn late(ask: &AskTerms, place: Span, life: i64) -> Vec<Finding> {
    let mut late = Vec::new();
    let over = format!("the request is over after {}", card::duration(life));
    if let Some(escalate) = ask.escalate.as_ref().filter(|one| one.after_seconds >= life) {
        let after = card::duration(escalate.after_seconds);
        let message = format!("the escalation after {after} never happens: {over}");
        let help = "let it escalate sooner, or let the request live longer";
        late.push(Finding::new(Code::LateEscalation, place, message, help));
    }
    if let Some(every) = ask.remind_every_seconds.filter(|every| *every >= life) {
        let message = format!("nobody is reminded after {}: {over}", card::duration(every));
        let help = "remind sooner, or let the request live longer";
        late.push(Finding::new(Code::LateReminder, place, message, help));
    }
    late
}

/// Every step may wait for its escalation, one after the other.
fn too_long(rule: &Rule, steps: &[Vec<AskTerms>], life: i64) -> Option<Finding> {
    let longest = |asks: &Vec<AskTerms>| {
        asks.iter().filter_map(|ask| ask.escalate.as_ref()).map(|one| one.after_seconds).max()
    };
    let waits: Vec<i64> = steps.iter().filter_map(longest).collect();
    let whole = waits.iter().copied().fold(0, i64::saturating_add);
    // One that is too late by itself is said where it stands.
    let each_in_time = waits.iter().all(|wait| *wait < life);
    (waits.len() > 1 && whole >= life && each_in_time).then(|| {
        let message = format!(
            "the escalations of the rule `{}` take {} together, and the request is over after {}",
            rule.name,
            card::duration(whole),
            card::duration(life)
        );
        let help = "let the steps escalate sooner, or let the request live longer";
        Finding::new(Code::LongEscalations, rule.span, message, help)
    })
}

fn above_cap(rule: &Rule, cap: Limits) -> Vec<Finding> {
    let own = rule.limits;
    let named = [
        ("expires_after", own.expires_after, cap.expires_after),
        ("use_within", own.use_within, cap.use_within),
        ("valid_for", own.valid_for, cap.valid_for),
    ];
    let cut = named.into_iter().filter_map(|(name, own, cap)| {
        let (own, cap) = (own?, cap?);
        (own > cap).then_some((name, own, cap))
    });
    cut.map(|(name, own, cap)| {
        let message = format!(
            "`{name}` of the rule `{}` is {}, and a guardrail always cuts it to {}",
            rule.name,
            card::duration(own),
            card::duration(cap)
        );
        Finding::new(Code::AboveCap, rule.span, message, "write what holds, or raise the cap")
    })
    .collect()
}
