//! When a signing key signs, and how long it is published. Pure: keys and time are arguments.

use jiff::{SignedDuration, Timestamp};

use super::SigningKey;

/// A key signs for so long before another takes over.
const SIGNS_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Everybody has fetched a key before it signs.
const PUBLISHED_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The longest life of what is signed; credentials live for minutes, `approval.state` for so long.
pub const SIGNED_LIVES_S: i64 = 30 * 24 * 3600;

/// An old key is published until the last of what it signed is over, and a day for good measure.
const PUBLISHED_AFTER: SignedDuration = SignedDuration::from_secs(SIGNED_LIVES_S + 24 * 3600);

/// A key that is to be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) generation: i64,
    pub(super) signs_from: Timestamp,
}

/// The next key, when its time has come. Where there is none to sign with, it signs at once.
pub(super) fn due(keys: &[SigningKey], now: Timestamp) -> Option<Due> {
    let generation = keys.last().map_or(0, |newest| newest.generation) + 1;
    let mut usable = keys.iter().filter(|key| key.private.is_some());
    if !usable.any(|key| key.signs_from <= now) {
        return Some(Due { generation, signs_from: now });
    }
    let newest = keys.iter().rfind(|key| key.private.is_some())?;
    let takes_over = later(newest.signs_from, SIGNS_FOR);
    let is_time = later(now, PUBLISHED_AHEAD) >= takes_over;
    let signs_from = later(now, PUBLISHED_AHEAD);
    is_time.then_some(Due { generation, signs_from })
}

/// The keys that are shown to everybody.
pub(super) fn published(keys: &[SigningKey], now: Timestamp) -> impl Iterator<Item = &SigningKey> {
    let successors = keys.iter().skip(1).map(Some).chain([None]);
    keys.iter().zip(successors).filter_map(move |(key, successor)| {
        let is_good = successor.is_none_or(|next| later(next.signs_from, PUBLISHED_AFTER) > now);
        is_good.then_some(key)
    })
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
