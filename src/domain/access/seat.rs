//! Which asks of the open step somebody may count for: in their own right, or else for a colleague
//! who is away and has named them.

use countersign_port::access::RefusalKind;
use jiff::Timestamp;

use super::{
    change::Change,
    vote::{Certain, Mandate, Vote},
};
use crate::domain::{
    decide::Standing,
    id::{Group, PersonId},
    plan::{Ask, Plan, StandIns, Step},
    stand_in::shares,
    vote::{Behalf, Vote as Cast},
};

/// Where somebody counts, and in whose right.
pub(super) struct Seat {
    pub(super) step: usize,
    pub(super) asks: Vec<usize>,
    pub(super) on_behalf_of: Option<Behalf>,
    pub(super) certain: Certain,
}

/// The groups that somebody counts by: their own, or those of whom they stand in for.
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub(super) own: &'a [Group],
    pub(super) away: Option<&'a [Group]>,
}

impl Seat {
    /// The seat of somebody who has counted already.
    pub(super) fn of(old: Cast, certain: Certain) -> Self {
        Self { step: old.step, asks: old.asks, on_behalf_of: old.on_behalf_of, certain }
    }
}

impl Right<'_> {
    /// Whether it is the right of somebody who is asked.
    pub(super) fn covers(self, circle: &[Group]) -> bool {
        match self.away {
            None => is_in_all(self.own, circle),
            Some(away) => is_in_all(away, circle) && shares(circle, self.own),
        }
    }
}

/// An empty list of groups is nobody, not everybody.
pub(super) fn is_in_all(groups: &[Group], wanted: &[Group]) -> bool {
    !wanted.is_empty() && wanted.iter().all(|group| groups.contains(group))
}

/// Finds a seat in the open step. Whoever may decide in their own right stands in for nobody.
pub(super) fn find(
    change: &Change<'_>,
    (plan, standing): (&Plan, &Standing),
    vote: &Vote,
    certain: Certain,
) -> Result<Seat, RefusalKind> {
    let step = plan.steps.get(standing.step).ok_or(RefusalKind::Over)?;
    let room = Room { plan, step, standing, vote, now: change.now };
    let without = match room.asks_for(Right { own: &certain.groups, away: None }) {
        Ok(asks) => return Ok(Seat { step: standing.step, asks, on_behalf_of: None, certain }),
        Err(without) => without,
    };
    match (for_somebody_away(change, room, &certain), without) {
        (Some((asks, behalf, seen_at)), _) => {
            let certain = Certain { seen_at: seen_at.min(certain.seen_at), ..certain };
            Ok(Seat { step: standing.step, asks, on_behalf_of: Some(behalf), certain })
        }
        (None, Without::Group) => Err(room.not_eligible(&certain)),
        (None, Without::OpenStep) => Err(RefusalKind::StepNotOpen),
    }
}

/// Whether a colleague has counted for somebody already.
pub(super) fn is_spoken_for(change: &Change<'_>, item: usize, person: &PersonId) -> bool {
    let votes = change.view().votes.iter();
    let mut votes = votes.filter(|vote| vote.item == item && vote.struck.is_none());
    votes.any(|vote| vote.is_for(person))
}

/// The first colleague in whose right somebody may decide at this moment.
fn for_somebody_away(
    change: &Change<'_>,
    room: Room<'_>,
    certain: &Certain,
) -> Option<(Vec<usize>, Behalf, Timestamp)> {
    if room.plan.stand_ins == StandIns::Forbidden {
        return None;
    }
    let roster = &room.vote.voter.roster;
    let mandates = roster.mandates(&room.vote.voter.person).into_iter();
    let mut now = mandates.filter(|mandate| mandate.stand_in.holds_at(room.now));
    now.find_map(|Mandate { stand_in, name }| {
        let membership = roster.membership(&stand_in.away);
        if membership.is_barred || !is_vacant(change, room, &stand_in.away) {
            return None;
        }
        let theirs = membership.certain(room.plan.risk, room.now);
        let right = Right { own: &certain.groups, away: Some(&theirs.groups) };
        let asks = room.asks_for(right).ok()?;
        let (person, stand_in) = (stand_in.away, stand_in.id);
        let behalf = Behalf { person, name, stand_in, groups: theirs.groups };
        Some((asks, behalf, theirs.seen_at))
    })
}

/// Whether somebody might count, and neither they nor anybody for them has done so.
fn is_vacant(change: &Change<'_>, room: Room<'_>, away: &PersonId) -> bool {
    let votes = change.view().votes.iter();
    let has_voted =
        |vote: &Cast| vote.item == room.vote.item && vote.person == *away && vote.struck.is_none();
    !room.plan.excluded.contains(away)
        && change.view().request.subject.id != away.as_str()
        && !votes.clone().any(has_voted)
        && !is_spoken_for(change, room.vote.item, away)
}

/// What is asked at this moment, and by whose click.
#[derive(Clone, Copy)]
struct Room<'a> {
    plan: &'a Plan,
    step: &'a Step,
    standing: &'a Standing,
    vote: &'a Vote,
    now: Timestamp,
}

impl Room<'_> {
    /// The asks of the open step that a right is enough for.
    fn asks_for(self, right: Right<'_>) -> Result<Vec<usize>, Without> {
        let open = self.step.asks.iter().enumerate();
        let asks: Vec<usize> = open
            .filter(|(_, ask)| is_asked_at(ask, self.vote) && self.may_answer(ask, right))
            .map(|(number, _)| number)
            .collect();
        if asks.is_empty() && !self.is_asked_elsewhere(right) {
            return Err(Without::Group);
        }
        if asks.is_empty() || self.vote.step != self.standing.step {
            return Err(Without::OpenStep);
        }
        Ok(asks)
    }

    /// Whether a right is enough for another step, or for another card of this one. Of the open step,
    /// whoever had it before it was handed over is not asked any more.
    fn is_asked_elsewhere(self, right: Right<'_>) -> bool {
        self.plan.steps.iter().enumerate().any(|(number, step)| {
            let is_open = number == self.standing.step;
            step.asks.iter().any(|ask| {
                if is_open { self.may_answer(ask, right) } else { right.covers(&ask.from) }
            })
        })
    }

    /// In all groups of the ask, or of those that its escalation has brought in meanwhile.
    fn may_answer(self, ask: &Ask, right: Right<'_>) -> bool {
        ask.circles(self.standing.opened_at, self.now).any(|circle| right.covers(circle))
    }

    /// Whether somebody is outside of a group, or nobody can tell.
    fn not_eligible(self, certain: &Certain) -> RefusalKind {
        let perhaps = [&certain.groups[..], &certain.unknown[..]].concat();
        // Whoever certainly is in it is not asked here, or not yet: that is not for want of an answer.
        let matters = |groups: &Vec<Group>| {
            is_in_all(&perhaps, groups) && !is_in_all(&certain.groups, groups)
        };
        let could = |ask: &Ask| {
            let added = ask.escalate.iter().map(|escalation| &escalation.add);
            std::iter::once(&ask.from).chain(added).any(matters)
        };
        if self.step.asks.iter().any(could) {
            RefusalKind::MembershipUnknown
        } else {
            RefusalKind::NotEligible
        }
    }
}

/// What somebody lacks.
enum Without {
    Group,
    OpenStep,
}

/// Whether the card that was clicked hangs where this ask was asked.
fn is_asked_at(ask: &Ask, vote: &Vote) -> bool {
    ask.channels().any(|channel| channel.addresses.get(&vote.platform) == Some(&vote.address))
}

#[cfg(test)]
mod tests;
