//! Work that goes on for as long as the process does: what breaks off begins again.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

/// Between a panic and the next beginning, so that what breaks at once does not spin.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Does the work until it comes to its end, and begins it again after a panic: nobody would see
/// that nothing is sent and nothing comes due any more.
pub(crate) async fn keep_up<F: Future<Output = ()>>(
    what: &'static str,
    pause: Duration,
    stop: CancellationToken,
    begin: impl Fn() -> F,
) {
    while AssertUnwindSafe(begin()).catch_unwind().await.is_err() {
        tracing::error!(what, "a worker broke off and begins again");
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_breaks_off_begins_again_and_what_ends_does_not() {
        let begun = AtomicU32::new(0);
        let work = || async {
            assert!(begun.fetch_add(1, Ordering::SeqCst) > 1, "a panic, as the test wants it");
        };
        keep_up("a test", Duration::ZERO, CancellationToken::new(), work).await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn nothing_begins_again_in_a_process_that_stops() {
        let (begun, stop) = (AtomicU32::new(0), CancellationToken::new());
        stop.cancel();
        let work = || async {
            begun.fetch_add(1, Ordering::SeqCst);
            panic!("as the test wants it");
        };
        keep_up("a test", Duration::MAX, stop.clone(), work).await;
        assert_eq!(begun.load(Ordering::SeqCst), 1);
    }
}
