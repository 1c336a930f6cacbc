//! One lane: takes what has queued up, never waits for more, and answers after the commit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Any, error::DatabaseError, pool::PoolConnection};
use tokio::sync::{Mutex, Notify, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    Job,
    batch::{self, Run},
    headroom::Headroom,
};
use crate::{
    clock::Clock,
    domain::{
        access::{Command, Refused, Reply},
        id::RequestId,
    },
    keep_up::{PAUSE, keep_up},
    store::{Store, kept::Kept, load::Wait, put::Joined},
};

/// The most commands that share a commit.
pub(super) const BATCH: usize = 256;

/// How often a batch is run again as a whole before its commands are run one by one.
const TRIES: u32 = 5;

/// A batch that has not been written after so long is not tried again: whoever waits for it is told
/// so, and whoever comes next gets their turn.
const GIVE_UP: Duration = Duration::from_secs(20);

/// How long a lane waits before it asks for a connection again.
const RECONNECT: Duration = Duration::from_millis(200);

/// What a lane works with.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) public_url: Arc<str>,
    pub(super) changes: broadcast::Sender<RequestId>,
    pub(super) written: Arc<Notify>,
}

/// A lane at work, and what it has learnt meanwhile.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) parts: &'a Parts,
    pub(super) joined: Joined,
    pub(super) headroom: Headroom,
    pub(super) kept: Kept,
}

/// What became of a batch.
enum Attempt {
    Done(Vec<Reply>),
    /// Somebody else won a race, or the connection was lost: the same batch once more.
    Again,
    /// Somebody else holds a request, and does not let go of it.
    Held,
    /// Something in it cannot be written.
    Poisoned,
    /// There is no connection to be had.
    Unavailable,
}

impl Parts {
    /// Takes what comes until `close` is cancelled, then what is left. After a panic another lane
    /// takes what waits: what the first had learnt may not be true.
    pub(super) async fn work(self, queue: mpsc::Receiver<Job>, close: CancellationToken) {
        let queue = Mutex::new(queue);
        let lane = || async { Lane::of(&self).run(&mut *queue.lock().await, &close).await };
        keep_up("ledger", PAUSE, close.clone(), lane).await;
    }
}

impl<'a> Lane<'a> {
    fn of(parts: &'a Parts) -> Self {
        let (joined, headroom, kept) = (Joined::default(), Headroom::default(), Kept::default());
        Self { parts, joined, headroom, kept }
    }

