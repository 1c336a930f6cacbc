//! Look again at everybody who counts, at the moment when their votes decide: whoever has lost the
//! group between their click and now does not count any more. The roster was made before the lock.

use jiff::Timestamp;
use serde_json::json;

use super::{
    change::{Change, SYSTEM, facts},
    seat::Right,
    vote::{Certain, Roster, Vote},
};
use crate::domain::{
    audit::{Event, Kind},
    decide::{ItemState, opened_at},
    id::{Group, PersonId},
    plan::{Plan, Risk, Step},
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
        change.keep(vote);
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
            let by = match by(last.voter.roster.as_ref(), vote, plan.risk, change.now) {
                Ok(by) => by,
                Err(why) => return Some(without(vote, why, change.now)),
            };
            weaker(vote, plan.steps.get(vote.step)?, since, &by, change.now)
        })
        .collect()
}

/// What is known now of whoever voted, and of whom they stood in for.
struct By {
    own: Certain,
    away: Option<Certain>,
}

/// Whoever may not act any more counts no more, nor does whoever stands in by an arrangement that was
/// ended. One that has run out was good for what was said while it held.
fn by(roster: &dyn Roster, vote: &Cast, risk: Risk, now: Timestamp) -> Result<By, Lost> {
    let certain = |person: &PersonId| {
        let membership = roster.membership(person);
        if membership.is_barred { Err(Lost::Barred) } else { Ok(membership.certain(risk, now)) }
    };
    let own = certain(&vote.person)?;
    let Some(behalf) = &vote.on_behalf_of else { return Ok(By { own, away: None }) };
    let mandates = roster.mandates(&vote.person);
    if !mandates.iter().any(|mandate| mandate.stand_in.id == behalf.stand_in) {
        return Err(Lost::StandInEnded);
    }
    Ok(By { own, away: Some(certain(&behalf.person)?) })
}

impl By {
    fn certainly(&self) -> Right<'_> {
        let away = self.away.as_ref();
        Right { own: &self.own.groups, away: away.map(|away| away.groups.as_slice()) }
    }

    /// In the groups that nobody can tell about too.
    fn perhaps(&self) -> (Vec<Group>, Option<Vec<Group>>) {
        let all = |certain: &Certain| [&certain.groups[..], &certain.unknown[..]].concat();
        (all(&self.own), self.away.as_ref().map(all))
    }
}

/// A vote as it counts from now on, where that is less than before. It is judged by those who were
/// asked when it was cast, and by the groups of now.
fn weaker(vote: &Cast, step: &Step, since: Timestamp, by: &By, now: Timestamp) -> Option<Cast> {
    let may = |right: Right<'_>, number: usize| {
        step.asks
            .get(number)
            .is_some_and(|ask| ask.circles(since, vote.cast_at).any(|circle| right.covers(circle)))
    };
    let stands = |number: &usize| may(by.certainly(), *number);
    let asks: Vec<usize> = vote.asks.iter().copied().filter(stands).collect();
    if asks == vote.asks {
        return None;
    }
    if !asks.is_empty() {
        return Some(Cast { asks, ..vote.clone() });
    }
    let (own, away) = by.perhaps();
    let perhaps = Right { own: &own, away: away.as_deref() };
    let is_unclear = vote.asks.iter().any(|number| may(perhaps, *number));
    let why = if is_unclear { Lost::MembershipUnknown } else { Lost::NotEligible };
    Some(without(vote, why, now))
}

/// A vote that counts for nothing any more. The asks that it stood for stay with it, for the record.
fn without(vote: &Cast, why: Lost, at: Timestamp) -> Cast {
    Cast { struck: Some(Struck { at, why }), ..vote.clone() }
}

/// The entry about a vote that counts for less than it did.
pub(super) fn struck(vote: &Cast) -> Event {
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
