//! Withdraw a pending request: only the client that opened it may.

use jiff::Timestamp;

use super::{Refused, Reply, change::Change, slice::Slice};
use crate::domain::{
    client::Mode,
    id::{ClientId, RequestId},
    ids::Ids,
    outcome::{Outcome, Withdrawal},
};

/// Who withdraws what, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    pub request: RequestId,
    pub client: ClientId,
    pub reason: Option<String>,
}

pub(super) fn cancel(slice: &mut Slice, cancel: Cancel, ids: &mut Ids, now: Timestamp) -> Reply {
    let is_rerun = slice.is_rerun;
    let mut change = Change::of(slice, &cancel.request, ids, now).ok_or(Refused::Unknown)?;
    if change.view().request.integrator != cancel.client {
        return Err(Refused::Unknown);
    }
    let withdrawal = Withdrawal { by: cancel.client, reason: cancel.reason };
    if let Some(outcome) = &change.view().outcome {
        return match &outcome.withdrawal {
            Some(done) if is_rerun && *done == withdrawal => Ok(change.view().clone()),
            Some(_) | None => Err(Refused::Over(outcome.status)),
        };
    }
    // Time that ran out, or a decision that fell, is not undone by a withdrawal.
    if let Some(outcome) = change.loaded.outcome(&change.view().states(now), now) {
        let status = outcome.status;
        change.finish(outcome);
        change.done();
        return Err(Refused::Over(status));
    }
    let outcome = match change.view().request.binding.mode {
        Mode::Direct => Outcome::cancelled(change.view().request.items.len(), withdrawal, now),
        Mode::Arap => Outcome::cut_short(&change.view().states(now), withdrawal, now),
    };
    change.finish(outcome);
    Ok(change.done())
}
