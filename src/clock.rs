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
}

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
        Self { source, offset_us: Arc::default(), floor_us }
    }

    /// The present instant, in whole microseconds.
    pub fn now(&self) -> Timestamp {
        let at_us = self.raw_us().max(self.floor_us.load(Ordering::SeqCst));
        Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::MAX)
    }

    /// Moves time forward: for tests and for the demo's clock buttons.
    pub fn advance(&self, by: SignedDuration) {
        let us = i64::try_from(by.as_micros()).unwrap_or(0);
        self.offset_us.fetch_add(us, Ordering::SeqCst);
    }

    /// Never answer anything earlier than this again.
    pub fn raise_floor(&self, at_us: i64) {
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
