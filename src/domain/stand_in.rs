//! Colleagues who decide for somebody who is away: named by whoever is away, or by an operator, for
//! a period. What the policy lets them decide is judged at each click; they get no group by it.

use std::collections::BTreeSet;

use countersign_port::text::Untrusted;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{
    id::{Group, PersonId},
    people::People,
    plan::StandIns,
    yaml::read::parse_seconds,
};

/// Nobody is away for longer at once.
const LONGEST_DAYS: i64 = 92;

/// One person stands in for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    pub id: String,
    /// Who is away.
    pub away: PersonId,
    /// Who decides for them.
    pub delegate: PersonId,
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
}

/// What somebody wants to arrange.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    pub away: &'a PersonId,
    /// A colleague, by key or e-mail address.
    pub delegate: &'a str,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// What is known when a stand-in is named.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub people: &'a People,
    /// What the policy says where no guardrail says otherwise.
    pub stand_ins: StandIns,
    /// Who may not act.
    pub barred: &'a BTreeSet<PersonId>,
    /// Whether groups are kept where nobody has asked yet who is in them.
    pub groups: Certainty,
    /// All that holds or will hold.
    pub others: &'a [StandIn],
}

/// Whether all members of all groups are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    Certain,
    Perhaps,
}

/// Why nothing was arranged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error(
        "`{0}` is nobody here, or more than one person: name a colleague by key or e-mail address"
    )]
    Unknown(String),
    #[error("nobody stands in for themselves: name a colleague")]
    Oneself,
    #[error("{0} is switched off: name a colleague who is not")]
    Barred(String),
    #[error("{0} is in none of the same groups: name a colleague of the same group")]
    NoColleague(String),
    #[error("`{0}` is no time: write a length such as `5d`, or a last day such as `2026-12-24`")]
    NoTime(String),
    #[error("it would end before it begins, or has ended already: name a later end")]
    Ended,
    #[error("it would last longer than {LONGEST_DAYS} days: name an earlier end")]
    TooLong,
    #[error(
        "the policy lets nobody stand in for others: it would have to say `stand_ins: same_group`"
    )]
    Forbidden,
    #[error("nobody stands in for them now or later: there is nothing to end")]
    NotAway,
    #[error("{delegate} stands in for {away} until {until}: end that first")]
    Taken { away: String, delegate: String, until: String },
}

impl StandIn {
    /// Whether it holds at an instant.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    fn overlaps(&self, other: &Order<'_>) -> bool {
        self.from < other.until && other.from < self.until
    }
}

/// Arranges it, or says why not.
pub fn arrange(
    id: String,
    order: Order<'_>,
    known: Known<'_>,
    now: Timestamp,
) -> Result<StandIn, Fault> {
    if known.stand_ins == StandIns::Forbidden {
        return Err(Fault::Forbidden);
    }
    let Order { away, from, until, .. } = order;
    let delegate =
        known.people.called(order.delegate).ok_or_else(|| Fault::Unknown(shown(order.delegate)))?;
    check_people(away, delegate, known)?;
    if until <= from || until <= now {
        return Err(Fault::Ended);
    }
    if until.duration_since(from) > SignedDuration::from_hours(24 * LONGEST_DAYS) {
        return Err(Fault::TooLong);
    }
    // Whoever is away stands in for nobody, so that a word is never handed on.
    let is_in_the_way = |other: &&StandIn| {
        other.overlaps(&order)
            && (other.away == *away || other.away == *delegate || other.delegate == *away)
    };
    if let Some(other) = known.others.iter().find(is_in_the_way) {
        return Err(taken(other, known.people));
    }
    Ok(StandIn { id, away: away.clone(), delegate: delegate.clone(), from, until })
}

fn check_people(away: &PersonId, delegate: &PersonId, known: Known<'_>) -> Result<(), Fault> {
    if known.people.get(away).is_none() {
        return Err(Fault::Unknown(shown(away.as_str())));
    }
    if away == delegate {
        return Err(Fault::Oneself);
    }
    for person in [away, delegate] {
        if known.barred.contains(person) {
            return Err(Fault::Barred(shown_name(person, known.people)));
        }
    }
    let groups = |person| known.people.groups_of(person);
    if known.groups == Certainty::Certain && !shares(groups(away), groups(delegate)) {
        return Err(Fault::NoColleague(shown_name(delegate, known.people)));
    }
    Ok(())
}

/// Whether somebody is in one of these groups, or in the team that one of them is a role of.
pub fn shares(asked: &[Group], own: &[Group]) -> bool {
    asked
        .iter()
        .any(|group| own.contains(group) || group.team().is_some_and(|team| own.contains(&team)))
}

fn taken(other: &StandIn, people: &People) -> Fault {
    Fault::Taken {
        away: shown_name(&other.away, people),
        delegate: shown_name(&other.delegate, people),
        until: day(other.until),
    }
}

/// What somebody is called.
pub fn name(id: &PersonId, people: &People) -> Untrusted {
    Untrusted::new(people.get(id).map_or(id.as_str(), |person| &person.name))
}

/// The same, as it may be drawn.
pub fn shown_name(id: &PersonId, people: &People) -> String {
    name(id, people).display().to_string()
}

fn shown(text: &str) -> String {
    Untrusted::new(text).display().to_string()
}

/// An end as people read it.
pub fn day(until: Timestamp) -> String {
    until.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// An end as people write it: a length of time, or the last day.
pub fn end(text: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let fault = || Fault::NoTime(shown(text));
    if let Some(seconds) = parse_seconds(text) {
        return now.checked_add(SignedDuration::from_secs(seconds)).map_err(|_| fault());
    }
    if let Ok(day) = text.parse::<Date>() {
        let next = day.tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC));
        return next.map(|zoned| zoned.timestamp()).map_err(|_| fault());
    }
    text.parse().map_err(|_| fault())
}

#[cfg(test)]
mod tests;
