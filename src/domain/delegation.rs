//! A decision that a server has handed over, and the one word that it is answered with.

use countersign_port::delegation::Verdict;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    access::slice::View,
    approval::{Approval, later},
    id::EventId,
    outcome::Status,
    request::Part,
};

/// A server takes its delegation for stored only once it has our receipt: whoever answers earlier
/// is told that there is no such thing.
const RECEIPT_S: i64 = 2;

/// So long before a server forgets is it told that nobody has decided.
const NOTICE_S: i64 = 5;

/// A decision that a server waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    pub asked_at: Timestamp,
    pub connection: String,
    /// Where the answer goes.
    pub endpoint: String,
    /// From then on the server knows nothing of it.
    pub expires_at: Timestamp,
    /// Also that of its answer.
    pub id: EventId,
    pub issuer: String,
    /// What the server grants if it is told yes: all of them.
    pub scopes: Vec<String>,
}

impl Delegation {
    /// The earliest instant at which the server can be answered.
    pub fn answerable_at(&self) -> Timestamp {
        later(self.asked_at, RECEIPT_S)
    }

    /// How long people may take, in seconds. Its client hears that nobody has decided while the
    /// server can still be told, and need not poll to the end.
    pub fn decide_within_s(&self) -> i64 {
        let whole = self.expires_at.duration_since(self.asked_at).as_secs();
        whole - NOTICE_S.min(whole / 2)
    }

    /// The word for a request that has ended. Yes means all that the server asked for, so that less
    /// is a no.
    pub fn verdict(&self, view: &View, now: Timestamp) -> Verdict {
        let Some(outcome) = &view.outcome else { return Verdict::Cancelled };
        match outcome.status {
            Status::Approved | Status::Partial => {
                let lives_until = view.approval.as_ref().and_then(Approval::lapses_at);
                let is_live = lives_until.is_some_and(|until| now < until);
                if is_live && self.is_granted(view) { Verdict::Approved } else { Verdict::Denied }
            }
            Status::Denied => Verdict::Denied,
            Status::Pending | Status::Expired | Status::Cancelled | Status::Failed => {
                Verdict::Cancelled
            }
        }
    }

    /// Whether a request asks for everything that the server would grant.
    pub fn is_within(&self, view: &View) -> bool {
        let parts = view.request.items.iter().flat_map(super::request::Item::parts);
        self.is_covered(parts)
    }

    fn is_granted(&self, view: &View) -> bool {
        let granted = view.outcome.iter().flat_map(super::outcome::Outcome::granted);
        let parts = granted.flat_map(|(number, granted)| {
            let parts = view.request.items.get(number).map(super::request::Item::parts);
            let parts = parts.unwrap_or_default().into_iter().enumerate();
            parts.filter(|(part, _)| granted.parts.contains(part)).map(|(_, part)| part)
        });
        self.is_covered(parts)
    }

    fn is_covered<'a>(&self, parts: impl Iterator<Item = Part<'a>>) -> bool {
        let scopes: Vec<&str> = parts
            .filter_map(|part| match part {
                Part::Scope(scope) => Some(scope),
                Part::Detail(_) | Part::Action(_) => None,
            })
            .collect();
        !self.scopes.is_empty() && self.scopes.iter().all(|scope| scopes.contains(&&**scope))
    }
}
