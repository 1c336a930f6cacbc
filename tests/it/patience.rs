//! Waiting for what happens in a process, or a task, of its own.

use std::time::Duration;

/// Far longer than anything takes, on the slowest machine too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);

/// How often somebody looks again: seldom enough to leave the machine to those who work.
const AGAIN: Duration = Duration::from_millis(10);

/// Looks until it is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> impl Future<Output = T> {
    until_async(what, async move || look())
}

/// The same, where looking takes its time.
#[track_caller]
pub(crate) fn until_async<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let looking = async {
            let mut again = tokio::time::interval(AGAIN);
            loop {
                again.tick().await;
                if let Some(found) = look().await {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await;
        found.unwrap_or_else(|_| panic!("{what}: not in time, at {caller}"))
    }
}
