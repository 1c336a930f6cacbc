//! One lane: takes what has queued up, never waits for more, and answers after the commit.

use std::{sync::Arc, time::Duration};

use sqlx::{Any, pool::PoolConnection};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Job, batch, headroom::Headroom};
use crate::{
    clock::Clock,
    domain::{
        access::{Command, Refused, Reply},
        id::RequestId,
    },
    store::{Store, kept::Kept, put::Joined},
};

/// The most commands that share a commit.
pub(super) const BATCH: usize = 256;

/// How often a batch is run again as a whole before its commands are run one by one.
const TRIES: u32 = 5;

/// How long a lane waits before it asks for a connection again.
const RECONNECT: Duration = Duration::from_millis(200);

/// A lane and what it works with.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) public_url: Arc<str>,
    pub(super) joined: Joined,
    pub(super) headroom: Headroom,
    pub(super) kept: Kept,
    changes: broadcast::Sender<RequestId>,
    written: Arc<Notify>,
}

/// What became of a batch.
enum Attempt {
    Done(Vec<Reply>),
    /// Somebody else won a race, or the connection was lost: the same batch once more.
    Again,
    /// Something in it cannot be written.
    Poisoned,
    /// There is no connection to be had.
    Unavailable,
}

impl Lane {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        public_url: Arc<str>,
        changes: broadcast::Sender<RequestId>,
        written: Arc<Notify>,
    ) -> Self {
        Self {
            store,
            clock,
            public_url,
            joined: Joined::default(),
            headroom: Headroom::default(),
            kept: Kept::default(),
            changes,
            written,
        }
    }

    pub(super) async fn run(self, mut queue: mpsc::Receiver<Job>, close: CancellationToken) {
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
            self.written.notify_one();
        }
    }

    fn answer(&self, answer: oneshot::Sender<Reply>, reply: Reply) {
        if let Ok(view) = &reply {
            // Nobody may be listening.
            let _ = self.changes.send(view.request.id.clone());
        }
        // Whoever asked may have gone away; the change stands.
        let _ = answer.send(reply);
    }

    async fn carry_out(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        commands: &[Command],
    ) -> Vec<Reply> {
        for _ in 0..TRIES {
            match self.attempt(connection, commands).await {
                Attempt::Done(replies) => return replies,
                Attempt::Again => {}
                Attempt::Poisoned => break,
                Attempt::Unavailable => return vec![Err(Refused::Unavailable); commands.len()],
            }
        }
        self.one_by_one(connection, commands).await
    }

    /// Only the guilty command fails.
    async fn one_by_one(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        commands: &[Command],
    ) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(commands.len());
        for command in commands {
            let mut reply = Err(Refused::Unavailable);
            for _ in 0..TRIES {
                match self.attempt(connection, std::slice::from_ref(command)).await {
                    Attempt::Done(done) => {
                        reply = done.into_iter().next().unwrap_or(Err(Refused::Unavailable));
                        break;
                    }
                    Attempt::Again => {}
                    Attempt::Poisoned | Attempt::Unavailable => break,
                }
            }
            replies.push(reply);
        }
        replies
    }

    async fn attempt(
        &self,
        connection: &mut Option<PoolConnection<Any>>,
        commands: &[Command],
    ) -> Attempt {
        let mut open = match connection.take() {
            Some(open) => open,
            None => match self.store.write.acquire().await {
                Ok(open) => open,
                Err(error) => {
                    tracing::error!(%error, "the database cannot be reached");
                    tokio::time::sleep(RECONNECT).await;
                    return Attempt::Unavailable;
                }
            },
        };
        match batch::run(self, &mut open, commands).await {
            Ok(replies) => {
                if self.store.engine.lanes_keep_connections() {
                    *connection = Some(open);
                }
                Attempt::Done(replies)
            }
            Err(error) => {
                // The transaction was rolled back when it was dropped; whether the connection is
                // still good is the pool's business.
                drop(open);
                verdict(&error)
            }
        }
    }
}

fn verdict(error: &sqlx::Error) -> Attempt {
    if is_race(error) {
        tracing::debug!(%error, "a batch lost a race and runs again");
        return Attempt::Again;
    }
    if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed) {
        tracing::warn!(%error, "the connection was lost; the batch runs again");
        return Attempt::Again;
    }
    tracing::error!(%error, "a batch could not be written");
    Attempt::Poisoned
}

/// A unique violation, a serialisation failure, a deadlock, or a SQLite file that is busy.
fn is_race(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else { return false };
    let code = database.code();
    database.is_unique_violation()
        || matches!(code.as_deref(), Some("40001" | "40P01" | "5" | "517"))
}
