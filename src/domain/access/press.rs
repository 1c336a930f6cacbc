//! A press counts once, however often it comes: a platform sends again what was not acknowledged,
//! and whoever has overheard a signed body can send it too. The mark is written in the transaction
//! of what the press did: there is no commit more, and no mark without its vote.

use countersign_port::access::RefusalKind;
use jiff::{SignedDuration, Timestamp};

use super::{Act, Refused, Reply, slice::Slice, vote::Vote};

/// Longer than a signed body is let in: five minutes before its time stamp and five after it.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(15);

/// The answer to a press that was judged before, which changes nothing. One that is new is marked.
pub(super) fn answered(slice: &mut Slice, act: &Act, now: Timestamp) -> Option<Reply> {
    let press = act.press()?;
    let view = &slice.requests.get(act.locks()?)?.view;
    if slice.presses.insert(press.to_owned()) {
        let until = now.checked_add(REMEMBERED).unwrap_or(Timestamp::MAX);
        slice.effects.presses.insert(press.to_owned(), until);
        return None;
    }
    let counted = |vote: &Vote| {
        let mut votes = view.votes.iter();
        votes.any(|old| old.evidence.payload_sha256 == vote.payload_sha256)
    };
    if let Act::Vote(vote) = act
        && !counted(vote)
    {
        return Some(Err(Refused::Vote(RefusalKind::Repeated)));
    }
    Some(Ok(view.clone()))
}
