//! How fast one client or auditor may ask. Refused before anything is written.

use std::num::NonZeroU32;

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::refusal::Refusal;

/// The pace of one caller; a second's worth may come at once.
#[derive(Debug)]
pub(super) struct Pace {
    limiter: DefaultDirectRateLimiter,
    per_second: u32,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        let quota = Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN));
        Self { limiter: RateLimiter::direct(quota), per_second }
    }

    /// Takes one request, or says when the next may come.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let Err(early) = self.limiter.check() else { return Ok(()) };
        let wait = early.wait_time_from(DefaultClock::default().now());
        Err(Refusal::RateLimited {
            detail: format!("you may ask {} times a second: slow down", self.per_second),
            retry_after_seconds: wait.as_secs() + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_requests_at_once_and_then_no_more() {
        let pace = Pace::new(3);
        let verdicts: Vec<bool> = (0..4).map(|_| pace.check().is_ok()).collect();
        assert_eq!(verdicts, [true, true, true, false]);
        let Err(Refusal::RateLimited { retry_after_seconds, .. }) = pace.check() else {
            panic!("not limited")
        };
        assert_eq!(retry_after_seconds, 1);
    }
}