    async fn run(self, queue: &mut mpsc::Receiver<Job>, close: &CancellationToken) {
        let mut jobs = Vec::with_capacity(BATCH);
        let mut connection = None;
        loop {
            let taken = tokio::select! {
                taken = queue.recv_many(&mut jobs, BATCH) => taken,
                () = close.cancelled(), if !queue.is_closed() => {
                    queue.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            let (commands, answers): (Vec<_>, Vec<_>) =
                jobs.drain(..).map(|Job { command, answer }| (command, answer)).unzip();
            let replies = self.carry_out(&mut connection, &commands).await;
            for (answer, reply) in answers.into_iter().zip(replies) {
                self.answer(answer, reply);
            }
            self.parts.written.notify_one();
        }
    }

    fn answer(&self, answer: oneshot::Sender<Reply>, reply: Reply) {
        if let Ok(view) = &reply {
            // Nobody may be listening.
            let _ = self.parts.changes.send(view.request.id.clone());
        }
        // Whoever asked may have gone away; the change stands.
        let _ = answer.send(reply);
    }

    async fn carry_out(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        commands: &[Command],
    ) -> Vec<Reply> {
        let give_up = Instant::now() + GIVE_UP;
        let mut run = Run::FIRST;
        for _ in 0..TRIES {
            match self.attempt(connection, commands, run).await {
                Attempt::Done(replies) => return replies,
                Attempt::Again if Instant::now() < give_up => run = run.again(),
                // On a slow disk another batch may take so long, and a process whose machine is gone
                // lets go by then: once more.
                Attempt::Held if !run.is_rerun => run = run.again(),
                Attempt::Held => {
                    run.wait = Wait::No;
                    break;
                }
                Attempt::Poisoned => break,
                Attempt::Again | Attempt::Unavailable => return not_recorded(commands.len()),
            }
        }
        self.one_by_one(connection, commands, (run.again(), give_up)).await
    }

    /// Only the guilty command fails: one that cannot be written, or one about a request that
    /// somebody else holds.
    async fn one_by_one(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        commands: &[Command],
        (run, give_up): (Run, Instant),
    ) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(commands.len());
        for command in commands {
            if Instant::now() >= give_up {
                break;
            }
            replies.push(self.alone(connection, command, (run, give_up)).await);
        }
        let left = commands.len() - replies.len();
        replies.extend(not_recorded(left));
        replies
    }

    async fn alone(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        command: &Command,
        (run, give_up): (Run, Instant),
    ) -> Reply {
        for _ in 0..TRIES {
            match self.attempt(connection, std::slice::from_ref(command), run).await {
                Attempt::Done(done) => {
                    return done.into_iter().next().unwrap_or(Err(Refused::Unavailable));
                }
                Attempt::Again if Instant::now() < give_up => {}
                Attempt::Again | Attempt::Held | Attempt::Poisoned | Attempt::Unavailable => break,
            }
        }
        Err(Refused::Unavailable)
    }

    async fn attempt(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        commands: &[Command],
        run: Run,
    ) -> Attempt {
        let mut open = match connection.take() {
            Some(open) => open,
            None => match self.parts.store.write.acquire().await {
                Ok(open) => open,
                Err(error) => {
                    tracing::error!(%error, "the database cannot be reached");
                    tokio::time::sleep(RECONNECT).await;
                    return Attempt::Unavailable;
                }
            },
        };
        match self.in_time(batch::run(self, &mut open, commands, run)).await {
            Some(Ok(replies)) => {
                if self.parts.store.engine.lanes_keep_connections() {
                    *connection = Some(open);
                }
                Attempt::Done(replies)
            }
            Some(Err(error)) => {
                // The transaction was rolled back when it was dropped; whether the connection is
                // still good is the pool's business.
                drop(open);
                verdict(&error)
            }
            None => {
                tracing::warn!("the database fell silent; the batch runs again elsewhere");
                // Not to the pool, which would ask it whether it is well.
                drop(open.detach());
                Attempt::Again
            }
        }
    }

    /// `None` if it takes so long that nobody can be there any more.
    async fn in_time<T>(&self, batch: impl Future<Output = T>) -> Option<T> {
        match self.parts.store.engine.batch_patience() {
            None => Some(batch.await),
            Some(patience) => tokio::time::timeout(patience, batch).await.ok(),
        }
    }
}

fn not_recorded(commands: usize) -> Vec<Reply> {
    vec![Err(Refused::Unavailable); commands]
}

fn verdict(error: &sqlx::Error) -> Attempt {
    if is_race(error) {
        tracing::debug!(%error, "a batch lost a race and runs again");
        return Attempt::Again;
    }
    if has_code(error, &[HELD]) {
        tracing::warn!(%error, "somebody holds a request of this batch");
        return Attempt::Held;
    }
    let is_lost =
        matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed);
    if is_lost || has_code(error, &ENDED) {
        tracing::warn!(%error, "the connection was lost; the batch runs again");
        return Attempt::Again;
    }
    tracing::error!(%error, "a batch could not be written");
    Attempt::Poisoned
}

/// A lock was not to be had in time.
const HELD: &str = "55P03";

/// The server has ended the statement or the session: somebody asked it to, it stops, or nothing
/// was heard of this process for too long.
const ENDED: [&str; 4] = ["57014", "57P01", "57P02", "25P03"];

/// A unique violation, a serialisation failure, a deadlock, or a SQLite file that is busy.
fn is_race(error: &sqlx::Error) -> bool {
    let is_unique = error.as_database_error().is_some_and(DatabaseError::is_unique_violation);
    is_unique || has_code(error, &["40001", "40P01", "5", "517"])
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| codes.contains(&&*code))
}
