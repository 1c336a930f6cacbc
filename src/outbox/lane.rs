//! One lane at work: lease a few rows, send them, settle them, until nothing is due.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};

use super::Outbox;
use crate::store::outbox::{Claimed, Parcel};

/// How long a lease runs.
const LEASE: Duration = Duration::from_secs(30);

/// Nothing is started so late in its lease that the lease could end while it is being sent.
const START_BY: Duration = Duration::from_secs(14);

/// How many callbacks are leased at once. They are sent two at a time and settled together.
const CALLBACKS: i64 = 64;

/// How many requests one endpoint gets at a time.
const CONCURRENT: usize = 2;

impl Outbox {
    /// Works a lane until nothing of it can be sent, and says how much was. A callback whose
    /// forerunner waits for its next try is due, and cannot be sent.
    pub(super) async fn work(&self, lane: &str) -> Result<usize, sqlx::Error> {
        let mut sent = 0;
        loop {
            let is_channel = !lane.contains("://");
            let most = if is_channel { self.paces.take(lane).await } else { CALLBACKS };
            let leased_at = Instant::now();
            let now_us = self.now_us();
            let lease_us = now_us + i64::try_from(LEASE.as_micros()).unwrap_or(0);
            let claimed = self.service.parts.store.claim(lane, now_us, lease_us, most).await?;
            if claimed.is_empty() || self.stop.is_cancelled() {
                self.give_back(claimed).await?;
                return Ok(sent);
            }
            sent += claimed.len();
            let cards = claimed.iter().filter(|row| matches!(row.parcel, Parcel::Card { .. }));
            self.paces.spent(lane, cards.count());
            stream::iter(claimed)
                .map(|row| self.send(row, leased_at))
                .buffer_unordered(CONCURRENT)
                .buffer_unordered(usize::try_from(CALLBACKS).unwrap_or(1))
                .for_each(|()| std::future::ready(()))
                .await;
        }
    }

    /// Sends one row. What comes back is the settling of it, which is awaited apart, so that the
    /// next is sent meanwhile and several are settled in one commit.
    async fn send(&self, row: Claimed, leased_at: Instant) -> impl Future<Output = ()> {
        let settle = if leased_at.elapsed() > START_BY || self.stop.is_cancelled() {
            Settle::Release
        } else {
            match &row.parcel {
                Parcel::Card { .. } => Settle::Card(self.send_card(&row).await),
                Parcel::Callback { .. } => Settle::Callback(self.send_callback(&row).await),
            }
        };
        async move {
            let result = match settle {
                Settle::Release => self.give_back(vec![row.clone()]).await,
                Settle::Card(sent) => self.settle_card(&row, sent).await,
                Settle::Callback(sent) => self.settle_callback(&row, sent).await,
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

/// What is to be written down.
enum Settle {
    Release,
    Card(super::card::Sent),
    Callback(super::callback::Sent),
}
