//! What a yes is worth, and until when. Whatever happens to an approval later never changes the
//! status of the task.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{binding, id::ApprovalId, outcome::Outcome, plan::Plan, request::AccessRequest};

/// The approval that an approved request carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub id: ApprovalId,
    pub status: ApprovalStatus,
    pub approved_at: Timestamp,
    /// The instant by which it must be taken up.
    pub use_by: Timestamp,
    /// The end of the access that it gives; tokens issued on it may not live longer.
    pub approved_until: Timestamp,
    /// What it was given for, without what an approver may leave out: by this it is found when a
    /// client in direct mode has the same evaluated. Bundles have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
    /// When the asking server took it up: its callback was acknowledged or its result fetched.
    pub taken_up_at: Option<Timestamp>,
}

/// What has become of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    Live,
    /// Single use, and redeemed.
    Used,
    /// Not taken up in time, or past its end.
    Lapsed,
    Revoked,
}

impl Approval {
    /// The approval that an outcome gives, if it grants anything. The shortest life of all items
    /// holds for the whole.
    pub fn of(
        id: ApprovalId,
        request: &AccessRequest,
        plans: &[Plan],
        outcome: &Outcome,
    ) -> Option<Self> {
        let lives = outcome.granted().map(|(_, granted)| granted.valid_for_seconds);
        let life = lives.min()?;
        let patience = outcome
            .granted()
            .filter_map(|(number, _)| plans.get(number))
            .map(|plan| plan.use_within_seconds)
            .min()?;
        let granted = outcome.granted().filter_map(|(number, _)| request.items.get(number));
        let wished = granted.filter_map(|item| item.requested.until).min();
        let approved_until = later(outcome.at, life).min(wished.unwrap_or(Timestamp::MAX));
        Some(Self {
            id,
            status: ApprovalStatus::Live,
            approved_at: outcome.at,
            use_by: later(outcome.at, patience).min(approved_until),
            approved_until,
            frame: binding::frame(request),
            taken_up_at: None,
        })
    }

    /// Marks it as taken up. Says whether that was news.
    pub fn take_up(&mut self, now: Timestamp) -> bool {
        let news =
            self.status == ApprovalStatus::Live && self.taken_up_at.is_none() && now < self.use_by;
        if news {
            self.taken_up_at = Some(now);
        }
        news
    }

    /// The instant at which it lapses by itself, while it is live.
    pub fn lapses_at(&self) -> Option<Timestamp> {
        (self.status == ApprovalStatus::Live).then_some(match self.taken_up_at {
            Some(_) => self.approved_until,
            None => self.use_by,
        })
    }

    /// Lapses it when its time is over. Says whether that was news.
    pub fn lapse(&mut self, now: Timestamp) -> bool {
        let over = self.lapses_at().is_some_and(|at| at <= now);
        if over {
            self.status = ApprovalStatus::Lapsed;
        }
        over
    }
}

impl ApprovalStatus {
    /// The word, as on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Used => "used",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
        }
    }
}

/// An instant some seconds later; the end of time where that is too far away.
pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
