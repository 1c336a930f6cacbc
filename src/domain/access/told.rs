//! The asking server was told, could not be told, or came to fetch the result itself.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, SYSTEM, facts},
    effects::{End, Settled},
    slice::Slice,
};
use crate::domain::{
    audit::{Event, Kind},
    id::{ClientId, EventId, RequestId},
    ids::Ids,
};

/// A callback was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub request: RequestId,
    pub event: EventId,
    pub sequence: i64,
    pub status: u16,
    pub response_sha256: String,
    pub attempt: i64,
    pub fence: i64,
}

/// A callback will not be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeliverable {
    pub request: RequestId,
    pub event: EventId,
    pub sequence: i64,
    pub cause: String,
    pub attempt: i64,
    pub fence: i64,
}

/// The client fetched the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeUp {
    pub request: RequestId,
    pub client: ClientId,
}

pub(super) fn delivered(
    slice: &mut Slice,
    delivered: Delivered,
    ids: &mut Ids,
    now: Timestamp,
) -> Reply {
    let mut change = Change::of(slice, &delivered.request, ids, now).ok_or(Refused::Unknown)?;
    change.log(Event {
        kind: Kind::CallbackDelivered,
        actor: SYSTEM.to_owned(),
        facts: facts(json!({
            "event": delivered.event,
            "sequence": delivered.sequence,
            "status": delivered.status,
            "attempt": delivered.attempt,
            "response_sha256": delivered.response_sha256,
        })),
        payload: json!({}).into(),
    });
    change.effects().settled.push(Settled {
        event: delivered.event,
        fence: delivered.fence,
        end: End::Done,
        error: None,
    });
    if change.view().outcome.is_none() || change.view().told_at.is_some() {
        return Ok(change.recorded());
    }
    change.loaded.view.told_at = Some(now);
    take_up_approval(&mut change);
    Ok(change.done())
}

pub(super) fn undeliverable(
    slice: &mut Slice,
    dead: Undeliverable,
    ids: &mut Ids,
    now: Timestamp,
) -> Reply {
    let mut change = Change::of(slice, &dead.request, ids, now).ok_or(Refused::Unknown)?;
    change.log(Event {
        kind: Kind::CallbackDead,
        actor: SYSTEM.to_owned(),
        facts: facts(json!({
            "event": dead.event,
            "sequence": dead.sequence,
            "attempt": dead.attempt,
        })),
        payload: json!({ "cause": dead.cause }).into(),
    });
    change.effects().settled.push(Settled {
        event: dead.event,
        fence: dead.fence,
        end: End::Dead,
        error: Some(dead.cause),
    });
    Ok(change.recorded())
}

pub(super) fn take_up(slice: &mut Slice, take_up: &TakeUp, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, &take_up.request, ids, now).ok_or(Refused::Unknown)?;
    if change.view().request.integrator != take_up.client {
        return Err(Refused::Unknown);
    }
    if take_up_approval(&mut change) { Ok(change.done()) } else { Ok(change.view().clone()) }
}

/// From here on the approval lives until its own end. Says whether that was news.
pub(super) fn take_up_approval(change: &mut Change<'_>) -> bool {
    let now = change.now;
    let Some(mut approval) = change.view().approval.clone() else { return false };
    if !approval.take_up(now) {
        return false;
    }
    change.log(Event {
        kind: Kind::ApprovalTakenUp,
        actor: change.view().request.integrator.to_string(),
        facts: facts(json!({ "approval": approval.id })),
        payload: json!({}).into(),
    });
    let request = change.view().request.id.clone();
    change.effects().approvals.insert(request, approval.clone());
    change.loaded.view.approval = Some(approval);
    true
}
