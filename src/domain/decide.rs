//! Where an item stands: one function of plan, votes and time. The heart of the program.

use std::collections::BTreeSet;

use countersign_port::access::DenyReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    id::PersonId,
    matching,
    plan::{Plan, Step},
    vote::{Verdict, Vote},
};

/// Where one item stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemState {
    Pending(Standing),
    Approved(Granted),
    Denied(Denial),
    Expired(Standing),
}

/// How far an undecided item has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The step that is open, from 0.
    pub step: usize,
    /// Since when it is open.
    pub opened_at: Timestamp,
    /// For each ask of the open step, how many of the people needed have approved.
    pub filled: Vec<u32>,
}

/// What was granted in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub at: Timestamp,
    /// The numbers of the parts that every approver granted.
    pub parts: BTreeSet<usize>,
    pub valid_for_seconds: i64,
    /// Everybody who counted, in the order in which they voted. Empty where the policy approved.
    pub by: Vec<PersonId>,
}

/// The no that ended it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    pub at: Timestamp,
    pub by: PersonId,
    pub reason: DenyReason,
}

/// Decides one item with `parts` parts, opened at `opened_at`.
///
/// INVARIANT: a vote that names no ask, comes from an excluded person, or was cast at or after the
/// expiry changes nothing; the order of votes within a step does not matter; one no is enough. A
/// vote that was struck fills nothing, and what it cut off stays cut off.
pub fn decide(
    plan: &Plan,
    parts: usize,
    votes: &[Vote],
    opened_at: Timestamp,
    now: Timestamp,
) -> ItemState {
    let heard: Vec<&Vote> = votes.iter().filter(|vote| counts(plan, vote)).collect();
    let votes: Vec<&Vote> = heard.iter().copied().filter(|vote| vote.struck.is_none()).collect();
    if let Some(denial) = first_denial(&votes) {
        return ItemState::Denied(denial);
    }
    let mut step_opened_at = opened_at;
    for (number, step) in plan.steps.iter().enumerate() {
        let cast: Vec<&Vote> = votes.iter().copied().filter(|vote| vote.step == number).collect();
        let filled = fill(step, &cast);
        if !is_full(step, &filled) {
            let standing = Standing { step: number, opened_at: step_opened_at, filled };
            return if now < plan.expires_at {
                ItemState::Pending(standing)
            } else {
                ItemState::Expired(standing)
            };
        }
        step_opened_at = cast.iter().map(|vote| vote.cast_at).max().unwrap_or(step_opened_at);
    }
    let by = votes.as_slice();
    ItemState::Approved(granted(plan, parts, Said { heard: &heard, by }, step_opened_at))
}

/// How many people each ask of a step has, whether it is open yet or not: whoever has approved a step
/// that was open stays counted when one before it is open again.
pub fn filled<'v>(plan: &Plan, number: usize, votes: impl Iterator<Item = &'v Vote>) -> Vec<u32> {
    let Some(step) = plan.steps.get(number) else { return Vec::new() };
    let counts = |vote: &&Vote| vote.step == number && vote.struck.is_none() && counts(plan, vote);
    fill(step, &votes.filter(counts).collect::<Vec<&Vote>>())
}

/// Since when a step is open, if those before it are full.
pub fn opened_at(step: usize, votes: &[Vote], opened_at: Timestamp) -> Timestamp {
    let before = votes.iter().filter(|vote| vote.step + 1 == step && vote.struck.is_none());
    before.map(|vote| vote.cast_at).max().unwrap_or(opened_at)
}

/// The votes that cut something off, and those of them that count.
#[derive(Clone, Copy)]
struct Said<'a> {
    heard: &'a [&'a Vote],
    by: &'a [&'a Vote],
}

fn counts(plan: &Plan, vote: &Vote) -> bool {
    let Some(step) = plan.steps.get(vote.step) else { return false };
    !plan.excluded.iter().any(|person| vote.person == *person || vote.is_for(person))
        && vote.cast_at < plan.expires_at
        && !vote.asks.is_empty()
        && vote.asks.iter().all(|ask| *ask < step.asks.len())
}

fn first_denial(votes: &[&Vote]) -> Option<Denial> {
    votes
        .iter()
        .filter_map(|vote| match vote.verdict {
            Verdict::Deny { reason } => {
                Some(Denial { at: vote.cast_at, by: vote.person.clone(), reason })
            }
            Verdict::Approve { .. } => None,
        })
        .min_by(|a, b| (a.at, &a.by).cmp(&(b.at, &b.by)))
}

/// How many people each ask of the step has, when everybody counts where they are needed most.
fn fill(step: &Step, cast: &[&Vote]) -> Vec<u32> {
    let needed: Vec<u32> = step.asks.iter().map(|ask| ask.count).collect();
    let mut people: Vec<(&PersonId, &[usize])> =
        cast.iter().map(|vote| (&vote.person, vote.asks.as_slice())).collect();
    people.sort_unstable();
    people.dedup_by_key(|(person, _)| *person);
    let choices: Vec<&[usize]> = people.into_iter().map(|(_, asks)| asks).collect();
    matching::fill(&needed, &choices)
}

fn is_full(step: &Step, filled: &[u32]) -> bool {
    step.asks.iter().zip(filled).all(|(ask, have)| *have >= ask.count)
}

/// Nobody can be made to grant more than they said: what holds is what all of them granted.
fn granted(plan: &Plan, parts: usize, said: Said<'_>, at: Timestamp) -> Granted {
    let mut kept: BTreeSet<usize> = (0..parts).collect();
    let mut valid_for_seconds = plan.valid_for_seconds;
    for vote in said.heard {
        if let Verdict::Approve { grant: Some(grant) } = &vote.verdict {
            kept = &kept & &grant.parts;
            valid_for_seconds = grant.valid_for_seconds.unwrap_or(i64::MAX).min(valid_for_seconds);
        }
    }
    let mut by: Vec<&Vote> = said.by.to_vec();
    by.sort_unstable_by_key(|vote| (vote.cast_at, &vote.person));
    Granted {
        at,
        parts: kept,
        valid_for_seconds,
        by: by.into_iter().map(|vote| vote.person.clone()).collect(),
    }
}

impl ItemState {
    /// Whether nothing can change any more.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending(_))
    }
}

#[cfg(test)]
mod tests;
