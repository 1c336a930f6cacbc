//! The one write path: queue, batch, lock and load, fold, bulk write, commit, answer.

mod batch;
mod headroom;
mod lane;
mod tally;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use tokio::{
    runtime::Handle,
    sync::{Notify, broadcast, mpsc, oneshot},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    domain::{
        access::{Act, Command, Refused, Reply},
        id::RequestId,
    },
    store::Store,
};

/// How many commands may wait in a lane. Beyond that a caller is told to come back, before
/// anything is written. New requests fill half of it, as many as share a commit, so that whoever is
/// let in waits for two commits at most; the rest is for clicks and for what comes due.
const QUEUE: usize = 2 * lane::BATCH;
const KEPT: usize = QUEUE - lane::BATCH;

/// How many versions a slow listener may fall behind before it has to look for itself.
const CHANGES: usize = 4096;

/// The handle to the write path. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    lanes: Arc<[mpsc::Sender<Job>]>,
    changes: broadcast::Sender<RequestId>,
    /// Told after every commit that may have left something in the outbox.
    pub written: Arc<Notify>,
}

/// A command and where its answer goes.
#[derive(Debug)]
struct Job {
    command: Command,
    answer: oneshot::Sender<Reply>,
}

impl Ledger {
    /// Starts the lanes. Once `close` is cancelled they take nothing more, finish what they have
    /// and end.
    pub fn start(
        store: &Store,
        clock: &Clock,
        public_url: &str,
        tasks: &TaskTracker,
        close: &CancellationToken,
    ) -> Self {
        let changes = broadcast::channel(CHANGES).0;
        let written = Arc::new(Notify::new());
        let lanes = (0..store.engine.lanes())
            .map(|_| {
                let (jobs, queue) = mpsc::channel(QUEUE);
                let (store, clock, public_url) = (store.clone(), clock.clone(), public_url.into());
                let (changes, written) = (changes.clone(), Arc::clone(&written));
                let lane = lane::Parts { store, clock, public_url, changes, written };
                let (runtime, close) = (Handle::current(), close.clone());
                // A thread of its own: a commit is several steps, and none of them is to wait behind
                // everybody who has a connection.
                tasks.spawn_blocking(move || runtime.block_on(lane.work(queue, close)));
                jobs
            })
            .collect();
        Self { lanes, changes, written }
    }

    /// Carries out a command. The answer comes after the commit. A caller that goes away meanwhile
    /// cancels nothing.
    pub async fn submit(&self, command: Command) -> Reply {
        let (answer, reply) = oneshot::channel();
        let lane = self.lane(&command.act).ok_or(Refused::Unavailable)?;
        if matches!(command.act, Act::Open(_)) && lane.capacity() <= KEPT {
            return Err(Refused::Unavailable);
        }
        lane.try_send(Job { command, answer }).map_err(|_| Refused::Unavailable)?;
        reply.await.unwrap_or(Err(Refused::Unavailable))
    }

    /// Whether a new request would be told to come back: known before any work is done for it.
    pub fn is_full(&self) -> bool {
        self.lanes.iter().all(|lane| lane.capacity() <= KEPT)
    }

    /// The requests that change from now on.
    pub fn changes(&self) -> broadcast::Receiver<RequestId> {
        self.changes.subscribe()
    }

    /// Commands about one request, and uses of one key, share a lane.
    fn lane(&self, act: &Act) -> Option<&mpsc::Sender<Job>> {
        let mut hasher = DefaultHasher::new();
        match (act.locks(), act.key(), act) {
            (Some(request), _, _) => request.hash(&mut hasher),
            (None, Some(key), _) => key.hash(&mut hasher),
            (None, None, Act::Open(open)) => open.request.id.hash(&mut hasher),
            (None, None, _) => {}
        }
        let lanes = u64::try_from(self.lanes.len()).unwrap_or(1).max(1);
        self.lanes.get(usize::try_from(hasher.finish() % lanes).unwrap_or(0))
    }
}
