//! The posting limit of a channel: about one message a second, a small burst tolerated. Off unless
//! switched on, since stories have clocks that stand still.

use std::collections::HashMap;

use jiff::Timestamp;

/// Messages a channel takes at once before it wants pauses.
const BURST: i64 = 3;
const INTERVAL_MS: i64 = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// For each channel, the time at which its bucket is full again.
    full_at_ms: Option<HashMap<String, i64>>,
}

impl Pace {
    pub(crate) fn switch_on(&mut self) {
        self.full_at_ms.get_or_insert_default();
    }

    /// Takes one message, or says after how many seconds it will.
    pub(crate) fn take(&mut self, channel: &str, now: Timestamp) -> Result<(), u64> {
        let Some(channels) = &mut self.full_at_ms else { return Ok(()) };
        let now = now.as_millisecond();
        let full_at = channels.entry(channel.to_owned()).or_insert(now);
        let next = (*full_at).max(now) + INTERVAL_MS;
        if next - now > BURST * INTERVAL_MS {
            return Err(1);
        }
        *full_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let mut pace = Pace::default();
        pace.switch_on();
        for _ in 0..BURST {
            assert_eq!(pace.take("C1", at(0)), Ok(()));
        }
        assert_eq!(pace.take("C1", at(0)), Err(1));
        assert_eq!(pace.take("C2", at(0)), Ok(()), "channels are paced apart");
        assert_eq!(pace.take("C1", at(999)), Err(1));
        assert_eq!(pace.take("C1", at(1_000)), Ok(()));
        assert_eq!(pace.take("C1", at(1_000)), Err(1));
    }

    #[test]
    fn switched_off_it_takes_everything() {
        let mut pace = Pace::default();
        assert!((0..100).all(|_| pace.take("C1", at(0)).is_ok()));
    }
}
