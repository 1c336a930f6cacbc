//! Open a request: plan, cards, audit entry and idempotency key in one change.

use std::sync::Arc;

use countersign_port::access::Identity;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Refused, Reply,
    change::{Change, facts},
    effects::{Key, NewDelegation},
    slice::{Loaded, Slice},
};
use crate::domain::{
    audit::{Event, Kind, Payload, Sealed},
    id::{ClientId, RequestId},
    ids::Ids,
    plan::Plan,
    request::AccessRequest,
};

/// A request, checked and planned, that is to be stored.
#[derive(Debug, Clone)]
pub struct Open {
    pub request: Arc<AccessRequest>,
    /// One plan for each item.
    pub plans: Arc<Vec<Plan>>,
    /// Both as they are stored, made before the batch: it may run more than once.
    sealed: Arc<Sealed>,
    pub key: Option<KeyUse>,
    /// How many requests this client may have pending.
    pub pending_limit: Option<u64>,
    /// Where the requester is shown how it stands, if they are.
    pub requester: Option<Identity>,
    /// The server that waits for the decision, if one has handed it over.
    pub delegation: Option<NewDelegation>,
}

impl Open {
    pub fn new(
        request: AccessRequest,
        plans: Vec<Plan>,
        key: Option<KeyUse>,
        pending_limit: Option<u64>,
    ) -> Self {
        let sealed = Arc::new(Sealed::new(&request, &plans));
        Self {
            request: Arc::new(request),
            plans: Arc::new(plans),
            sealed,
            key,
            pending_limit,
            requester: None,
            delegation: None,
        }
    }

    /// Shows the requester at this account how it stands.
    #[must_use]
    pub fn showing(self, requester: Option<Identity>) -> Self {
        Self { requester, ..self }
    }

    /// The same with a server that waits for the decision.
    #[must_use]
    pub fn delegated(self, delegation: NewDelegation) -> Self {
        Self { delegation: Some(delegation), ..self }
    }
}

/// An idempotency key and the body that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    pub key: String,
    /// SHA-256 of the canonical body, in hexadecimal.
    pub body_sha256: String,
}

pub(super) fn open(slice: &mut Slice, open: Open, ids: &mut Ids, now: Timestamp) -> Reply {
    let key = open.key.as_ref();
    if let Some(reply) = key.and_then(|key| seen_before(slice, &open.request.integrator, key)) {
        return reply;
    }
    let client = open.request.integrator.clone();
    let pending = slice.pending.entry(client.clone()).or_default();
    if let Some(limit) = open.pending_limit.filter(|limit| *pending >= *limit) {
        return Err(Refused::TooManyPending { limit });
    }
    *pending += 1;
    let request = open.request.id.clone();
    let event = opened(&open);
    if let Some(key) = open.key {
        remember(slice, client, key, request.clone());
    }
    let number = two_digits(ids);
    slice.requests.insert(request.clone(), Loaded::new(open.request, open.plans, number));
    slice.effects.opened.push((request.clone(), open.sealed));
    let mut change = Change::of(slice, &request, ids, now).ok_or(Refused::Unknown)?;
    change.log(event);
    if let Some(delegation) = open.delegation {
        change.wait(delegation);
    }
    change.settle();
    if let Some(account) = open.requester.filter(|_| change.view().outcome.is_none()) {
        change.show_requester(&account);
    }
    Ok(change.done())
}

/// The answer that the same key had before.
pub(super) fn seen_before(slice: &Slice, client: &ClientId, key: &KeyUse) -> Option<Reply> {
    let (request, body_sha256) = slice.keys.get(&(client.clone(), key.key.clone()))?;
    if *body_sha256 != key.body_sha256 {
        return Some(Err(Refused::KeyReused));
    }
    Some(slice.requests.get(request).map(|loaded| loaded.view.clone()).ok_or(Refused::Unknown))
}

/// Notes that a key was used for a request.
pub(super) fn remember(slice: &mut Slice, client: ClientId, key: KeyUse, request: RequestId) {
    let KeyUse { key, body_sha256 } = key;
    slice.keys.insert((client.clone(), key.clone()), (request.clone(), body_sha256.clone()));
    slice.effects.keys.push(Key { client, key, request, body_sha256 });
}

/// 10 to 99, so that it always has two digits.
fn two_digits(ids: &mut Ids) -> u8 {
    let [first, second, ..] = ids.bytes();
    let number = u16::from_be_bytes([first, second]) % 90 + 10;
    u8::try_from(number).unwrap_or(10)
}

fn opened(open: &Open) -> Event {
    let digest = |text: &str| hex::encode(Sha256::digest(text));
    let rules: Vec<&[String]> = open.plans.iter().map(|plan| plan.rules.as_slice()).collect();
    let policy = open.plans.first().map(|plan| plan.policy_sha256.as_str());
    Event {
        kind: Kind::RequestOpened,
        actor: open.request.integrator.to_string(),
        facts: facts(json!({
            "request_sha256": digest(&open.sealed.request),
            "plan_sha256": digest(&open.sealed.plans),
            "policy_sha256": policy,
            "rules": rules,
        })),
        payload: Payload::Opened(Arc::clone(&open.sealed)),
    }
}
