//! A server that waited for a decision was answered, could not be, or may have been.

use countersign_port::delegation::Verdict;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, SYSTEM, facts},
    effects::{End, Settled},
    slice::Slice,
    told::take_up_approval,
};
use crate::domain::{
    audit::{Event, Kind},
    id::{EventId, RequestId},
    ids::Ids,
};

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub request: RequestId,
    pub event: EventId,
    pub verdict: Verdict,
    pub end: End,
    /// What the server said, if it did.
    pub status: Option<u16>,
    /// Why it is not delivered, or may not be.
    pub cause: Option<String>,
    pub attempt: i64,
    pub fence: i64,
}

pub(super) fn answered(
    slice: &mut Slice,
    answered: Answered,
    ids: &mut Ids,
    now: Timestamp,
) -> Reply {
    let mut change = Change::of(slice, &answered.request, ids, now).ok_or(Refused::Unknown)?;
    change.log(event(&answered));
    let is_done = answered.end == End::Done;
    change.effects().forgotten.push(answered.event.clone());
    change.effects().settled.push(Settled {
        event: answered.event,
        fence: answered.fence,
        end: answered.end,
        error: answered.cause,
    });
    if !is_done {
        return Ok(change.recorded());
    }
    change.loaded.view.told_at = change.view().told_at.or(Some(now));
    if answered.verdict == Verdict::Approved {
        take_up_approval(&mut change);
    }
    Ok(change.done())
}

fn event(answered: &Answered) -> Event {
    let kind = match answered.end {
        End::Done => Kind::CallbackDelivered,
        End::Dead => Kind::CallbackDead,
        End::Unknown => Kind::CallbackUnclear,
    };
    let facts = facts(json!({
        "event": answered.event,
        "verdict": answered.verdict,
        "status": answered.status,
        "attempt": answered.attempt,
    }));
    let payload = json!({ "cause": answered.cause }).into();
    Event { kind, actor: SYSTEM.to_owned(), facts, payload }
}
