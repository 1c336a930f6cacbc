//! Rules that others leave nothing: never reached, always refused, passed over, or too late.

use std::collections::BTreeSet;

use super::{
    super::rule::{AskTerms, Decision, Guardrail, Rule},
    Code, Finding, listed,
    reach::{Ground, Match, Plot, forbids_pre_approval},
    world::{implies, overlap},
};

pub(super) fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let mut findings = laxer_first(ground);
    for (number, rule) in ground.policy.rules.iter().enumerate() {
        match unreachable(ground, number, rule) {
            Some(finding) => findings.push(finding),
            None => findings.extend(overruled(ground, number, rule)),
        }
    }
    findings
}

/// A rule that every request passes by.
fn unreachable(ground: &Ground<'_>, number: usize, rule: &Rule) -> Option<Finding> {
    let found = ground.plots.iter().filter_map(|plot| plot.found(number));
    let mut takers = BTreeSet::new();
    for found in found {
        takers.insert(found.taken_by?);
    }
    let name = &rule.name;
    if takers.is_empty() {
        let message = format!("the rule `{name}` can never match");
        let help = "nothing in the catalogue fits all of its conditions";
        return Some(Finding::new(Code::UnreachableRule, rule.span, message, help));
    }
    let before = takers.iter().filter_map(|taker| ground.policy.rules.get(*taker));
    let before = listed(before.map(|rule| rule.name.as_str()));
    let message = format!("the rule `{name}` is never reached: {before} above it take all of it");
    let help = "move it up, narrow what stands above it, or take it out";
    Some(Finding::new(Code::UnreachableRule, rule.span, message, help))
}

/// A rule that guardrails refuse or forbid.
fn overruled(ground: &Ground<'_>, number: usize, rule: &Rule) -> Vec<Finding> {
    let refuses = |guardrail: usize| {
        ground.policy.guardrails.get(guardrail).is_some_and(|one| one.refuse.is_some())
    };
    let name = &rule.name;
    if let Reach::Always(by) = reach(ground, number, refuses) {
        let message = format!("everything that the rule `{name}` decides is refused by {by}");
        let help = "narrow the guardrail, or take the rule out";
        return vec![Finding::new(Code::AlwaysRefused, rule.span, message, help)];
    }
    if rule.decision != Decision::PreApprove {
        return Vec::new();
    }
    let forbids = |guardrail: usize| forbids_pre_approval(ground.policy, guardrail);
    match reach(ground, number, forbids) {
        Reach::Always(by) => {
            let message = format!("the rule `{name}` never pre-approves: {by} always forbids it");
            let help = "let it ask people, or narrow the guardrail";
            vec![Finding::new(Code::PreApprovalNever, rule.span, message, help)]
        }
        Reach::Sometimes(by) => {
            let message = format!("the rule `{name}` is passed over where {by} forbids it");
            let help = "give it the conditions under which it is meant to pre-approve";
            vec![Finding::new(Code::PreApprovalSometimes, rule.span, message, help)]
        }
        Reach::Never => Vec::new(),
    }
}

/// How far guardrails reach into what a rule decides, and their names.
enum Reach {
    Never,
    Sometimes(String),
    Always(String),
}

fn reach(ground: &Ground<'_>, rule: usize, is_meant: impl Fn(usize) -> bool) -> Reach {
    let (mut touching, mut always) = (BTreeSet::new(), true);
    for plot in &ground.plots {
        let Some(found) = plot.reached(rule) else { continue };
        let meant = || plot.guardrails.iter().filter(|(number, _)| is_meant(*number));
        let touched = meant().filter(|(_, rest)| overlap(&found.rest, rest));
        touching.extend(touched.map(|(number, _)| *number));
        always &= meant().any(|(_, rest)| implies(&found.rest, rest));
    }
    let names = touching.iter().filter_map(|number| ground.policy.guardrails.get(*number));
    let by = listed(names.map(|guardrail: &Guardrail| guardrail.name.as_str()));
    match (touching.is_empty(), always) {
        (true, _) => Reach::Never,
        (false, true) => Reach::Always(by),
        (false, false) => Reach::Sometimes(by),
    }
}

