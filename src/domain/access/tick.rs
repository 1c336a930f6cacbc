//! Does whatever has come due: expires, escalates, lapses, calls a review overdue. A level, not an
//! event: run twice, it does nothing the second time.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, SYSTEM, facts},
    review,
    slice::Slice,
};
use crate::domain::{
    audit::{Event, Kind},
    id::RequestId,
    ids::Ids,
};

pub(super) fn tick(slice: &mut Slice, request: &RequestId, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, request, ids, now).ok_or(Refused::Unknown)?;
    if change.loaded.next_at.is_none_or(|due| due > now) {
        return Ok(change.view().clone());
    }
    if change.view().outcome.is_none() {
        change.settle();
        return Ok(change.done());
    }
    let has_lapsed = lapse(&mut change);
    let has_fallen_due = review::fall_due(&mut change);
    if has_lapsed || has_fallen_due { Ok(change.done()) } else { Ok(change.recorded()) }
}

fn lapse(change: &mut Change<'_>) -> bool {
    let now = change.now;
    let Some(mut approval) = change.view().approval.clone() else { return false };
    if !approval.lapse(now) {
        return false;
    }
    change.log(Event {
        kind: Kind::ApprovalLapsed,
        actor: SYSTEM.to_owned(),
        facts: facts(json!({ "approval": approval.id, "taken_up_at": approval.taken_up_at })),
        payload: json!({}).into(),
    });
    let request = change.view().request.id.clone();
    change.effects().approvals.insert(request, approval.clone());
    change.loaded.view.approval = Some(approval);
    change.call_back("approval.lapsed");
    true
}
