//! One message a second in each channel, with a small burst: what chat products allow.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// One message for each interval.
const INTERVAL: Duration = Duration::from_secs(1);

/// So many may go out at once after a pause.
const BURST: u32 = 3;

/// So many are leased at once where nothing is paced.
const UNLIMITED: i64 = 64;

/// How fast cards go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// What chat products allow.
    Chat,
    /// As fast as they can be sent: for tests on a clock that stands still, and for benches.
    Unlimited,
}

/// The pace of every channel: the instant at which its allowance is whole again.
#[derive(Debug)]
pub(super) struct Paces {
    pace: Pace,
    whole_at: Mutex<HashMap<String, Instant>>,
}

impl Paces {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, whole_at: Mutex::default() }
    }

    /// Waits until the channel may have a message, and says how many it may have.
    pub(super) async fn take(&self, lane: &str) -> i64 {
        if self.pace == Pace::Unlimited {
            return UNLIMITED;
        }
        let whole_at = self.whole_at(lane);
        let earliest = whole_at.checked_sub(INTERVAL * (BURST - 1)).unwrap_or(whole_at);
        tokio::time::sleep_until(earliest).await;
        let behind = whole_at.saturating_duration_since(Instant::now());
        let used = behind.as_millis().div_ceil(INTERVAL.as_millis());
        i64::from(BURST) - i64::try_from(used).unwrap_or(i64::from(BURST) - 1)
    }

    /// So many went out.
    pub(super) fn spent(&self, lane: &str, messages: usize) {
        let messages = u32::try_from(messages).unwrap_or(u32::MAX);
        let mut paces = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_at = paces.entry(lane.to_owned()).or_insert_with(Instant::now);
        *whole_at = (*whole_at).max(Instant::now()) + INTERVAL * messages;
    }

    fn whole_at(&self, lane: &str) -> Instant {
        let paces = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get(lane).copied().unwrap_or_else(Instant::now)
    }
}
