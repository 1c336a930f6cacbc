//! A review that is owed: somebody else looks afterwards at what was granted in an emergency, and
//! says whether it was justified. It stands beside the outcome, which it never changes.

use countersign_port::{access::Judgement, text::Untrusted};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    approval::later,
    id::{Group, PersonId},
    plan::{self, Channel},
    vote::Evidence,
};

/// Nobody is reminded more often than this, and nobody less often.
const SHORTEST_PAUSE_SECONDS: i64 = 3_600;
const LONGEST_PAUSE_SECONDS: i64 = 86_400;

/// The review of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub item: usize,
    /// Whose members may sign it off.
    pub by: Group,
    /// Where they are asked; none where that is wherever the emergency was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    pub opened_at: Timestamp,
    pub due_at: Timestamp,
    /// When it was seen to be overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<Timestamp>,
    /// When people were reminded of it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// What somebody found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Untrusted>,
    pub evidence: Evidence,
    pub judgement: Judgement,
    /// As they were called then.
    pub name: Untrusted,
    pub person: PersonId,
}

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewState)]
pub enum State {
    Owed,
    /// Owed, and its time is over.
    Overdue,
    Justified,
    NotJustified,
}

/// What has come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Overdue,
    Reminder,
}

impl Review {
    /// What is owed for an item that was granted by such a plan.
    pub fn owed(item: usize, terms: &plan::Review, at: Timestamp) -> Self {
        Self {
            item,
            by: terms.by.clone(),
            channel: terms.channel.clone(),
            opened_at: at,
            due_at: later(at, terms.within_seconds),
            overdue_at: None,
            reminded_at: None,
            signed: None,
        }
    }

    pub fn state(&self, now: Timestamp) -> State {
        match &self.signed {
            Some(signed) => State::of(signed.judgement),
            None if self.due_at <= now => State::Overdue,
            None => State::Owed,
        }
    }

    /// The same as the log has it: overdue once that was written down.
    pub fn stored_state(&self) -> &'static str {
        self.state(self.overdue_at.unwrap_or(self.opened_at)).as_str()
    }

    /// The earliest instant at which something about it comes due by itself.
    pub fn next_at(&self) -> Option<Timestamp> {
        if self.signed.is_some() {
            return None;
        }
        let Some(overdue_at) = self.overdue_at else { return Some(self.due_at) };
        let said = self.reminded_at.unwrap_or(overdue_at);
        let within = self.due_at.duration_since(self.opened_at).as_secs();
        Some(later(said, within.clamp(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)))
    }

    /// Notes what has come due, if anything has.
    pub fn fall_due(&mut self, now: Timestamp) -> Option<Due> {
        if self.next_at().is_none_or(|at| at > now) {
            return None;
        }
        if self.overdue_at.is_none() {
            self.overdue_at = Some(now);
            return Some(Due::Overdue);
        }
        self.reminded_at = Some(now);
        Some(Due::Reminder)
    }

    /// Whether it may be signed off on a card that hangs there. Once it is overdue, every card of
    /// the item will do: the reviewers' channel was not enough.
    pub fn is_asked_at(&self, platform: &str, address: &str, now: Timestamp) -> bool {
        let Some(channel) = &self.channel else { return true };
        self.due_at <= now || channel.addresses.get(platform).is_some_and(|one| one == address)
    }
}

impl State {
    const fn of(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Justified => Self::Justified,
            Judgement::NotJustified => Self::NotJustified,
        }
    }

    /// The word, as on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Overdue => "overdue",
            Self::Justified => "justified",
            Self::NotJustified => "not_justified",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(within_seconds: i64) -> Review {
        let terms = plan::Review { by: Group::from("security"), channel: None, within_seconds };
        Review::owed(0, &terms, Timestamp::UNIX_EPOCH)
    }

    fn at(seconds: i64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, seconds)
    }

    #[test]
    fn it_is_overdue_at_its_time_and_reminded_of_ever_after() {
        let mut review = review(7_200);
        assert_eq!((review.state(at(7_199)), review.fall_due(at(7_199))), (State::Owed, None));
        assert_eq!(review.state(at(7_200)), State::Overdue);
        assert_eq!(review.fall_due(at(7_200)), Some(Due::Overdue));
        assert_eq!(review.fall_due(at(7_200)), None, "once");
        assert_eq!(review.next_at(), Some(at(14_400)));
        assert_eq!(review.fall_due(at(90_000)), Some(Due::Reminder));
        assert_eq!(review.next_at(), Some(at(97_200)), "what was missed is said once");
    }

    #[test]
    fn nobody_is_reminded_every_minute_or_once_a_month() {
        for (within, pause) in [(300, 3_600), (30 * 86_400, 86_400)] {
            let mut review = review(within);
            review.fall_due(at(within)).unwrap();
            assert_eq!(review.next_at(), Some(at(within + pause)));
        }
    }
}
