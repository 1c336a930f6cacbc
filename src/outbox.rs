//! Everything that leaves the house: claim, send, settle. Lanes keep one slow receiver from
//! holding up another; leases with fences keep two workers from settling the same thing.

mod answer;
mod callback;
mod card;
mod lane;
pub mod pace;
pub mod schedule;

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};
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
    busy: Arc<Mutex<HashSet<String>>>,
    stop: CancellationToken,
}

impl Outbox {
    pub fn new(service: Service, pace: Pace, stop: CancellationToken) -> Self {
        Self { service, paces: Arc::new(Paces::new(pace)), busy: Arc::default(), stop }
    }

    /// Works until it is told to stop, then lets what was started come to its end.
    pub async fn run(self) {
        let lanes = TaskTracker::new();
        while !self.stop.is_cancelled() {
            if let Err(error) = self.start_lanes(&lanes).await {
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
        lanes.close();
        lanes.wait().await;
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

    async fn start_lanes(&self, lanes: &TaskTracker) -> Result<(), sqlx::Error> {
        for lane in self.due().await? {
            if !self.busy.lock().await.insert(lane.clone()) {
                continue;
            }
            let outbox = self.clone();
            lanes.spawn(async move {
                if let Err(error) = outbox.work(&lane).await {
                    tracing::error!(%error, lane, "a lane of the outbox had to stop");
                }
                outbox.busy.lock().await.remove(&lane);
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
