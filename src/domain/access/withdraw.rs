//! Take cards back from a channel where they are of no use, and ask elsewhere at once: where the
//! plan would have escalated to in the end. A level: done twice, it does nothing the second time.

use countersign_port::access::Loss;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, SYSTEM, facts},
    effects::Withdrawn,
    slice::Slice,
};
use crate::domain::{
    audit::{Event, Kind},
    id::RequestId,
    ids::Ids,
};

/// The cards of a request in one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdraw {
    pub request: RequestId,
    pub platform: String,
    pub address: String,
    pub why: Loss,
}

pub(super) fn withdraw(slice: &mut Slice, lost: &Withdraw, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, &lost.request, ids, now).ok_or(Refused::Unknown)?;
    let here = |card: &&(usize, String, String)| card.1 == lost.platform && card.2 == lost.address;
    let cards = change.loaded.cards.difference(&change.loaded.withdrawn).filter(here);
    let cards: Vec<_> = cards.cloned().collect();
    if change.view().outcome.is_some() || cards.is_empty() {
        return Ok(change.view().clone());
    }
    for card in cards {
        let (item, platform, address) = card.clone();
        change.log(Event {
            kind: Kind::CardWithdrawn,
            actor: SYSTEM.to_owned(),
            facts: facts(json!({ "item": item, "why": lost.why })),
            payload: json!({ "platform": platform, "address": address }).into(),
        });
        let request = lost.request.clone();
        let row = Withdrawn { request, item, platform, address, why: lost.why, due_at: now };
        change.effects().withdrawn.push(row);
        change.loaded.withdrawn.insert(card);
    }
    change.settle();
    // It may have ended by this, or before anybody noticed.
    if change.view().outcome.is_some() { Ok(change.done()) } else { Ok(change.recorded()) }
}
