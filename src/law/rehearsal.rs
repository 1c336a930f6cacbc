//! A policy put to the test: requests, clicks at virtual times and what must come of them, played
//! through the same functions that decide in earnest. No database, no clock, nobody is asked.

mod play;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Law;
use crate::domain::{
    diagnostic::{Diagnostic, Span},
    id::{Group, PersonId},
    link::Level,
    policy::{Trust, check::Finding},
    request::AccessRequest,
};

/// The cases of a file.
#[derive(Debug)]
pub struct Script {
    /// Who is in the groups that are kept elsewhere.
    members: BTreeMap<Group, BTreeSet<PersonId>>,
    cases: Vec<Case>,
}

/// One request and its story.
#[derive(Debug)]
struct Case {
    name: String,
    span: Span,
    asked: Asked,
    /// The rule that must decide, and where that stands.
    rule: Option<(String, Span)>,
    steps: Vec<Step>,
}

/// The request, and what is taken to be so of the client that sends it.
#[derive(Debug)]
struct Asked {
    request: AccessRequest,
    trust: Trust,
    owner: Option<PersonId>,
    span: Span,
}

/// What happens at one time, and what must be so afterwards.
#[derive(Debug)]
struct Step {
    at_seconds: i64,
    /// Who is in which groups from now on.
    members: BTreeMap<Group, BTreeSet<PersonId>>,
    /// How surely the accounts of some people are theirs from now on.
    links: BTreeMap<PersonId, Level>,
    clicks: Vec<Click>,
    wanted: Vec<Wanted>,
}

/// Somebody acts.
#[derive(Debug)]
struct Click {
    person: PersonId,
    deed: Deed,
    span: Span,
}

/// What they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Approve,
    Deny,
    /// Tries to approve, and must not count.
    TurnedAway,
}

/// What must be so.
#[derive(Debug)]
struct Wanted {
    what: Expectation,
    span: Span,
}

#[derive(Debug, PartialEq, Eq)]
enum Expectation {
    Standing(Standing),
    /// The groups that can act now, of every ask that is not fulfilled.
    Asked(BTreeSet<String>),
    /// The channels that have a card.
    Cards(BTreeSet<String>),
    /// The groups that owe a review.
    Review(BTreeSet<String>),
}

/// Where a request stands, in the words of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Refused,
    Pending,
    Approved,
    Denied,
    Expired,
    Lapsed,
    Partial,
}

/// How it went.
#[derive(Debug)]
pub struct Report {
    pub cases: Vec<Played>,
    /// The rules that decided something, by name.
    pub reached: BTreeSet<String>,
}

/// How one case went.
#[derive(Debug)]
pub struct Played {
    pub name: String,
    /// Where it begins.
    pub line: u32,
    pub faults: Vec<Diagnostic>,
}

impl Script {
    /// Reads a file of cases, or names every fault of it.
    pub fn parse(text: &str, law: &Law) -> Result<Self, Vec<Diagnostic>> {
        read::script(text, law)
    }

    /// Plays every case.
    pub fn play(&self, law: &Law, platforms: &[&str]) -> Report {
        let law = Arc::new(law.with_members(&self.members));
        let mut reached = BTreeSet::new();
        let mut cases = Vec::with_capacity(self.cases.len());
        for case in &self.cases {
            let stage = play::Stage { law: &law, platforms };
            let (rules, faults) = stage.play(case);
            reached.extend(rules);
            cases.push(Played { name: case.name.clone(), line: case.span.line, faults });
        }
        Report { cases, reached }
    }
}

/// The rules that are not among those reached.
pub fn untested(law: &Law, reached: &BTreeSet<String>) -> Vec<Finding> {
    let rules = law.policy.rules.iter().filter(|rule| !reached.contains(&rule.name));
    rules.map(|rule| Finding::untested(&rule.name, rule.span)).collect()
}

impl Report {
    /// Whether everything was as it must be.
    pub fn is_good(&self) -> bool {
        self.cases.iter().all(|case| case.faults.is_empty())
    }
}

impl Standing {
    const CHOICES: [(&'static str, Self); 7] = [
        ("refused", Self::Refused),
        ("pending", Self::Pending),
        ("approved", Self::Approved),
        ("denied", Self::Denied),
        ("expired", Self::Expired),
        ("lapsed", Self::Lapsed),
        ("partial", Self::Partial),
    ];

    fn as_str(self) -> &'static str {
        let mut words = Self::CHOICES.into_iter();
        words.find(|(_, standing)| *standing == self).map_or("", |(word, _)| word)
    }
}
