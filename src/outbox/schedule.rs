//! When a callback is tried again: at once and often while the outcome is of use, then at growing
//! distance, then not at all. Pure: age and jitter are arguments.

use std::time::Duration;

/// Waits before the first attempts: a receiver that restarts is met again within two minutes.
const FIRST_S: [u64; 6] = [0, 2, 5, 15, 30, 60];
/// Waits while the outcome is of use, the last one for as long as it is.
const USEFUL_S: [u64; 4] = [120, 180, 240, 300];
/// When the last attempt is made.
pub const LAST_ATTEMPT: Duration = Duration::from_hours(75);
/// Jitter shortens or lengthens a wait by at most so much.
const SPREAD: f64 = 0.2;

/// How far the delivery of one event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Attempts made so far.
    pub attempts: u32,
    /// Since the event.
    pub age: Duration,
    /// Whether the receiver can still do something with it.
    pub worth: Worth,
}

/// Whether an outcome is still of use to the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Until `approved_until`, or for 15 minutes after another outcome.
    Useful,
    /// Afterwards: good to know, no more.
    Late,
}

impl Progress {
    /// The wait before the next attempt; none makes it a dead letter. `jitter` is in 0 to 1.
    pub fn wait(&self, jitter: f64) -> Option<Duration> {
        let attempts = usize::try_from(self.attempts).unwrap_or(usize::MAX);
        if let Some(seconds) = FIRST_S.get(attempts) {
            return Some(Duration::from_secs(*seconds));
        }
        match self.worth {
            Worth::Useful => {
                let [.., longest] = USEFUL_S;
                let seconds = USEFUL_S.get(attempts - FIRST_S.len()).unwrap_or(&longest);
                Some(spread(Duration::from_secs(*seconds), jitter))
            }
            Worth::Late => self.late(jitter),
        }
    }

    /// Half of the age, so that each wait is half as long again as the one before.
    fn late(&self, jitter: f64) -> Option<Duration> {
        let [.., shortest] = USEFUL_S;
        let left = LAST_ATTEMPT.checked_sub(self.age).filter(|left| !left.is_zero())?;
        let wait = (self.age / 2).max(Duration::from_secs(shortest));
        Some(spread(wait, jitter).min(left))
    }
}

fn spread(wait: Duration, jitter: f64) -> Duration {
    let factor = 1.0 + SPREAD * (2.0 * jitter.clamp(0.0, 1.0) - 1.0);
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The waits of a delivery that never succeeds, useful for so long. Time passes only by them.
    fn waits(useful_for: Duration, jitters: &[f64]) -> Vec<Duration> {
        let mut waits = Vec::new();
        let mut age = Duration::ZERO;
        for (attempts, jitter) in (0..).zip(jitters.iter().cycle()) {
            let worth = if age < useful_for { Worth::Useful } else { Worth::Late };
            let Some(wait) = Progress { attempts, age, worth }.wait(*jitter) else { break };
            age += wait;
            waits.push(wait);
        }
        waits
    }

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    #[test]
    fn the_schedule_of_a_denial() {
        let seconds: Vec<_> = waits(minutes(15), &[0.5]).iter().map(Duration::as_secs).collect();
        assert_eq!(
            seconds,
            [
                0, 2, 5, 15, 30, 60, 120, 180, 240, 300, 476, 714, 1071, 1606, 2409, 3614, 5421,
                8132, 12199, 18299, 27448, 41172, 61759, 84722
            ]
        );
    }

    #[test]
    fn a_useful_outcome_is_tried_every_five_minutes() {
        let waits = waits(minutes(8 * 60), &[0.5]);
        let often = waits.iter().filter(|wait| **wait == minutes(5)).count();
        assert_eq!(often, 94);
        assert_eq!(waits.iter().sum::<Duration>(), LAST_ATTEMPT);
    }

    #[test]
    fn what_is_useful_for_longer_is_tried_for_longer() {
        let useful_for = minutes(100 * 60);
        let total: Duration = waits(useful_for, &[0.5]).iter().sum();
        assert!((useful_for..useful_for + minutes(6)).contains(&total), "{total:?}");
    }

    proptest! {
        #[test]
        fn phases_follow_each_other_up_to_75_hours(
            jitters in proptest::collection::vec(0.0..=1.0, 1..50),
            useful_for in (0u64..4000).prop_map(minutes),
        ) {
            let waits = waits(useful_for, &jitters);
            let mut age = Duration::ZERO;
            for (attempt, wait) in waits.iter().enumerate() {
                let last = age + *wait == LAST_ATTEMPT;
                if let Some(seconds) = FIRST_S.get(attempt) {
                    prop_assert_eq!(*wait, Duration::from_secs(*seconds));
                } else if age < useful_for {
                    prop_assert!((Duration::from_secs(96)..=minutes(6)).contains(wait));
                } else {
                    prop_assert!(last || *wait >= minutes(4).max(age * 2 / 5));
                    prop_assert!(*wait <= minutes(6).max(age * 3 / 5));
                }
                age += *wait;
            }
            prop_assert_eq!(age, LAST_ATTEMPT);
            prop_assert!(waits.len() < 3200);
        }

        #[test]
        fn no_argument_panics(attempts: u32, age: Duration, jitter: f64) {
            for worth in [Worth::Useful, Worth::Late] {
                Progress { attempts, age, worth }.wait(jitter);
            }
        }
    }
}
