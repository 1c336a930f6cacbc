//! Time and randomness: the only callers of the system's. Everything else takes them as arguments.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use rand::{RngCore, SeedableRng, rngs::StdRng};

use crate::domain::ids::Seed;

/// The clock of one process. Never runs backwards past the highest instant that it was shown, so
/// that a clock that is set back un-expires nothing.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    offset_us: Arc<AtomicI64>,
    floor_us: Arc<AtomicI64>,
    /// How much of what the source says is not to be believed.
    ahead_us: Arc<AtomicI64>,
    doubt: Arc<Mutex<Option<Doubt>>>,
}

/// Why this clock cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It is ahead of the database server's.
    Ahead,
    /// Somebody has acted on a time that the database server's has yet to come to.
    ActedAhead,
}

/// Clocks that are further apart do not tell the same time.
pub const AGREEMENT_US: i64 = 60_000_000;

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    Frozen(Timestamp),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// A clock that stands still until it is advanced.
    pub fn frozen(at: Timestamp) -> Self {
        Self::of(Source::Frozen(at))
    }

    fn of(source: Source) -> Self {
        let floor_us = Arc::new(AtomicI64::new(i64::MIN));
        Self {
            source,
            offset_us: Arc::default(),
            floor_us,
            ahead_us: Arc::default(),
            doubt: Arc::default(),
        }
    }

    /// Whether it runs by itself: one that stands still cannot be held against another.
    pub fn runs(&self) -> bool {
        matches!(self.source, Source::System)
    }

    /// Holds what the source said, `raw_us`, and the latest instant that anybody acted on against
    /// the time that a database server had just after, if there is one.
    ///
    /// INVARIANT: one clock that is wrong moves nobody's time by more than what clocks may be apart.
    pub fn judge(&self, raw_us: i64, acted_us: i64, server_us: Option<i64>) -> Option<Doubt> {
        let latest_us = server_us.map_or(i64::MAX, |at_us| at_us.saturating_add(AGREEMENT_US));
        let ahead_us = raw_us.saturating_sub(latest_us).max(0);
        self.ahead_us.store(ahead_us, Ordering::SeqCst);
        self.raise_floor(acted_us.min(latest_us));
        let doubt = match (ahead_us, acted_us > latest_us) {
            (1.., _) => Some(Doubt::Ahead),
            (_, true) => Some(Doubt::ActedAhead),
            (_, false) => None,
        };
        *self.doubt.lock().unwrap_or_else(PoisonError::into_inner) = doubt;
        doubt
    }

    /// What was found when the clocks were compared last.
    pub fn doubt(&self) -> Option<Doubt> {
        *self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present instant, in whole microseconds.
    pub fn now(&self) -> Timestamp {
        let believed_us = self.raw_us().saturating_sub(self.ahead_us.load(Ordering::SeqCst));
        let at_us = believed_us.max(self.floor_us.load(Ordering::SeqCst));
        Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::MAX)
    }

    /// Moves time forward: for tests and for the demo's clock buttons.
    pub fn advance(&self, by: SignedDuration) {
        let us = i64::try_from(by.as_micros()).unwrap_or(0);
        self.offset_us.fetch_add(us, Ordering::SeqCst);
    }

    /// Never answer anything earlier than this again.
    fn raise_floor(&self, at_us: i64) {
        self.floor_us.fetch_max(at_us, Ordering::SeqCst);
    }

    /// What the source says, whatever the floor is.
    pub fn raw_us(&self) -> i64 {
        let base = match self.source {
            Source::System => system_now(),
            Source::Frozen(at) => at,
        };
        base.as_microsecond().saturating_add(self.offset_us.load(Ordering::SeqCst))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// Where seeds come from.
#[derive(Debug, Clone)]
pub struct Seeds(Arc<Mutex<StdRng>>);

impl Seeds {
    /// Seeds from the system's randomness.
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(StdRng::from_os_rng())))
    }

    /// The same seeds in every run: for tests.
    pub fn fixed(number: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(number))))
    }

    /// A fresh seed.
    pub fn seed(&self) -> Seed {
        let mut bytes = [0; 32];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        Seed(bytes)
    }

    /// Fresh bytes for a cipher.
    pub fn nonce(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A number from 0 up to 1, for jitter.
    pub fn fraction(&self) -> f64 {
        let number = self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u32();
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-11-22T12:00:00Z";
    const MINUTES_US: i64 = 60_000_000;

    fn judged(here: i64, acted: i64, server: Option<i64>) -> (Option<Doubt>, i64) {
        let clock = Clock::frozen(NOON.parse().unwrap());
        let noon_us = clock.raw_us();
        clock.advance(SignedDuration::from_mins(here));
        let at_us = |minutes: i64| noon_us + minutes * MINUTES_US;
        let doubt = clock.judge(clock.raw_us(), at_us(acted), server.map(at_us));
        (doubt, (clock.now().as_microsecond() - noon_us) / MINUTES_US)
    }

    #[test]
    fn a_clock_that_was_set_back_stands_where_somebody_has_acted() {
        assert_eq!(judged(0, 30, None), (None, 30), "there is no other clock to ask");
        assert_eq!(judged(0, 1, Some(0)), (None, 1));
    }

    #[test]
    fn a_clock_that_is_ahead_of_the_servers_is_believed_for_a_minute() {
        assert_eq!(judged(1, 0, Some(0)), (None, 1));
        assert_eq!(judged(90, 0, Some(0)), (Some(Doubt::Ahead), 1));
        assert_eq!(judged(0, 0, Some(90)), (None, 0), "behind is not ahead");
    }

    #[test]
    fn a_time_that_has_yet_to_come_moves_the_clock_by_a_minute() {
        assert_eq!(judged(0, 90, Some(0)), (Some(Doubt::ActedAhead), 1));
        assert_eq!(judged(90, 90, Some(0)), (Some(Doubt::Ahead), 1));
    }
}
