//! One lane at work: lease a few rows, send them, settle them, until nothing is due.
//!
//! Sending and settling overlap: while some rows are on their way, the next are being leased, and
//! what was delivered meanwhile is written down together.

use std::{
    slice,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, future::join_all, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

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

/// How many callbacks are leased at once, and how many such leases are held: one is being sent, one
/// is being settled, and the next is fetched.
const CALLBACKS: i64 = 32;
const LEASES: usize = 3;

/// How many deliveries are written down together, and how long the first of them waits for company
/// while others are on their way. Nobody waits for that, and each commit costs as much as several
/// deliveries. A receiver whose delivery was not written down yet when the process died is told
/// once more, and knows it by its id.
const TOGETHER: usize = 64;
const COMPANY: Duration = Duration::from_millis(20);

/// More commits than this are never under way: nothing above holds so many rows. What is under way
/// is always polled. It may hold the one connection that writes, and what waits for that here would
/// wait for ever.
const COMMITS: usize = 1 << 10;

/// How many requests one endpoint gets at a time.
const CONCURRENT: usize = 2;

/// A row, when its lease began, and the place of the lease, which is free once all its rows are
/// settled.
struct Leased {
    row: Claimed,
    term: Term,
    place: Arc<OwnedSemaphorePermit>,
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
    /// Works a lane until nothing of it can be sent, and says how much was. Where something is due and
    /// nothing can be sent, callbacks stand behind one that waits for its next try: they wait with it.
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
        if sent == 0 && !is_channel(lane) {
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

    /// Leases, sends and settles, all at once, and says how many rows that were.
    async fn shift(&self, lane: &str, shift: &Shift) -> usize {
        let places = Arc::new(Semaphore::new(LEASES));
        let leasing = || self.leasing(lane.to_owned(), Arc::clone(&places));
        let leases = stream::unfold(leasing(), |lease| async {
            let broken = |error| Err(sqlx::Error::Protocol(format!("leasing broke off: {error}")));
            let rows = lease.await.unwrap_or_else(broken).unwrap_or_else(|error| {
                *shift.stuck.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Vec::new()
            });
            (!rows.is_empty()).then(|| (stream::iter(rows), leasing()))
        });
        let sent =
            leases.flatten().map(|leased| self.send(leased, shift)).buffer_unordered(CONCURRENT);
        // By its full name: both crates have a `StreamExt`.
        tokio_stream::StreamExt::chunks_timeout(sent, TOGETHER, COMPANY)
            .map(|deliveries| async {
                let count = deliveries.len();
                join_all(deliveries.into_iter().flatten()).await;
                count
            })
            .buffer_unordered(COMMITS)
            .fold(0, |sum, count| std::future::ready(sum + count))
            // Unboxed, the compiler cannot tell that it may change threads.
            .boxed()
            .await
    }

    /// Begins to lease the next rows: a task of its own, which goes on whoever looks at it.
    fn leasing(
        &self,
        lane: String,
        places: Arc<Semaphore>,
    ) -> JoinHandle<Result<Vec<Leased>, sqlx::Error>> {
        let outbox = self.clone();
        self.lanes.spawn(async move {
            // Nobody closes the semaphore.
            let Ok(place) = places.acquire_owned().await else { return Ok(Vec::new()) };
            outbox.lease(&lane, Arc::new(place)).await
        })
    }

    /// The next rows of a lane; none where nothing is due, or where this process is to stop.
    async fn lease(
        &self,
        lane: &str,
        place: Arc<OwnedSemaphorePermit>,
    ) -> Result<Vec<Leased>, sqlx::Error> {
        let store = &self.service.parts.store;
        let most = if is_channel(lane) { self.paces.take(lane).await } else { CALLBACKS };
        let (term, now_us) = (Term { since: Instant::now() }, self.now_us());
        let lease_us = now_us + i64::try_from(LEASE.as_micros()).unwrap_or(0);
        let rows = store.claim(lane, now_us, lease_us, most).await?;
        if self.stop.is_cancelled() {
            self.give_back(&rows).await?;
            return Ok(Vec::new());
        }
        let cards = rows.iter().filter(|row| matches!(row.parcel, Parcel::Card { .. }));
        self.paces.spent(lane, cards.count());
        let leased = |row| Leased { row, term, place: Arc::clone(&place) };
        Ok(rows.into_iter().map(leased).collect())
    }

    /// Sends one row. A callback that was sent is settled by what comes back, together with others;
    /// everything else is settled at once: a card may hang there that nobody knows of yet.
    async fn send(&self, leased: Leased, shift: &Shift) -> Option<impl Future<Output = ()>> {
        let Leased { row, term, place } = leased;
        if term.is_late() || self.stop.is_cancelled() {
            noted(row.id(), self.give_back(slice::from_ref(&row)).await);
            return None;
        }
        match &row.parcel {
            Parcel::Card { .. } => {
                let sent = self.send_card(&row, term).await;
                noted(row.id(), self.settle_card(&row, sent).await);
                None
            }
            Parcel::Answer { .. } => {
                let sent = self.send_answer(&row).await;
                noted(row.id(), self.settle_answer(&row, sent).await);
                None
            }
            Parcel::Callback { .. } => {
                let sent = self.send_callback(&row, shift).await;
                Some(async move {
                    noted(row.id(), self.settle_callback(&row, sent).await);
                    drop(place);
                })
            }
        }
    }

    async fn give_back(&self, rows: &[Claimed]) -> Result<(), sqlx::Error> {
        for row in rows {
            self.service.parts.store.release(row, self.now_us()).await?;
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

/// Says so where the result of a row could not be written.
fn noted(id: &str, result: Result<(), sqlx::Error>) {
    if let Err(error) = result {
        tracing::error!(%error, id, "the result could not be written; the lease will run out");
    }
}
