//! Everything that leaves the house: claim, send, settle. Lanes keep one slow receiver from
//! holding up another; leases with fences keep two workers from settling the same thing.

mod answer;
mod callback;
mod card;
mod lane;
pub mod pace;
pub mod schedule;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::pace::{Pace, Paces};
use crate::service::Service;

/// How long to wait at most before looking again: wake-ups are hints, this is the promise.
const LOOK: Duration = Duration::from_secs(1);

/// How long at least lies between two looks. Each may lease, which is a commit: while clicks come in
/// by the hundred, what they leave is leased together.
const APART: Duration = Duration::from_millis(20);

/// The worker of one process.
#[derive(Debug, Clone)]
pub struct Outbox {
    service: Service,
    paces: Arc<Paces>,
    /// Lanes that a task of this process is working on.
    busy: Busy,
    lanes: TaskTracker,
    stop: CancellationToken,
}

/// Lanes by their names.
type Busy = Arc<Mutex<HashSet<String>>>;

/// A lane that a task works on, until that ends: by a panic too.
struct Taken {
    busy: Busy,
    lane: String,
}

impl Outbox {
    pub fn new(service: Service, pace: Pace, stop: CancellationToken) -> Self {
        let paces = Arc::new(Paces::new(pace));
        Self { service, paces, busy: Arc::default(), lanes: TaskTracker::new(), stop }
    }

    /// Works until it is told to stop, then lets what was started come to its end.
    pub async fn run(self) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.start_lanes().await {
                tracing::error!(%error, "the outbox could not look for work");
            }
            let next = Instant::now() + APART;
            let written = self.service.parts.ledger.written.notified();
            let news = async {
                written.await;
                tokio::time::sleep_until(next).await;
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = news => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        self.lanes.close();
        self.lanes.wait().await;
    }

    /// Sends everything that is due now, and whatever becomes due by that: for tests and demos,
    /// where the clock stands still.
    pub async fn drain(&self) -> Result<(), sqlx::Error> {
        loop {
            let mut sent = 0;
            for lane in self.due().await? {
                sent += self.work(&lane).await?;
            }
            if sent == 0 {
                return Ok(());
            }
        }
    }

    async fn start_lanes(&self) -> Result<(), sqlx::Error> {
        for lane in self.due().await? {
            let Some(taken) = Taken::of(&self.busy, lane) else { continue };
            let outbox = self.clone();
            self.lanes.spawn(async move {
                if let Err(error) = outbox.work(&taken.lane).await {
                    tracing::error!(%error, lane = taken.lane, "a lane of the outbox had to stop");
                }
            });
        }
        Ok(())
    }

    async fn due(&self) -> Result<Vec<String>, sqlx::Error> {
        self.service.parts.store.due_lanes(self.now_us()).await
    }

    fn now_us(&self) -> i64 {
        self.service.parts.clock.now().as_microsecond()
    }
}

impl Taken {
    /// None where somebody is at it.
    fn of(busy: &Busy, lane: String) -> Option<Self> {
        let mut lanes = busy.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = lanes.insert(lane.clone());
        is_free.then(|| Self { busy: Arc::clone(busy), lane })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut lanes = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.remove(&self.lane);
    }
}