/// Of two rules that overlap, the first asks for less, and is no exception from the second.
fn laxer_first(ground: &Ground<'_>) -> Vec<Finding> {
    let rules = &ground.policy.rules;
    let weights: Vec<u32> = rules.iter().map(weight).collect();
    let mut meeting = BTreeSet::new();
    for plot in &ground.plots {
        for first in plot.rules.iter().filter(|first| first.taken_by.is_none()) {
            meet((rules, &weights), plot, first, &mut meeting);
        }
    }
    let is_no_exception =
        |pair: &&(usize, usize)| ground.plots.iter().any(|plot| is_apart(plot, **pair));
    let mut findings: Vec<Finding> = Vec::new();
    let mut named = BTreeSet::new();
    for (first, second) in meeting.iter().filter(is_no_exception) {
        let (Some(lax), Some(strict)) = (rules.get(*first), rules.get(*second)) else { continue };
        if named.insert(*first) {
            let message = format!(
                "the rule `{}` asks for less than `{}` below it, and takes some of its requests",
                lax.name, strict.name
            );
            let help = "narrow it, or move it below";
            findings.push(Finding::new(Code::LaxerRuleFirst, lax.span, message, help));
        }
    }
    findings
}

/// Notes the later and stricter rules that overlap with one in a world.
fn meet(
    (rules, weights): (&[Rule], &[u32]),
    plot: &Plot<'_>,
    first: &Match<'_>,
    meeting: &mut BTreeSet<(usize, usize)>,
) {
    // An emergency is there to ask fewer people.
    let Some(lax) = rules.get(first.rule).filter(|rule| !rule.is_for_emergencies()) else { return };
    // Most rules ask for as much: they need no closer look.
    let own = weights.get(first.rule);
    let heavier = |second: &&Match<'_>| second.rule > first.rule && weights.get(second.rule) > own;
    for second in plot.rules.iter().filter(heavier) {
        let pair = (first.rule, second.rule);
        if !meeting.contains(&pair)
            && second.taken_by.is_none()
            && rules.get(second.rule).is_some_and(|strict| is_laxer(lax, strict))
            && overlap(&first.rest, &second.rest)
        {
            meeting.insert(pair);
        }
    }
}

/// Whether a later rule has everything, in this world, that an earlier one takes.
fn is_inside(plot: &Plot<'_>, first: &Match<'_>, second: usize) -> bool {
    plot.found(second).is_some_and(|second| implies(&first.rest, &second.rest))
}

fn is_apart(plot: &Plot<'_>, (first, second): (usize, usize)) -> bool {
    plot.reached(first).is_some_and(|first| !is_inside(plot, first, second))
}

/// How many people a rule asks, all in all.
fn weight(rule: &Rule) -> u32 {
    match &rule.decision {
        Decision::PreApprove => 0,
        Decision::Ask(steps) => {
            steps.iter().flatten().map(|ask| ask.count).fold(0, u32::saturating_add)
        }
    }
}

/// Whether everything that the first asks for is asked for by the second as well, and more.
fn is_laxer(first: &Rule, second: &Rule) -> bool {
    match (&first.decision, &second.decision) {
        (Decision::PreApprove, Decision::Ask(_)) => true,
        (Decision::Ask(few), Decision::Ask(many)) => {
            let asked = |ask: &AskTerms| {
                many.iter().flatten().any(|other| {
                    other.count >= ask.count
                        && ask.from.iter().all(|group| other.from.contains(group))
                })
            };
            weight(first) < weight(second) && few.iter().flatten().all(asked)
        }
        (Decision::PreApprove | Decision::Ask(_), Decision::PreApprove) => false,
    }
}
