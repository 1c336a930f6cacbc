//! How a request ended. There is at most one for a request: its row's primary key is the request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    decide::{Denial, Granted, ItemState, Standing},
    id::ClientId,
};

/// The status of a task, in the words of ARAP. `Pending` is derived, never stored.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Approved,
    Denied,
    Expired,
    Cancelled,
    Failed,
    Partial,
}

/// The end of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub status: Status,
    pub at: Timestamp,
    /// One entry for each item of the request.
    pub items: Vec<ItemOutcome>,
    /// Set where the client withdrew the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Withdrawal>,
}

/// The end of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ItemOutcome {
    Approved(Granted),
    Denied(Denial),
    Expired,
    Cancelled,
    /// Time ran out, and nobody had been asked: no channel took the card.
    Failed,
}

/// Who withdrew a request, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    pub by: ClientId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Outcome {
    /// The outcome of items that have all ended; `None` while one is still open. `was_asked` says
    /// of an item and the step that it stands at whether anybody saw a card of it.
    pub fn of(
        states: &[ItemState],
        was_asked: impl Fn(usize, &Standing) -> bool,
        now: Timestamp,
    ) -> Option<Self> {
        let states = states.iter().enumerate();
        let items: Vec<ItemOutcome> = states
            .map(|(number, state)| ItemOutcome::of(state, |standing| was_asked(number, standing)))
            .collect::<Option<_>>()?;
        Some(Self { status: common_status(&items), at: now, items, withdrawal: None })
    }

    /// The outcome of a request that its client withdrew: what was granted before stays granted
    /// to nobody.
    pub fn cancelled(items: usize, withdrawal: Withdrawal, now: Timestamp) -> Self {
        Self {
            status: Status::Cancelled,
            at: now,
            items: vec![ItemOutcome::Cancelled; items],
            withdrawal: Some(withdrawal),
        }
    }

    /// The outcome of a request of which its client withdrew what was still open: what was decided
    /// before stays as it is, as AuthZEN's access request profile wants it.
    pub fn cut_short(states: &[ItemState], withdrawal: Withdrawal, now: Timestamp) -> Self {
        let items: Vec<ItemOutcome> = states.iter().map(ItemOutcome::cut_short).collect();
        Self { status: common_status(&items), at: now, items, withdrawal: Some(withdrawal) }
    }

    /// The grants, with the number of the item each belongs to.
    pub fn granted(&self) -> impl Iterator<Item = (usize, &Granted)> {
        self.items.iter().enumerate().filter_map(|(number, item)| match item {
            ItemOutcome::Approved(granted) => Some((number, granted)),
            ItemOutcome::Denied(_)
            | ItemOutcome::Expired
            | ItemOutcome::Cancelled
            | ItemOutcome::Failed => None,
        })
    }
}

impl ItemOutcome {
    fn of(state: &ItemState, was_asked: impl FnOnce(&Standing) -> bool) -> Option<Self> {
        match state {
            ItemState::Pending(_) => None,
            ItemState::Approved(granted) => Some(Self::Approved(granted.clone())),
            ItemState::Denied(denial) => Some(Self::Denied(denial.clone())),
            ItemState::Expired(standing) if was_asked(standing) => Some(Self::Expired),
            ItemState::Expired(_) => Some(Self::Failed),
        }
    }

    fn cut_short(state: &ItemState) -> Self {
        match state {
            ItemState::Pending(_) | ItemState::Expired(_) => Self::Cancelled,
            ItemState::Approved(granted) => Self::Approved(granted.clone()),
            ItemState::Denied(denial) => Self::Denied(denial.clone()),
        }
    }

    /// The status word of this item alone.
    pub fn status(&self) -> Status {
        match self {
            Self::Approved(_) => Status::Approved,
            Self::Denied(_) => Status::Denied,
            Self::Expired => Status::Expired,
            Self::Cancelled => Status::Cancelled,
            Self::Failed => Status::Failed,
        }
    }
}

/// All alike: that status. Otherwise the bundle ended in parts.
fn common_status(items: &[ItemOutcome]) -> Status {
    let mut statuses = items.iter().map(ItemOutcome::status);
    let first = statuses.next().unwrap_or(Status::Failed);
    if statuses.all(|status| status == first) { first } else { Status::Partial }
}

impl Status {
    /// Every way to end.
    pub const ENDS: [Self; 6] =
        [Self::Approved, Self::Denied, Self::Expired, Self::Cancelled, Self::Failed, Self::Partial];

    /// The word, as on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Partial => "partial",
        }
    }
}

#[cfg(test)]
mod tests;
