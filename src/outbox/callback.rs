//! Callbacks: events, not levels. Each is sent until it is acknowledged or given up, in the order
//! of its request, with the same id and the same bytes every time.

use std::time::Duration;

use countersign_port::{
    auth_server::{Answer, Receipt, ReplyTo},
    error::{GiveUp, SendError},
};

use super::{
    Outbox,
    lane::Shift,
    schedule::{Progress, Worth},
};
use crate::{
    domain::{
        access::{
            Act,
            told::{Delivered, Undeliverable},
        },
        outcome::Status,
    },
    store::{
        load,
        outbox::{Claimed, Parcel},
    },
};

/// So long an outcome other than a yes is of use to its receiver.
const USEFUL: Duration = Duration::from_mins(15);

/// Longer than this no receiver can make us wait.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// What became of a callback.
pub(super) type Sent = Result<Receipt, SendError>;

impl Outbox {
    pub(super) async fn send_callback(&self, row: &Claimed, shift: &Shift) -> Sent {
        let Parcel::Callback { id, body, .. } = &row.parcel else { return Err(not_a_callback()) };
        if let Some(why) = shift.gone() {
            let cause = format!("the endpoint is disabled: {why}");
            return Err(SendError::GiveUp { why: GiveUp::Refused, cause });
        }
        let to = ReplyTo { client: row.target.clone(), endpoint: row.address.clone() };
        let answer = Answer { id: id.to_string(), body: body.clone().into_bytes() };
        let sent = self.service.parts.auth_server.answer(&to, &answer).await;
        if let Err(SendError::GiveUp { why: GiveUp::Gone, cause }) = &sent {
            shift.close(cause.clone());
        }
        sent
    }

    pub(super) async fn settle_callback(
        &self,
        row: &Claimed,
        sent: Sent,
    ) -> Result<(), sqlx::Error> {
        match sent {
            Ok(receipt) => {
                metrics::counter!("countersign_callbacks_total", "result" => "delivered")
                    .increment(1);
                self.delivered(row, receipt).await;
                Ok(())
            }
            Err(SendError::Retry { after, cause }) => self.again(row, after, &cause).await,
            // At least once: the receiver knows a repeated event by its id.
            Err(SendError::Unknown { cause }) => self.again(row, None, &cause).await,
            Err(SendError::GiveUp { why, cause }) => {
                if why == GiveUp::Gone {
                    let store = &self.service.parts.store;
                    store.disable(&row.address, self.now_us(), &cause).await?;
                }
                self.dead(row, &cause).await;
                Ok(())
            }
        }
    }

    async fn delivered(&self, row: &Claimed, receipt: Receipt) {
        let Parcel::Callback { id, sequence, .. } = &row.parcel else { return };
        let delivered = Delivered {
            request: row.request.clone(),
            event: id.clone(),
            sequence: *sequence,
            status: receipt.status,
            response_sha256: receipt.response_sha256,
            attempt: row.attempt,
            fence: row.fence,
        };
        // Should it not be recorded, the lease runs out and the event is sent once more.
        let _ =
            self.service.parts.ledger.submit(self.service.command(Act::Delivered(delivered))).await;
    }

    async fn dead(&self, row: &Claimed, cause: &str) {
        let Parcel::Callback { id, sequence, .. } = &row.parcel else { return };
        tracing::error!(event = %id, endpoint = row.address, cause, "a callback was given up; see `countersign outbox`");
        metrics::counter!("countersign_callbacks_total", "result" => "dead").increment(1);
        let dead = Undeliverable {
            request: row.request.clone(),
            event: id.clone(),
            sequence: *sequence,
            cause: cause.to_owned(),
            attempt: row.attempt,
            fence: row.fence,
        };
        let _ =
            self.service.parts.ledger.submit(self.service.command(Act::Undeliverable(dead))).await;
    }

    async fn again(
        &self,
        row: &Claimed,
        after: Option<Duration>,
        cause: &str,
    ) -> Result<(), sqlx::Error> {
        metrics::counter!("countersign_callbacks_total", "result" => "retry").increment(1);
        let age_us = u64::try_from(self.now_us() - row.created_at_us).unwrap_or(0);
        let progress = Progress {
            attempts: u32::try_from(row.attempt).unwrap_or(u32::MAX),
            age: Duration::from_micros(age_us),
            worth: self.worth(row, age_us).await?,
        };
        let Some(wait) = progress.wait(self.service.parts.seeds.fraction()) else {
            self.dead(row, cause).await;
            return Ok(());
        };
        let wait = wait.max(after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
        tracing::info!(
            event = row.id(),
            cause,
            wait_s = wait.as_secs(),
            "a callback will be tried again"
        );
        let due_us = self.now_us() + i64::try_from(wait.as_micros()).unwrap_or(0);
        self.service.parts.store.postpone(row, due_us, cause).await.map(|_| ())
    }

    /// Whether the receiver can still do something with the outcome.
    async fn worth(&self, row: &Claimed, age_us: u64) -> Result<Worth, sqlx::Error> {
        let mut connection = self.service.parts.store.read.acquire().await?;
        let view = load::read_one(&mut connection, &row.request).await?;
        let approved_until = view
            .filter(|view| {
                view.outcome.as_ref().is_some_and(|outcome| outcome.status == Status::Approved)
            })
            .and_then(|view| view.approval)
            .map(|approval| approval.approved_until);
        let is_useful = match approved_until {
            Some(until) => self.service.parts.clock.now() < until,
            None => Duration::from_micros(age_us) < USEFUL,
        };
        Ok(if is_useful { Worth::Useful } else { Worth::Late })
    }
}

fn not_a_callback() -> SendError {
    SendError::GiveUp { why: GiveUp::Refused, cause: "not a callback".to_owned() }
}
