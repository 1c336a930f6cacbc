//! Look again at everybody who counts, at the moment when their votes decide: whoever has lost the
//! group between their click and now does not count any more. The roster was made before the lock.

use jiff::Timestamp;
use serde_json::json;

use super::{
    change::{Change, SYSTEM, facts},
    vote::{Certain, Vote, is_in_all},
};
use crate::domain::{
    audit::{Event, Kind},
    decide::{ItemState, opened_at},
    id::Group,
    plan::{Plan, Step},
    vote::{Lost, Struck, Vote as Cast},
};

/// Strikes what does not count any more, if the vote that was just cast would decide its item.
pub(super) fn recheck(change: &mut Change<'_>, last: &Vote) {
    let states = change.view().states(change.now);
    if !matches!(states.get(last.item), Some(ItemState::Approved(_))) {
        return;
    }
    let plans = change.view().plans.clone();
    let Some(plan) = plans.get(last.item) else { return };
    for vote in doubtful(change, plan, last) {
        change.log(struck(&vote));
        let key = (last.request.clone(), vote.item, vote.person.to_string());
        change.effects().votes.insert(key, vote.clone());
        let votes = &mut change.loaded.view.votes;
        votes.retain(|old| (old.item, &old.person) != (vote.item, &vote.person));
        votes.push(vote);
    }
}

/// The votes that count for less than they did, as they are from now on.
fn doubtful(change: &Change<'_>, plan: &Plan, last: &Vote) -> Vec<Cast> {
    let votes = change.view().votes.iter().filter(|vote| vote.item == last.item);
    let item: Vec<Cast> = votes.cloned().collect();
    let others = item.iter().filter(|vote| vote.person != last.voter.person);
    others
        .filter(|vote| vote.struck.is_none())
        .filter_map(|vote| {
            let since = opened_at(vote.step, &item, change.view().request.opened_at);
            let membership = last.voter.roster.membership(&vote.person);
            if membership.is_barred {
                return Some(without(vote, Lost::Barred, change.now));
            }
            let certain = membership.certain(plan.risk, change.now);
            weaker(vote, plan.steps.get(vote.step)?, since, &certain, change.now)
        })
        .collect()
}

/// A vote as it counts from now on, where that is less than before. It is judged by those who were
/// asked when it was cast, and by the groups of now.
fn weaker(
    vote: &Cast,
    step: &Step,
    since: Timestamp,
    certain: &Certain,
    now: Timestamp,
) -> Option<Cast> {
    let may = |groups: &[Group], number: usize| {
        step.asks.get(number).is_some_and(|ask| {
            ask.circles(since, vote.cast_at).any(|circle| is_in_all(groups, circle))
        })
    };
    let stands = |number: &usize| may(&certain.groups, *number);
    let asks: Vec<usize> = vote.asks.iter().copied().filter(stands).collect();
    if asks == vote.asks {
        return None;
    }
    if !asks.is_empty() {
        return Some(Cast { asks, ..vote.clone() });
    }
    let perhaps = [&certain.groups[..], &certain.unknown[..]].concat();
    let is_unclear = vote.asks.iter().any(|number| may(&perhaps, *number));
    let why = if is_unclear { Lost::MembershipUnknown } else { Lost::NotEligible };
    Some(without(vote, why, now))
}

/// A vote that counts for nothing any more. The asks that it stood for stay with it, for the record.
fn without(vote: &Cast, why: Lost, at: Timestamp) -> Cast {
    Cast { struck: Some(Struck { at, why }), ..vote.clone() }
}

fn struck(vote: &Cast) -> Event {
    let asks = if vote.struck.is_some() { &[][..] } else { &vote.asks };
    let why = vote.struck.map(|struck| struck.why);
    Event {
        kind: Kind::VoteStruck,
        actor: SYSTEM.to_owned(),
        facts: facts(json!({
            "item": vote.item,
            "step": vote.step,
            "person": vote.person,
            "why": why,
            "asks": asks,
        })),
        payload: json!({ "name": vote.name }).into(),
    }
}

#[cfg(test)]
mod tests;
