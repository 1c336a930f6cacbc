//! What comes due by itself: expiry, escalation, lapse; and the housekeeping that goes with time.
//! Expiry holds at the moment of every transaction even if this never runs; it only makes it seen.

use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Doubt,
    domain::access::Act,
    service::{Parts, Service},
};

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// How many requests are looked after at once: as many as share a commit.
const BATCH: i64 = 256;

/// Idempotency keys are kept so long after their request has ended.
const KEYS_KEPT_US: i64 = 24 * 3600 * 1_000_000;

/// Housekeeping happens once in so many rounds.
const HOUSEKEEPING: u32 = 600;

/// The timers of one process. Two processes do no harm: everything here is done once.
#[derive(Debug, Clone)]
pub struct Timers {
    service: Service,
    stop: CancellationToken,
}

impl Timers {
    pub fn new(service: Service, stop: CancellationToken) -> Self {
        Self { service, stop }
    }

    /// Works until it is told to stop.
    pub async fn run(self) {
        let mut round = 0_u32;
        while !self.stop.is_cancelled() {
            if let Err(error) = self.round(round).await {
                tracing::error!(%error, "the timers could not do their round");
            }
            round = round.wrapping_add(1);
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn round(&self, round: u32) -> Result<(), sqlx::Error> {
        if self.keep_time().await?.is_some() {
            return Ok(());
        }
        if round.is_multiple_of(HOUSEKEEPING) {
            self.forget().await?;
        }
        self.sweep().await
    }

    /// Compares the clocks, and writes down how far time has come if they agree. Nothing comes due by
    /// a time that is in doubt: what has ended never comes back.
    pub async fn keep_time(&self) -> Result<Option<Doubt>, sqlx::Error> {
        let Parts { store, clock, .. } = &*self.service.parts;
        // In this order: by the time that a server says, nobody can have come further.
        let acted_us = store.high_water().await?;
        let raw_us = clock.raw_us();
        let server_us = if clock.runs() { store.server_time_us().await? } else { None };
        let before = clock.doubt();
        let doubt = clock.judge(raw_us, acted_us, server_us);
        if doubt.is_none() {
            store.raise_high_water(raw_us).await?;
        } else if doubt != before {
            tracing::error!(?doubt, raw_us, acted_us, server_us, "the clocks are apart");
        }
        Ok(doubt)
    }

    /// Forgets what is of no use any more.
    pub async fn forget(&self) -> Result<(), sqlx::Error> {
        let Parts { store, clock, .. } = &*self.service.parts;
        let now_us = clock.now().as_microsecond();
        store.forget(now_us, now_us - KEYS_KEPT_US).await?;
        store.forget_delegations(now_us).await
    }

    /// Does everything that is due now.
    pub async fn sweep(&self) -> Result<(), sqlx::Error> {
        let parts = &self.service.parts;
        loop {
            let now_us = parts.clock.now().as_microsecond();
            let due = parts.store.due_requests(now_us, BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            let ticks = due
                .into_iter()
                .map(|request| parts.ledger.submit(self.service.command(Act::Tick(request))));
            // Whatever failed is still due and comes up again in the next round.
            if join_all(ticks).await.iter().any(Result::is_err) {
                return Ok(());
            }
        }
    }
}
