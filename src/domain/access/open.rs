//! Open a request: plan, cards, audit entry and idempotency key in one change.

use std::{collections::BTreeMap, sync::Arc};

use countersign_port::access::Identity;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Refused, Reply,
    change::{Change, facts},
    effects::{Judged, Key, NewDelegation},
    share::{self, Host, Sharing},
    slice::{Loaded, Slice, View},
};
use crate::domain::{
    audit::{Event, Kind, Payload, Sealed},
    brake::{self, Brake, Counted, Held, Mark},
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
    /// What is good for one request only: the denials that it answers, the challenge that it is
    /// about.
    pub once: BTreeMap<String, Once>,
    /// What others must have alike to share its card, made before the batch as well.
    pub same: Option<String>,
}

impl Open {
    pub fn new(
        request: AccessRequest,
        plans: Vec<Plan>,
        key: Option<KeyUse>,
        pending_limit: Option<u64>,
    ) -> Self {
        let sealed = Arc::new(Sealed::new(&request, &plans));
        let same = share::same(&request, &plans);
        Self {
            request: Arc::new(request),
            plans: Arc::new(plans),
            sealed,
            key,
            pending_limit,
            requester: None,
            delegation: None,
            once: BTreeMap::new(),
            same,
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

    /// What may hold it back, each with the name that it is counted under.
    pub fn brakes(&self) -> impl Iterator<Item = (String, &Brake)> {
        brake::of(&self.request, &self.plans)
    }
}

/// Something that is good for one request, and until when that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    pub what: Proof,
    pub until: Timestamp,
}

/// What is good for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Denial,
    Challenge,
}

/// An idempotency key and the body that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    pub key: String,
    /// SHA-256 of the canonical body, in hexadecimal.
    pub body_sha256: String,
}

pub(super) fn open(slice: &mut Slice, mut open: Open, ids: &mut Ids, now: Timestamp) -> Reply {
    // Opened by this very command, in a run of which nobody heard the end.
    if let Ok(opened) = slice.view(&open.request.id) {
        return Ok(opened);
    }
    let key = open.key.as_ref();
    if let Some(reply) = key.and_then(|key| seen_before(slice, &open.request.integrator, key)) {
        return reply;
    }
    if let Some(spent) = open.once.iter().find(|(mark, _)| slice.presses.contains_key(*mark)) {
        return Err(Refused::Spent(spent.1.what));
    }
    if let Some((name, held)) = held_back(slice, &open, now) {
        note(slice, &open, (&name, &held), ids);
        return Err(Refused::HeldBack(Box::new(held)));
    }
    let client = open.request.integrator.clone();
    let pending = slice.pending.entry(client.clone()).or_default();
    if let Some(limit) = open.pending_limit.filter(|limit| *pending >= *limit) {
        return Err(Refused::TooManyPending { limit });
    }
    *pending += 1;
    count(slice, &open, now);
    for (mark, once) in &open.once {
        slice.presses.insert(mark.clone(), None);
        slice.effects.presses.insert(mark.clone(), Judged { refused: None, until: once.until });
    }
    if let Some(key) = open.key.take() {
        remember(slice, client, key, open.request.id.clone());
    }
    let host = open.same.as_deref().map_or(Host::Over, |same| share::host(slice, same, now));
    match host {
        Host::Waits(view) => {
            let view = view.clone();
            wait(slice, open, &view, ids, now)
        }
        Host::None => ask(slice, open, ids, now),
        Host::Over => ask(slice, Open { same: None, ..open }, ids, now),
    }
}

/// Asks people, or writes down what needs nobody.
fn ask(slice: &mut Slice, open: Open, ids: &mut Ids, now: Timestamp) -> Reply {
    let number = two_digits(ids);
    let sharing = Sharing { same: open.same.clone(), ..Sharing::default() };
    let mut change = begin(slice, &open, (number, sharing), ids, now).ok_or(Refused::Unknown)?;
    if let Some(delegation) = open.delegation {
        change.wait(delegation);
    }
    change.settle();
    if let Some(account) = open.requester.filter(|_| change.view().outcome.is_none()) {
        change.show_requester(&account);
    }
    Ok(change.done())
}

