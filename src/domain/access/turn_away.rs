//! Write down a press that cannot become a vote: by an account of nobody that is known, by a guest,
//! by another company, or too late for its form. Nothing but the log changes.

use countersign_port::access::{Identity, RefusalKind};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, account, facts},
    slice::Slice,
};
use crate::domain::{
    audit::{Event, Kind},
    id::{PersonId, RequestId},
    ids::Ids,
};

/// The actor of an entry about an account that belongs to nobody who is known.
const NOBODY: &str = "unknown";

/// Who pressed what, and why it cannot count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnAway {
    pub request: RequestId,
    pub item: usize,
    /// The step that the button was drawn for.
    pub step: usize,
    pub by: Identity,
    /// Whose account it is, if anybody's.
    pub person: Option<PersonId>,
    pub why: RefusalKind,
    pub payload_sha256: String,
    /// What the press is known by if it comes again.
    pub once: Option<String>,
}

pub(super) fn turn_away(
    slice: &mut Slice,
    press: &TurnAway,
    ids: &mut Ids,
    now: Timestamp,
) -> Reply {
    let mut change = Change::of(slice, &press.request, ids, now).ok_or(Refused::Unknown)?;
    change.log(Event {
        kind: Kind::VoteRefused,
        actor: press.person.as_ref().map_or(NOBODY, PersonId::as_str).to_owned(),
        facts: facts(json!({
            "item": press.item,
            "step": press.step,
            "why": press.why,
            "payload_sha256": press.payload_sha256,
        })),
        payload: json!({ "account": account(&press.by) }).into(),
    });
    Ok(change.recorded())
}
