//! Asks that nobody can fulfil: too few people, the same people twice, no channel to ask in.

use std::collections::BTreeSet;

use super::{
    super::{
        Policy, Refused,
        draft::Owner,
        rule::{AskTerms, Decision, GroupName, Rule},
        staffing,
    },
    Code, Finding,
    owners::{Reason, told},
    reach::Ground,
};
use crate::domain::{
    diagnostic::Span,
    id::{Group, PersonId},
    plan::{Ask, Step},
};

pub(super) fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, rule) in ground.policy.rules.iter().enumerate() {
        let Decision::Ask(terms) = &rule.decision else { continue };
        let unanswered = unanswered(ground, rule, terms);
        if !unanswered.is_empty() {
            findings.extend(unanswered);
            continue;
        }
        let at_least = ground.always(number).at_least;
        let why = |owner: &Group| trouble(ground, owner, &rule.decision, at_least);
        findings.extend(told(ground, (number, rule), why));
    }
    findings
}

/// Why the asks of a rule cannot be fulfilled, for things of one owner.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    NoChannel(String),
    /// Of whom, and how many are missing.
    TooFew(Vec<Group>, usize),
    Shared(Vec<Group>, usize),
    WithoutRequester(Vec<Group>, String),
}

/// Asks of groups whose members nobody can look up when they click.
fn unanswered(ground: &Ground<'_>, rule: &Rule, terms: &[Vec<AskTerms>]) -> Vec<Finding> {
    let asks = terms.iter().flatten().zip(rule.places.iter().flatten());
    let claimed = |name: &&GroupName| match name {
        GroupName::Named(group) => is_claimed_only(ground, group),
        GroupName::Owner | GroupName::OwnerLead => false,
    };
    let unanswered = asks.filter_map(|(ask, place): (&AskTerms, &Span)| {
        let GroupName::Named(group) = ask.from.iter().find(claimed)? else { return None };
        let message = format!("nobody who clicks can be known to be in `{group}`");
        let help = "a group that comes from claims tells who asks, not who approves: name the \
            members in the people file, or keep the group in a directory";
        Some(Finding::new(Code::NobodyCanAnswer, *place, message, help))
    });
    unanswered.collect()
}

fn is_claimed_only(ground: &Ground<'_>, group: &Group) -> bool {
    let is_claimed =
        ground.policy.groups.get(group).is_some_and(super::super::GroupSource::is_claim);
    let members = ground.surroundings.people.ids_in(std::slice::from_ref(group)).next();
    is_claimed && members.is_none()
}

fn trouble(
    ground: &Ground<'_>,
    owner: &Group,
    decision: &Decision,
    at_least: u32,
) -> Option<Trouble> {
    let policy: &Policy = ground.policy;
    let steps = match (Owner { group: owner, policy }).steps(decision, at_least) {
        Ok(steps) => steps,
        Err(Refused::Unroutable { channel }) => return Some(Trouble::NoChannel(channel)),
        Err(_) => return None,
    };
    let people = ground.surroundings.people;
    let elsewhere = |group: &Group| policy.is_elsewhere(group);
    let lacking = |steps: &[Step], excluded: &[PersonId]| match staffing::check(
        steps, excluded, elsewhere, people,
    ) {
        Err(Refused::Unsatisfiable { from, missing }) => Some((from, missing)),
        Ok(()) | Err(_) => None,
    };
    if let Some((from, missing)) = lacking(&steps, &[]) {
        let alone = |ask: &Ask| lacking(&[Step { asks: vec![ask.clone()] }], &[]);
        let first = steps.iter().flat_map(|step| &step.asks).find_map(alone);
        return Some(match first {
            Some((from, missing)) => Trouble::TooFew(from, missing),
            None => Trouble::Shared(from, missing),
        });
    }
    let asked = steps.iter().flat_map(|step| &step.asks).flat_map(|ask| people.ids_in(&ask.from));
    let asked: BTreeSet<&PersonId> = asked.collect();
    asked.into_iter().find_map(|person| {
        let (from, _) = lacking(&steps, std::slice::from_ref(person))?;
        let name = people.get(person).map_or(person.as_str(), |person| &person.name);
        Some(Trouble::WithoutRequester(from, name.to_owned()))
    })
}

impl Reason for Trouble {
    fn code(&self) -> Code {
        match self {
            Self::NoChannel(_) => Code::NoChannel,
            Self::TooFew(..) => Code::TooFewPeople,
            Self::Shared(..) => Code::SharedPeople,
            Self::WithoutRequester(..) => Code::TooFewWithoutRequester,
        }
    }

    fn message(&self, rule: &Rule) -> String {
        let groups = |from: &[Group]| {
            from.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(" and ")
        };
        let what = match self {
            Self::NoChannel(channel) => {
                format!("asks in `{channel}`, and there is no address for that channel")
            }
            Self::TooFew(from, missing) => {
                format!("needs {missing} more in {} than there are", groups(from))
            }
            Self::Shared(from, missing) => format!(
                "asks the same people twice: {missing} more needed in {}, for each counts once",
                groups(from)
            ),
            Self::WithoutRequester(from, name) => {
                format!("leaves too few in {} when {name} is the one who asks", groups(from))
            }
        };
        format!("the rule `{}` {what}", rule.name)
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::NoChannel(_) => "give the channel an address under `channels`",
            Self::TooFew(..) => "ask fewer people, or put more into the group",
            Self::Shared(..) => "ask different groups, ask fewer people, or let more join",
            Self::WithoutRequester(..) => "put one more into the group, or ask one fewer",
        }
    }

    /// The ask that cannot be fulfilled where it can be told, the rule otherwise.
    fn place(&self, rule: &Rule) -> Span {
        let Decision::Ask(steps) = &rule.decision else { return rule.span };
        let wanted = match self {
            Self::TooFew(from, _) | Self::WithoutRequester(from, _) => from,
            Self::NoChannel(_) | Self::Shared(..) => return rule.span,
        };
        let is_meant = |ask: &AskTerms| {
            ask.from.len() == wanted.len()
                && ask.from.iter().all(|name| match name {
                    GroupName::Named(group) => wanted.contains(group),
                    GroupName::Owner | GroupName::OwnerLead => true,
                })
        };
        let mut asks = steps.iter().flatten().zip(rule.places.iter().flatten());
        asks.find(|(ask, _)| is_meant(ask)).map_or(rule.span, |(_, place)| *place)
    }
}
