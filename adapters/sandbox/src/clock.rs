//! The demo's clock: the one thing that the page moves outside of this crate.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// Time as the service under demonstration sees it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present, for what the sample OAuth server signs and checks.
    fn now(&self) -> Timestamp;

    /// Moves time forward and wakes whatever has fallen due.
    async fn advance(&self, by: SignedDuration);
}
