//! One lane at work: lease a few rows, send them, settle them, until nothing is due.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, stream};

use super::Outbox;
use crate::store::outbox::{Claimed, Parcel};

/// How long a lease runs.
const LEASE: Duration = Duration::from_secs(30);

/// Nothing is started so late in its lease that the lease could end while it is being sent.
const START_BY: Duration = Duration::from_secs(14);

/// Longer than this nothing takes that is sent: a card, a line of its thread, a callback.
pub(super) const TRY: Duration = Duration::from_secs(15);

// Who outlives its lease is not alone with its row, and a card is posted twice.
const _: () = assert!(START_BY.as_secs() + TRY.as_secs() < LEASE.as_secs());

/// How many callbacks are leased at once. They are sent two at a time and settled together.
const CALLBACKS: i64 = 64;

/// How many requests one endpoint gets at a time.
const CONCURRENT: usize = 2;

/// A row, and when its lease began.
struct Leased {
    row: Claimed,
    term: Term,
}

/// A lease, from when it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    since: Instant,
}

impl Term {
    /// Whether nothing more is to be started.
    pub(super) fn is_late(self) -> bool {
        self.since.elapsed() > START_BY
    }
}

/// What a lane has learnt about its other end.
pub(super) struct Shift {
    /// Why the endpoint takes nothing any more.
    gone: Mutex<Option<String>>,
    /// Why no more could be leased.
    stuck: Mutex<Option<sqlx::Error>>,
}

impl Outbox {
    /// Works a lane until nothing of it can be sent, and says how much was. A callback whose
    /// forerunner waits for its next try cannot be, and waits with it.
    pub(super) async fn work(&self, lane: &str) -> Result<usize, sqlx::Error> {
        let mut sent = 0;
        loop {
            let shift = self.begin(lane).await?;
            let more = self.shift(lane, &shift).await;
            sent += more;
            match shift.stuck.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(error) => return Err(error),
                None if more == 0 => break,
                None => {}
            }
        }
        if !is_channel(lane) {
            self.service.parts.store.line_up(lane, self.now_us()).await?;
        }
        Ok(sent)
    }

    /// What is known of the other end before anything is leased.
    async fn begin(&self, lane: &str) -> Result<Shift, sqlx::Error> {
        let gone =
            if is_channel(lane) { None } else { self.service.parts.store.disabled(lane).await? };
        Ok(Shift { gone: Mutex::new(gone), stuck: Mutex::default() })
    }

    /// Leases, sends and settles, all at once: while the last of some rows are being settled the
    /// next are leased and on their way.
    async fn shift(&self, lane: &str, shift: &Shift) -> usize {
        let leases = stream::unfold((), |()| async {
            let rows = self.lease(lane).await.unwrap_or_else(|error| {
                *shift.stuck.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Vec::new()
            });
            (!rows.is_empty()).then_some((stream::iter(rows), ()))
        });
        leases
            .flatten()
            .map(|leased| self.send(leased, shift))
            .buffer_unordered(CONCURRENT)
            .buffer_unordered(usize::try_from(CALLBACKS).unwrap_or(1))
            .count()
            // Unboxed, the compiler cannot tell that it may change threads.
            .boxed()
            .await
    }

    /// The next rows of a lane; none where nothing is due, or where this process is to stop.
    async fn lease(&self, lane: &str) -> Result<Vec<Leased>, sqlx::Error> {
        let store = &self.service.parts.store;
        let most = if is_channel(lane) { self.paces.take(lane).await } else { CALLBACKS };
        let (term, now_us) = (Term { since: Instant::now() }, self.now_us());
        let lease_us = now_us + i64::try_from(LEASE.as_micros()).unwrap_or(0);
        let rows = store.claim(lane, now_us, lease_us, most).await?;
        if self.stop.is_cancelled() {
            self.give_back(rows).await?;
            return Ok(Vec::new());
        }
        let cards = rows.iter().filter(|row| matches!(row.parcel, Parcel::Card { .. }));
        self.paces.spent(lane, cards.count());
        Ok(rows.into_iter().map(|row| Leased { row, term }).collect())
    }

    /// Sends one row. What comes back is the settling of it, which is awaited apart, so that the
    /// next is sent meanwhile and several are settled in one commit.
    async fn send(&self, leased: Leased, shift: &Shift) -> impl Future<Output = ()> {
        let Leased { row, term } = leased;
        let settle = if term.is_late() || self.stop.is_cancelled() {
            Settle::Release
        } else {
            match &row.parcel {
                Parcel::Card { .. } => Settle::Card(self.send_card(&row, term).await),
                Parcel::Callback { .. } => Settle::Callback(self.send_callback(&row, shift).await),
                Parcel::Answer { .. } => Settle::Answer(self.send_answer(&row).await),
            }
        };
        async move {
            let result = match settle {
                Settle::Release => self.give_back(vec![row.clone()]).await,
                Settle::Card(sent) => self.settle_card(&row, sent).await,
                Settle::Callback(sent) => self.settle_callback(&row, sent).await,
                Settle::Answer(sent) => self.settle_answer(&row, sent).await,
            };
            if let Err(error) = result {
                tracing::error!(%error, id = row.id(), "the result could not be written; the lease will run out");
            }
        }
    }

    async fn give_back(&self, rows: Vec<Claimed>) -> Result<(), sqlx::Error> {
        for row in rows {
            self.service.parts.store.release(&row, self.now_us()).await?;
        }
        Ok(())
    }
}

impl Shift {
    /// Nothing more goes to this endpoint.
    pub(super) fn close(&self, why: String) {
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Why nothing goes there any more.
    pub(super) fn gone(&self) -> Option<String> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether a lane leads to a channel of a chat product, and not to an endpoint.
fn is_channel(lane: &str) -> bool {
    !lane.contains("://")
}

/// What is to be written down.
enum Settle {
    Release,
    Card(super::card::Sent),
    Callback(super::callback::Sent),
    Answer(super::answer::Sent),
}
