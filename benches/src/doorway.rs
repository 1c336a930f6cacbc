//! The way in to somebody whom the service calls. While it is shut, who comes is let in and waits, and is
//! counted: that nobody answers means little where nobody asks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::http::StatusCode;
use tokio::sync::watch;

use crate::receiver::Gate;

/// Whoever holds it opens and shuts.
#[derive(Debug)]
pub(crate) struct Doorway {
    gate: watch::Sender<Gate>,
    held: Arc<AtomicU64>,
}

/// Every call passes one.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    gate: watch::Receiver<Gate>,
    held: Arc<AtomicU64>,
}

impl Doorway {
    pub(crate) fn open() -> (Self, Entry) {
        let ((sender, gate), held) = (watch::channel(Gate::Open), Arc::<AtomicU64>::default());
        (Self { gate: sender, held: Arc::clone(&held) }, Entry { gate, held })
    }

    pub(crate) fn set(&self, gate: Gate) {
        self.held.store(0, Ordering::Relaxed);
        self.gate.send_replace(gate);
    }

    /// How many calls have come since it was shut.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }
}

impl Entry {
    /// Holds the answer back for as long as the gate is shut.
    pub(crate) async fn pass(&mut self) -> Result<(), StatusCode> {
        if *self.gate.borrow() == Gate::Shut {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        let open = self.gate.wait_for(|gate| *gate == Gate::Open).await;
        open.map(|_| ()).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    }
}
