//! A press counts once, however often it comes: a platform sends again what was not acknowledged,
//! and whoever has overheard a signed body can send it too. The mark is written in the transaction
//! of what the press did: there is no commit more, and no mark without its vote. It keeps what was
//! answered, for whoever sends again may never have heard it.

use countersign_port::access::RefusalKind;
use jiff::{SignedDuration, Timestamp};

use super::{
    Refused, Reply,
    effects::Judged,
    renew::{self, Renew},
    review::{self, SignOff},
    slice::Slice,
    turn_away::{self, TurnAway},
    vote::{self, Vote},
};
use crate::domain::{id::RequestId, ids::Ids};

/// Longer than a signed body is let in: five minutes before its time stamp and five after it.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(15);

/// Judges a vote, or answers as it was answered before and changes nothing.
pub(super) fn vote(slice: &mut Slice, press: &Vote, ids: &mut Ids, now: Timestamp) -> Reply {
    match before(slice, press.once.as_deref(), &press.request) {
        Some(Err(Refused::Vote(RefusalKind::WrongNumber))) => {
            return Err(Refused::WrongNumber { left: vote::tries_left(slice, press) });
        }
        Some(reply) => return reply,
        None => {}
    }
    let reply = vote::vote(slice, press, ids, now);
    judged(slice, press.once.as_deref(), &reply, now);
    reply
}

/// Takes the word of a reviewer, or answers as it was answered before and changes nothing.
pub(super) fn review(slice: &mut Slice, sign: &SignOff, ids: &mut Ids, now: Timestamp) -> Reply {
    if let Some(reply) = before(slice, sign.once.as_deref(), &sign.request) {
        return reply;
    }
    let reply = review::sign_off(slice, sign, ids, now);
    judged(slice, sign.once.as_deref(), &reply, now);
    reply
}

/// Asks again for what came to nothing, or answers as it was answered before.
pub(super) fn renew(slice: &mut Slice, press: Renew, ids: &mut Ids, now: Timestamp) -> Reply {
    if let Some(reply) = before(slice, press.once.as_deref(), &press.request) {
        return reply;
    }
    let (once, in_vain) = (press.once.clone(), press.in_vain());
    let reply = renew::renew(slice, press, ids, now);
    match &reply {
        Ok(_) => mark(slice, once.as_deref(), None, now),
        Err(Refused::Unknown) => {}
        Err(_) => {
            turn_away(slice, &in_vain, ids, now)?;
        }
    }
    reply
}

/// Writes a press down that is turned away, once.
pub(super) fn turn_away(
    slice: &mut Slice,
    press: &TurnAway,
    ids: &mut Ids,
    now: Timestamp,
) -> Reply {
    if press.once.as_ref().is_some_and(|once| slice.presses.contains_key(once)) {
        return slice.view(&press.request);
    }
    let reply = turn_away::turn_away(slice, press, ids, now);
    if reply.is_ok() {
        mark(slice, press.once.as_deref(), Some(press.why), now);
    }
    reply
}

/// What a press was answered when it came first.
fn before(slice: &Slice, once: Option<&str>, request: &RequestId) -> Option<Reply> {
    match slice.presses.get(once?)? {
        None => Some(slice.view(request)),
        Some(why) => Some(Err(Refused::Vote(*why))),
    }
}

/// Marks a press with what it was answered, unless nothing was judged.
fn judged(slice: &mut Slice, once: Option<&str>, reply: &Reply, now: Timestamp) {
    match reply {
        Ok(_) => mark(slice, once, None, now),
        Err(Refused::Vote(why)) => mark(slice, once, Some(*why), now),
        Err(Refused::WrongNumber { .. }) => {
            mark(slice, once, Some(RefusalKind::WrongNumber), now);
        }
        Err(_) => {}
    }
}

fn mark(slice: &mut Slice, once: Option<&str>, refused: Option<RefusalKind>, now: Timestamp) {
    let Some(once) = once else { return };
    let until = now.checked_add(REMEMBERED).unwrap_or(Timestamp::MAX);
    slice.presses.insert(once.to_owned(), refused);
    slice.effects.presses.insert(once.to_owned(), Judged { refused, until });
}
