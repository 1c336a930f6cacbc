//! A server hands over a decision that its client has asked for already: it waits for the request
//! that is open, or is answered by the one that has ended. Nobody is asked twice.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, facts},
    effects::NewDelegation,
    open::{KeyUse, remember, seen_before},
    slice::{Slice, View},
};
use crate::domain::{
    audit::{Event, Kind},
    id::{ClientId, RequestId},
    ids::Ids,
};

/// Which server waits for which request, and for whom.
#[derive(Debug, Clone)]
pub struct Join {
    pub request: RequestId,
    /// The registered client.
    pub integrator: ClientId,
    /// The OAuth client and the subject, as the server knows them.
    pub client: String,
    pub subject: String,
    pub delegation: NewDelegation,
    pub key: KeyUse,
}

pub(super) fn join(slice: &mut Slice, join: Join, ids: &mut Ids, now: Timestamp) -> Reply {
    if let Some(reply) = seen_before(slice, &join.integrator, &join.key) {
        return reply;
    }
    let loaded = slice.requests.get(&join.request).ok_or(Refused::NotJoinable)?;
    if !is_the_same(&loaded.view, &join) {
        return Err(Refused::NotJoinable);
    }
    remember(slice, join.integrator.clone(), join.key, join.request.clone());
    let mut change = Change::of(slice, &join.request, ids, now).ok_or(Refused::Unknown)?;
    let Join { integrator, delegation, .. } = join;
    change.log(Event {
        kind: Kind::DelegationJoined,
        actor: integrator.to_string(),
        facts: facts(json!({
            "event": delegation.delegation.id,
            "connection": delegation.delegation.connection,
            "scopes": delegation.delegation.scopes,
        })),
        payload: json!({}).into(),
    });
    change.wait(delegation);
    Ok(change.recorded())
}

/// An approval is for one client and one subject, and for no more than was shown.
fn is_the_same(view: &View, join: &Join) -> bool {
    let request = &view.request;
    request.integrator == join.integrator
        && request.client.id == join.client
        && request.subject.id == join.subject
        && join.delegation.delegation.is_within(view)
}
