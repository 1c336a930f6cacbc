//! Reviews that nobody can give, or that are missing where the glass is broken.

use std::collections::BTreeSet;

use super::{
    super::{
        Refused,
        draft::Owner,
        rule::{ReviewTerms, Rule},
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
        let Some(terms) = &rule.review else {
            findings.extend(unreviewed(rule));
            continue;
        };
        let why = |owner: &Group| trouble(ground, owner, (rule, terms));
        findings.extend(told(ground, (number, rule), why));
    }
    findings
}

/// Why a review would be owed for ever.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    NoChannel(String),
    Nobody(Group),
    /// The one person in the group.
    One(Group, String),
    /// All of them may say yes themselves.
    Approvers(Group),
}

/// A rule that is meant for emergencies, and that nobody looks at afterwards.
fn unreviewed(rule: &Rule) -> Option<Finding> {
    rule.is_for_emergencies().then(|| {
        let message = format!("nobody reviews what the rule `{}` grants", rule.name);
        let help = "add `review_after: { by: <group>, within: 24h }`: an emergency is looked at \
            afterwards, by somebody else";
        Finding::new(Code::BreakGlassUnreviewed, rule.span, message, help)
    })
}

fn trouble(
    ground: &Ground<'_>,
    owner: &Group,
    (rule, terms): (&Rule, &ReviewTerms),
) -> Option<Trouble> {
    let policy = ground.policy;
    let owner = Owner { group: owner, policy };
    // What is wrong with the asks is said elsewhere.
    let steps = owner.steps(&rule.decision, 0).ok()?;
    let review = match owner.review(terms, &steps) {
        Ok(review) => review,
        Err(Refused::Unroutable { channel }) => return Some(Trouble::NoChannel(channel)),
        Err(_) => return None,
    };
    // Who is in it may be known only to a directory; of a claim nobody knows it at a click.
    let source = policy.groups.get(&review.by);
    if source.is_some_and(|source| !source.is_claim()) {
        return None;
    }
    let people = ground.surroundings.people;
    let members: BTreeSet<&PersonId> = people.ids_in(std::slice::from_ref(&review.by)).collect();
    let mut some = members.iter();
    match (some.next(), some.next()) {
        (None, _) => Some(Trouble::Nobody(review.by)),
        (Some(one), None) => {
            let name = people.get(one).map_or(one.as_str(), |person| &person.name);
            Some(Trouble::One(review.by, name.to_owned()))
        }
        (Some(_), Some(_)) => {
            let approvers = approvers(ground, &steps);
            members.is_subset(&approvers).then_some(Trouble::Approvers(review.by))
        }
    }
}

/// Everybody of whom it is known that they may say yes.
fn approvers<'a>(ground: &Ground<'a>, steps: &[Step]) -> BTreeSet<&'a PersonId> {
    let people = ground.surroundings.people;
    let circles = |ask: &Ask| {
        let added = ask.escalate.as_ref().map(|escalation| escalation.add.clone());
        std::iter::once(ask.from.clone()).chain(added.filter(|added| !added.is_empty()))
    };
    let asks = steps.iter().flat_map(|step| &step.asks).flat_map(circles);
    asks.flat_map(|circle| people.ids_in(&circle).collect::<Vec<_>>()).collect()
}

impl Reason for Trouble {
    fn code(&self) -> Code {
        match self {
            Self::NoChannel(_) => Code::NoChannel,
            Self::Nobody(_) => Code::ReviewByNobody,
            Self::One(..) | Self::Approvers(_) => Code::ReviewByApprovers,
        }
    }

    fn message(&self, rule: &Rule) -> String {
        let what = match self {
            Self::NoChannel(channel) => {
                format!("is asked in `{channel}`, and there is no address for that channel")
            }
            Self::Nobody(group) => {
                format!("is owed by `{group}`, and nobody who clicks can be known to be in it")
            }
            Self::One(group, name) => format!(
                "is owed by `{group}`, and nobody is left there when {name} asks or says yes"
            ),
            Self::Approvers(group) => {
                format!("is owed by `{group}`, where everybody may say yes themselves")
            }
        };
        format!("the review of the rule `{}` {what}", rule.name)
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::NoChannel(_) => "say where with `in`, or give the channel an address",
            Self::Nobody(_) => "put people into the group, or name another one",
            Self::One(..) => "put one more into the group, or name another one",
            Self::Approvers(_) => "name a group that has others in it too",
        }
    }

    fn place(&self, rule: &Rule) -> Span {
        rule.review_place.unwrap_or(rule.span)
    }
}
