//! Sets of requests. A world is one entry of the catalogue with a value for everything that can
//! only be one of a few; what is left of conditions in a world is compared pattern by pattern.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::{
    Trust,
    attribute::{Attribute, Seen},
    condition::{Answer, Condition, Conditions, Test},
};
use crate::domain::{
    calendar::{CLOSED, OPEN},
    catalogue::{Catalogue, Entry, ParamType},
};

/// An entry of the catalogue, by its kind and name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) entry: &'a Entry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scope,
    Action,
    Detail,
}

/// A thing, and what is settled beside it.
#[derive(Debug, Clone)]
pub(super) struct World<'a> {
    pub(super) thing: Thing<'a>,
    pins: Vec<(&'a Attribute, Seen<'a>)>,
}

/// More worlds than this are not made of one thing: what is not settled is compared.
const MOST_WORLDS: usize = 64;

/// What is left of conditions in a world; empty where they hold there always.
pub(super) type Rest<'a> = Vec<&'a Condition>;

/// Everything that can be asked for.
pub(super) fn things(catalogue: &Catalogue) -> impl Iterator<Item = Thing<'_>> {
    let sections = [
        (Kind::Scope, &catalogue.scopes),
        (Kind::Action, &catalogue.actions),
        (Kind::Detail, &catalogue.details),
    ];
    sections.into_iter().flat_map(|(kind, section)| {
        section.iter().map(move |(name, entry)| Thing { kind, name, entry })
    })
}

impl<'a> Thing<'a> {
    /// What the catalogue alone says.
    fn look(&self, attribute: &Attribute) -> Option<Seen<'a>> {
        let only = |kind| if self.kind == kind { Seen::Text(self.name) } else { Seen::NotHere };
        Some(match attribute {
            Attribute::Scope => only(Kind::Scope),
            Attribute::Action => only(Kind::Action),
            Attribute::Detail => only(Kind::Detail),
            Attribute::Access => Seen::Text(self.entry.access.as_str()),
            Attribute::Risk => Seen::Text(self.entry.risk.as_str()),
            Attribute::Env => Seen::Text(&self.entry.env),
            Attribute::Owner => Seen::Text(self.entry.owner.as_str()),
            Attribute::Param(name) if !self.entry.params.contains_key(name) => Seen::NotHere,
            Attribute::Param(_)
            | Attribute::Client
            | Attribute::ClientTrust
            | Attribute::Requester
            | Attribute::RequesterGroup
            | Attribute::RequesterTrust
            | Attribute::ResourceType
            | Attribute::ResourceId
            | Attribute::BreakGlass
            | Attribute::Calendar(_) => return None,
        })
    }

    /// Whether the catalogue alone says that conditions do not hold.
    pub(super) fn rules_out(&self, conditions: &Conditions) -> bool {
        conditions.all.iter().any(|condition| {
            let seen = self.look(&condition.attribute);
            seen.is_some_and(|seen| condition.test.answer(&seen) == Answer::No)
        })
    }

    /// Every world of it that conditions can tell from the others.
    pub(super) fn worlds(self, conditions: &[&'a Conditions]) -> Vec<World<'a>> {
        let tests: Vec<&Condition> = conditions.iter().flat_map(|one| &one.all).collect();
        let mut worlds = vec![World { thing: self, pins: Vec::new() }];
        let mut settled: Vec<&Attribute> = Vec::new();
        for condition in &tests {
            let attribute = &condition.attribute;
            if settled.contains(&attribute) || self.look(attribute).is_some() {
                continue;
            }
            settled.push(attribute);
            let values = self.values(attribute, &tests);
            if values.is_empty() || worlds.len() * values.len() > MOST_WORLDS {
                continue;
            }
            let with = |world: World<'a>| {
                let values = values.clone();
                values.into_iter().map(move |seen| world.and(attribute, seen))
            };
            worlds = worlds.into_iter().flat_map(with).collect();
        }
        worlds
    }

    /// The values that tests on an attribute can tell apart; none where there are too many.
    fn values(&self, attribute: &Attribute, tests: &[&Condition]) -> Vec<Seen<'a>> {
        let flags = || vec![Seen::Flag(false), Seen::Flag(true)];
        match attribute {
            Attribute::BreakGlass => flags(),
            Attribute::Calendar(_) => vec![Seen::Text(OPEN), Seen::Text(CLOSED)],
            Attribute::ClientTrust | Attribute::RequesterTrust => {
                Trust::CHOICES.iter().map(|(word, _)| Seen::Text(word)).collect()
            }
            Attribute::Param(name) => match self.entry.params.get(name) {
                Some(ParamType::Boolean) => flags(),
                Some(ParamType::Decimal | ParamType::Integer) => numbers(attribute, tests),
                Some(ParamType::Text | ParamType::Any) | None => Vec::new(),
            },
            Attribute::Scope
            | Attribute::Action
            | Attribute::Detail
            | Attribute::Access
            | Attribute::Risk
            | Attribute::Env
            | Attribute::Owner
            | Attribute::Client
            | Attribute::Requester
            | Attribute::RequesterGroup
            | Attribute::ResourceType
            | Attribute::ResourceId => Vec::new(),
        }
    }
}

