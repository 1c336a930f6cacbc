//! Room for new requests: how many may be under way at once. Whoever comes while it is full is told
//! to come back before anything of the request is read, so that a refusal costs less than an answer
//! and whoever was let in is not kept waiting by the crowd outside.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A few more than share a commit: while some are being written, the next are made ready. More would
/// only wait longer.
const PLACES: usize = 288;

/// The places of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// A place, free again once the last clone of it is gone.
#[derive(Debug, Clone)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }

    /// A place, if there is one.
    pub(super) fn enter(&self) -> Option<Place> {
        let permit = Arc::clone(&self.0).try_acquire_owned().ok()?;
        Some(Place { _permit: Arc::new(permit) })
    }
}
