//! How much Teams takes of one bot: in each thread, and in the whole tenant. What would pass a
//! limit waits here instead of being refused there.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// Messages to one thread, new ones and redrawn ones: so many in so many seconds.
const THREAD: [(usize, i64); 4] = [(7, 1), (8, 2), (60, 30), (1800, 3600)];
/// Calls in one tenant. Newer answers of Microsoft's say 50; its documentation says 30.
const TENANT: [(usize, i64); 1] = [(30, 1)];
/// So many threads are remembered.
const MAX_THREADS: usize = 10_000;

/// When what was sent, while that matters.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<Sent>);

#[derive(Debug, Default)]
struct Sent {
    threads: HashMap<String, VecDeque<Timestamp>>,
    all: VecDeque<Timestamp>,
}

impl Paces {
    /// Takes the right to call once, or says how long to wait for it. A call that only reads
    /// belongs to no thread.
    pub(crate) fn take(&self, thread: Option<&str>, now: Timestamp) -> Result<(), Duration> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.threads.len() >= MAX_THREADS {
            sent.threads.retain(|_, times| times.back().is_some_and(|last| is_recent(*last, now)));
        }
        let Sent { threads, all } = &mut *sent;
        let thread = thread.map(|thread| threads.entry(thread.to_owned()).or_default());
        let wait = thread.as_ref().and_then(|times| wait(times, &THREAD, now));
        if let Some(wait) = wait.max(self::wait(all, &TENANT, now)) {
            return Err(wait);
        }
        if let Some(times) = thread {
            spend(times, &THREAD, now);
        }
        spend(all, &TENANT, now);
        Ok(())
    }
}

/// How long until one more passes no limit.
fn wait(times: &VecDeque<Timestamp>, limits: &[(usize, i64)], now: Timestamp) -> Option<Duration> {
    let waits = limits.iter().filter_map(|(count, seconds)| {
        let nth = times.len().checked_sub(*count).and_then(|index| times.get(index))?;
        let free_at = *nth + SignedDuration::from_secs(*seconds);
        Duration::try_from(free_at.duration_since(now)).ok().filter(|wait| !wait.is_zero())
    });
    waits.max()
}

fn spend(times: &mut VecDeque<Timestamp>, limits: &[(usize, i64)], now: Timestamp) {
    let most = limits.iter().map(|(count, _)| *count).max().unwrap_or(0);
    times.push_back(now);
    while times.len() > most {
        times.pop_front();
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) < SignedDuration::from_mins(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_795_000_000_000 + ms).unwrap()
    }

    #[test]
    fn a_thread_takes_seven_in_a_second_and_eight_in_two() {
        let paces = Paces::default();
        for _ in 0..7 {
            assert_eq!(paces.take(Some("a"), at(0)), Ok(()));
        }
        assert_eq!(paces.take(Some("a"), at(0)), Err(Duration::from_secs(1)));
        assert_eq!(paces.take(Some("b"), at(0)), Ok(()));
        assert_eq!(paces.take(Some("a"), at(1000)), Ok(()));
        assert_eq!(paces.take(Some("a"), at(1000)), Err(Duration::from_secs(1)));
        assert_eq!(paces.take(Some("a"), at(2000)), Ok(()));
    }

    #[test]
    fn a_tenant_takes_thirty_calls_in_a_second() {
        let paces = Paces::default();
        for number in 0..30 {
            assert_eq!(paces.take(Some(&number.to_string()), at(0)), Ok(()));
        }
        assert_eq!(paces.take(None, at(400)), Err(Duration::from_millis(600)));
        assert_eq!(paces.take(None, at(1000)), Ok(()));
    }

    #[test]
    fn no_window_of_a_thread_is_ever_passed() {
        let paces = Paces::default();
        let mut sent: Vec<i64> = Vec::new();
        for ms in (0..120_000).step_by(50) {
            if paces.take(Some("a"), at(ms)).is_ok() {
                sent.push(ms);
            }
        }
        for (count, seconds) in THREAD {
            let passed = sent.windows(count + 1).any(|each| each[count] - each[0] < seconds * 1000);
            assert!(!passed, "{count} in {seconds} s");
        }
        assert!(sent.len() >= 200, "{}", sent.len());
    }
}
