//! Ask again for what came to nothing: a new request with the same content, opened like any other.
//! Of several presses the first opens it, and all give the same.

use countersign_port::{
    access::{Identity, RefusalKind},
    text::Untrusted,
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, account, facts},
    open::{self, Open},
    slice::Slice,
    turn_away::TurnAway,
};
use crate::domain::{
    audit::{Event, Kind},
    id::{PersonId, RequestId},
    ids::Ids,
    renewal,
};

/// Who asks again for which request, and what is opened for it.
#[derive(Debug, Clone)]
pub struct Renew {
    /// The request that came to nothing.
    pub request: RequestId,
    /// The item whose card was pressed.
    pub item: usize,
    /// Whoever asked.
    pub person: PersonId,
    pub name: Untrusted,
    pub by: Identity,
    pub payload_sha256: String,
    /// What the press is known by if it comes again.
    pub once: Option<String>,
    /// The same once more, planned by the law in force.
    pub open: Open,
}

impl Renew {
    /// The press, where nothing comes of it.
    pub(super) fn in_vain(&self) -> TurnAway {
        TurnAway {
            request: self.request.clone(),
            item: self.item,
            step: 0,
            by: self.by.clone(),
            person: Some(self.person.clone()),
            why: RefusalKind::NotRenewed,
            payload_sha256: self.payload_sha256.clone(),
            once: self.once.clone(),
        }
    }
}

/// INVARIANT: the old request is locked, and keeps the one that asks for it again: there is never a
/// second.
pub(super) fn renew(slice: &mut Slice, renew: Renew, ids: &mut Ids, now: Timestamp) -> Reply {
    let old = &slice.requests.get(&renew.request).ok_or(Refused::Unknown)?.view;
    if old.renewed_by.is_some() {
        return Ok(old.clone());
    }
    if !renewal::is_open(old) {
        return Err(Refused::Vote(RefusalKind::NotRenewed));
    }
    let new = renew.open.request.id.clone();
    let event = renewed(&renew, &new);
    open::open(slice, renew.open, ids, now)?;
    let mut change = Change::of(slice, &renew.request, ids, now).ok_or(Refused::Unknown)?;
    change.log(event);
    change.loaded.view.renewed_by = Some(new);
    Ok(change.done())
}

fn renewed(renew: &Renew, new: &RequestId) -> Event {
    Event {
        kind: Kind::RequestRenewed,
        actor: renew.person.to_string(),
        facts: facts(json!({
            "item": renew.item,
            "request": new,
            "payload_sha256": renew.payload_sha256,
        })),
        payload: json!({ "account": account(&renew.by), "name": renew.name }).into(),
    }
}
