//! The very same, asked again while it still waits: nobody is shown a second card. The request
//! shares the card of the first, and each of its votes and its end are those of the first as well.
//! What a client does once for each yes is never shared: one yes would be good for two of it. Nor
//! is what has to be reviewed: each emergency is looked at for itself.

mod alike;

use jiff::Timestamp;
use serde_json::json;

use self::alike::Alike;
use super::{
    change::{Change, SYSTEM, facts},
    recheck,
    slice::{Slice, View},
    vote,
};
use crate::domain::{
    audit::{Event, Kind},
    id::RequestId,
    ids::Ids,
    plan::Plan,
    request::{AccessRequest, Item, Part},
};

/// So many share a card with its first request. Each click is written for all of them at once.
pub const MOST: i64 = 32;

/// Whose card a request shares, and who shares its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sharing {
    /// A digest of what it asks, and of whom, where others may share its card.
    pub same: Option<String>,
    /// The request whose card it shares.
    pub card_of: Option<RequestId>,
    /// How many have shared its card.
    pub asked_again: i64,
}

/// What two requests must have alike to share a card: all that people are shown, and all that says
/// who decides and for how long. `None` where a card is for one request alone.
pub fn same(request: &AccessRequest, plans: &[Plan]) -> Option<String> {
    let mut parts = request.items.iter().flat_map(Item::parts);
    let is_reviewed = plans.iter().any(|plan| plan.review.is_some());
    let is_once = is_reviewed
        || request.credential.is_some()
        || !parts.all(|part| matches!(part, Part::Scope(_)));
    if is_once || plans.iter().all(Plan::is_pre_approved) {
        return None;
    }
    Some(Alike::of(request, plans).digest())
}

/// The request that asks for the same and still waits, with a card that hangs somewhere. One that is
/// over and not yet written down as over does not wait.
pub(super) fn host<'a>(slice: &'a Slice, same: &str, now: Timestamp) -> Host<'a> {
    // One that was over before this batch stands in nobody's way: it is loaded where it is asked for
    // again.
    let was_over = |view: &View| {
        view.outcome.is_some() && !slice.effects.outcomes.contains_key(&view.request.id)
    };
    let mut all = slice.requests.values().filter(|one| !was_over(&one.view));
    let Some(found) = all.find(|one| one.view.sharing.same.as_deref() == Some(same)) else {
        return Host::None;
    };
    // Where every card was taken back there is none to share, and anew it may be posted.
    let hangs = found.cards.difference(&found.withdrawn).next().is_some();
    let has_room = found.view.sharing.asked_again < MOST;
    let waits = found.view.outcome.is_none() && now < found.view.expires_at();
    if hangs && has_room && waits { Host::Waits(&found.view) } else { Host::Over }
}

/// Whether a card can be shared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host<'a> {
    /// Nobody asks for the same: others may share its own.
    None,
    Waits(&'a View),
    /// There is one, and its card is of no use.
    Over,
}

/// Notes at a request that it was asked for again; its card says so.
pub(super) fn ask_again(
    slice: &mut Slice,
    host: &RequestId,
    guest: &AccessRequest,
    ids: &mut Ids,
    now: Timestamp,
) {
    let Some(mut change) = Change::of(slice, host, ids, now) else { return };
    change.loaded.view.sharing.asked_again += 1;
    change.log(Event {
        kind: Kind::AskedAgain,
        actor: guest.integrator.to_string(),
        facts: facts(json!({ "request": guest.id })),
        payload: json!({}).into(),
    });
    change.done();
}

/// Whatever became of a request becomes of those that share its card.
pub(super) fn follow(slice: &mut Slice, host: &RequestId, ids: &mut Ids, now: Timestamp) {
    let Some(loaded) = slice.requests.get(host) else { return };
    if loaded.view.sharing.asked_again == 0 {
        return;
    }
    let view = loaded.view.clone();
    let guests: Vec<RequestId> = slice
        .requests
        .values()
        .filter(|guest| guest.view.sharing.card_of.as_ref() == Some(host))
        .filter(|guest| guest.view.outcome.is_none())
        .map(|guest| guest.view.request.id.clone())
        .collect();
    for guest in guests {
        let Some(change) = Change::of(slice, &guest, ids, now) else { continue };
        go_along(change, &view);
    }
}

fn go_along(mut change: Change<'_>, host: &View) {
    let is_news = copy_votes(&mut change, host);
    match &host.outcome {
        None if !is_news => return,
        None => {}
        Some(outcome) if outcome.withdrawal.is_some() => ask_alone(&mut change, host),
        Some(outcome) => change.finish(outcome.clone()),
    }
    change.done();
}

/// Counts the votes of the shared card here too. Says whether there were any.
pub(super) fn copy_votes(change: &mut Change<'_>, host: &View) -> bool {
    let mut is_news = false;
    for vote in &host.votes {
        let mut votes = change.view().votes.iter();
        let old = votes.find(|old| (old.item, &old.person) == (vote.item, &vote.person)).cloned();
        if old.as_ref() == Some(vote) {
            continue;
        }
        is_news = true;
        if old.is_none_or(|old| old.cast_at != vote.cast_at) {
            change.log(vote::counted(vote));
        }
        if vote.struck.is_some() {
            change.log(recheck::struck(vote));
        }
        change.keep(vote.clone());
    }
    is_news
}

/// The one that it shared a card with was withdrawn, and it was not: people are asked about it with
/// a card of its own. Whoever has approved it already still counts.
fn ask_alone(change: &mut Change<'_>, host: &View) {
    change.loaded.view.sharing.card_of = None;
    change.log(Event {
        kind: Kind::AskedAlone,
        actor: SYSTEM.to_owned(),
        facts: facts(json!({ "card_of": host.request.id })),
        payload: json!({}).into(),
    });
    change.settle();
}