/// Waits with another that asks for the very same, under its plan and number: what is asked on one
/// card ends at one time.
fn wait(slice: &mut Slice, open: Open, host: &View, ids: &mut Ids, now: Timestamp) -> Reply {
    share::ask_again(slice, &host.request.id, &open.request, ids, now);
    let plans = Arc::clone(&host.plans);
    let sealed = Arc::new(Sealed::new(&open.request, &plans));
    let open = Open { plans, sealed, ..open };
    let sharing = Sharing { card_of: Some(host.request.id.clone()), ..Sharing::default() };
    let begun = begin(slice, &open, (host.number, sharing), ids, now);
    let mut change = begun.ok_or(Refused::Unknown)?;
    if let Some(delegation) = open.delegation {
        change.wait(delegation);
    }
    share::copy_votes(&mut change, host);
    Ok(change.done())
}

/// Stores a request, and writes down that it was opened.
fn begin<'a>(
    slice: &'a mut Slice,
    open: &Open,
    (number, sharing): (u8, Sharing),
    ids: &'a mut Ids,
    now: Timestamp,
) -> Option<Change<'a>> {
    let event = opened(open, sharing.card_of.as_ref());
    let mut loaded = Loaded::new(Arc::clone(&open.request), Arc::clone(&open.plans), number);
    loaded.view.sharing = sharing;
    let id = &open.request.id;
    slice.requests.insert(id.clone(), loaded);
    slice.effects.opened.push((id.clone(), Arc::clone(&open.sealed)));
    let mut change = Change::of(slice, id, ids, now)?;
    change.log(event);
    Some(change)
}

/// Whatever holds this request back, for the longest time; and the name under which it is counted.
fn held_back(slice: &Slice, open: &Open, now: Timestamp) -> Option<(String, Held)> {
    let held = open.brakes().filter_map(|(name, brake)| {
        let held = brake.held(slice.marks.get(&name)?, now)?;
        Some((name, held))
    });
    held.max_by_key(|(_, held)| held.until)
}

/// The first refusal of each time is written down where those look who said no: at the request that
/// was counted last. Whoever is refused all day long fills no log.
fn note(slice: &mut Slice, open: &Open, (name, held): (&str, &Held), ids: &mut Ids) {
    let noted = slice.marks.entry(brake::noted(name)).or_default();
    if noted.iter().any(|mark| mark.request == held.last.request) {
        return;
    }
    let mark = Mark { at: held.at, request: held.last.request.clone() };
    noted.push(mark.clone());
    let Some(mut change) = Change::of(slice, &held.last.request, ids, held.at) else { return };
    change.log(Event {
        kind: Kind::RequestRefused,
        actor: open.request.integrator.to_string(),
        facts: facts(json!({
            "why": held.why(),
            "guardrail": held.brake.guardrail,
            "until": held.until,
            "request_sha256": hex::encode(Sha256::digest(&open.sealed.request)),
        })),
        payload: json!({}).into(),
    });
    change.effects().marks.insert((brake::noted(name), mark.at, mark.request));
    change.done();
}

/// Counts a request against the quotas that it falls under. Several items that one of them applies
/// to are one request.
fn count(slice: &mut Slice, open: &Open, now: Timestamp) {
    for (name, _) in open.brakes().filter(|(_, brake)| brake.counts == Counted::Requests) {
        let mark = Mark { at: now, request: open.request.id.clone() };
        slice.effects.marks.insert((name.clone(), now, mark.request.clone()));
        let marks = slice.marks.entry(name).or_default();
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
}

/// The answer that the same key had before.
pub(super) fn seen_before(slice: &Slice, client: &ClientId, key: &KeyUse) -> Option<Reply> {
    let (request, body_sha256) = slice.keys.get(&(client.clone(), key.key.clone()))?;
    if *body_sha256 != key.body_sha256 {
        return Some(Err(Refused::KeyReused));
    }
    Some(slice.view(request))
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

fn opened(open: &Open, card_of: Option<&RequestId>) -> Event {
    let digest = |text: &str| hex::encode(Sha256::digest(text));
    let rules: Vec<&[String]> = open.plans.iter().map(|plan| plan.rules.as_slice()).collect();
    let policy = open.plans.first().map(|plan| plan.policy_sha256.as_str());
    let mut facts = facts(json!({
        "request_sha256": digest(&open.sealed.request),
        "plan_sha256": digest(&open.sealed.plans),
        "policy_sha256": policy,
        "rules": rules,
    }));
    if let Some(host) = card_of {
        facts.insert("card_of".to_owned(), json!(host));
    }
    if let Some(old) = &open.request.renews {
        facts.insert("renews".to_owned(), json!(old));
    }
    Event {
        kind: Kind::RequestOpened,
        actor: open.request.integrator.to_string(),
        facts,
        payload: Payload::Opened(Arc::clone(&open.sealed)),
    }
}
