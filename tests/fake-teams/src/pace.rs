//! How much a thread takes of one bot, as Teams documents it. Off unless switched on, since stories
//! have clocks that stand still.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// So many messages in so many seconds.
const LIMITS: [(usize, i64); 3] = [(7, 1), (8, 2), (60, 30)];

#[derive(Debug, Default)]
pub(crate) struct Pace {
    sent: Option<HashMap<String, Vec<Timestamp>>>,
}

impl Pace {
    pub(crate) fn switch_on(&mut self) {
        self.sent.get_or_insert_default();
    }

    /// Whether the thread takes one more now.
    pub(crate) fn take(&mut self, thread: &str, now: Timestamp) -> bool {
        let Some(sent) = &mut self.sent else { return true };
        let times = sent.entry(thread.to_owned()).or_default();
        let within = |seconds: i64| {
            let since = now - SignedDuration::from_secs(seconds);
            times.iter().filter(|at| **at > since).count()
        };
        let is_free = LIMITS.iter().all(|(count, seconds)| within(*seconds) < *count);
        if is_free {
            times.push(now);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_takes_seven_in_a_second_and_eight_in_two() {
        let at = |ms: i64| Timestamp::from_millisecond(1_795_000_000_000 + ms).unwrap();
        let mut pace = Pace::default();
        assert!((0..100).all(|_| pace.take("a", at(0))), "switched off it takes everything");
        pace.switch_on();
        assert!((0..7).all(|_| pace.take("a", at(0))));
        assert!(!pace.take("a", at(0)));
        assert!(pace.take("b", at(0)), "threads are paced apart");
        assert!(pace.take("a", at(1_000)));
        assert!(!pace.take("a", at(1_999)));
        assert!(pace.take("a", at(2_000)));
    }
}