/// Every edge, and a number on each side of it.
fn numbers<'a>(attribute: &Attribute, tests: &[&Condition]) -> Vec<Seen<'a>> {
    let of_it = tests.iter().filter(|condition| condition.attribute == *attribute);
    let bounds = of_it.flat_map(|condition| match &condition.test {
        Test::Number(bounds) => bounds.as_slice(),
        Test::Text(_) | Test::Flag(_) => &[],
    });
    let edges: BTreeSet<Decimal> = bounds.flat_map(|bounds| bounds.edges()).collect();
    let edges: Vec<Decimal> = edges.into_iter().collect();
    let below = edges.first().and_then(|edge| edge.checked_sub(Decimal::ONE));
    let above = edges.last().and_then(|edge| edge.checked_add(Decimal::ONE));
    let between = edges.windows(2).filter_map(|pair| match pair {
        [one, other] => one.checked_add(*other)?.checked_div(Decimal::TWO),
        _ => None,
    });
    let all = edges.iter().copied().chain(between).chain(below).chain(above);
    all.map(Seen::Number).collect()
}

impl<'a> World<'a> {
    fn and(&self, attribute: &'a Attribute, seen: Seen<'a>) -> Self {
        let mut pins = self.pins.clone();
        pins.push((attribute, seen));
        Self { thing: self.thing, pins }
    }

    /// What of conditions is open here; `None` where they cannot hold.
    pub(super) fn rest(&self, conditions: &'a Conditions) -> Option<Rest<'a>> {
        let mut rest = Rest::new();
        for condition in &conditions.all {
            let pinned = self.pins.iter().find(|(attribute, _)| **attribute == condition.attribute);
            let seen =
                pinned.map(|(_, seen)| *seen).or_else(|| self.thing.look(&condition.attribute));
            match seen.map(|seen| condition.test.answer(&seen)) {
                Some(Answer::Yes) => {}
                Some(Answer::No | Answer::NotKnown) => return None,
                None => rest.push(condition),
            }
        }
        Some(rest)
    }
}

/// Whether whatever fits the first fits the second.
pub(super) fn implies(one: &[&Condition], other: &[&Condition]) -> bool {
    other.iter().all(|wanted| {
        one.iter()
            .any(|given| given.attribute == wanted.attribute && given.test.is_within(&wanted.test))
    })
}

/// Whether something may fit both.
pub(super) fn overlap(one: &[&Condition], other: &[&Condition]) -> bool {
    one.iter().all(|first| {
        let same = |second: &&&Condition| first.attribute == second.attribute;
        other.iter().filter(same).all(|second| {
            // One may be in several groups.
            first.attribute == Attribute::RequesterGroup || first.test.meets(&second.test)
        })
    })
}

impl Test {
    /// Whether every value that passes this one passes the other. Compared piece by piece: what
    /// only several pieces together cover counts as not covered.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(own), Self::Text(others)) => {
                own.iter().all(|own| others.iter().any(|other| other.covers(own)))
            }
            (Self::Number(own), Self::Number(others)) => own.iter().all(|own| others.contains(own)),
            (Self::Flag(own), Self::Flag(other)) => own == other,
            (Self::Text(_) | Self::Number(_) | Self::Flag(_), _) => false,
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(own), Self::Text(others)) => {
                own.iter().any(|own| others.iter().any(|other| other.meets(own)))
            }
            (Self::Flag(own), Self::Flag(other)) => own == other,
            // Numbers are settled in worlds; where there are too many, they may meet.
            (Self::Text(_) | Self::Number(_) | Self::Flag(_), _) => true,
        }
    }
}
