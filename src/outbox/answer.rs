//! Answers to servers that have handed a decision over. Unlike a callback, a yes that may have
//! arrived is never sent again: such a server takes back what it granted when it is told twice.

use std::time::Duration;

use countersign_port::{
    auth_server::Receipt,
    delegation::{Reply, Verdict, Waiting},
};

use super::Outbox;
use crate::{
    domain::access::{Act, Refused, answered::Answered, effects::End},
    service::delegation::place,
    store::{
        delegation::{Begun, Kept},
        outbox::{Claimed, Parcel},
    },
};

/// Between the tries of an answer; the last one for as long as the server waits.
const WAITS_S: [u64; 4] = [1, 2, 4, 8];

/// A server that has not heard of its delegation by then has forgotten it.
const UNKNOWN_FOR_US: i64 = 10_000_000;

/// What became of an answer.
pub(super) enum Sent {
    Taken(Receipt),
    /// Nothing has arrived: another try may do.
    NotYet {
        cause: String,
    },
    /// It may have arrived, and may be sent again.
    Again {
        cause: String,
    },
    Unknown {
        cause: String,
    },
    Dead {
        cause: String,
    },
    /// Nobody can say what is to be sent.
    Unreadable(sqlx::Error),
}

impl Outbox {
    pub(super) async fn send_answer(&self, row: &Claimed) -> Sent {
        match self.try_answer(row).await {
            Ok(sent) => sent,
            Err(error) => Sent::Unreadable(error),
        }
    }

    async fn try_answer(&self, row: &Claimed) -> Result<Sent, sqlx::Error> {
        let parts = &self.service.parts;
        let Parcel::Answer { id, verdict } = &row.parcel else {
            return Ok(dead("not an answer"));
        };
        let Some(Kept { delegation, sealed }) = parts.store.delegation(id).await? else {
            return Ok(dead("the server no longer waits for it"));
        };
        // INVARIANT: written down before the first byte. Whoever finds it so does not know whether
        // that byte was sent.
        let begun = parts.store.begin_answer(id).await?;
        if begun == Begun::Before && *verdict == Verdict::Approved {
            let cause = "the service stopped while it was sending".to_owned();
            return Ok(Sent::Unknown { cause });
        }
        if delegation.expires_at <= parts.clock.now() {
            return Ok(match begun {
                Begun::Now => dead("the server no longer waits for it"),
                Begun::Before => unclear("the server no longer waits for it"),
            });
        }
        let bearer = match parts.delegating.keys.open(place(id.as_str()), &sealed) {
            Ok(bearer) => bearer,
            Err(error) => return Ok(dead(&error.to_string())),
        };
        let Some(delegator) = &parts.delegating.delegator else {
            return Ok(dead("no server that hands decisions over is set up"));
        };
        let waiting =
            Waiting { connection: delegation.connection, issuer: delegation.issuer, bearer };
        let reply = delegator.answer(&waiting, *verdict).await;
        Ok(self.judge(row, *verdict, begun, reply))
    }

    fn judge(&self, row: &Claimed, verdict: Verdict, begun: Begun, reply: Reply) -> Sent {
        let age_us = self.now_us() - row.created_at_us;
        match (reply, begun) {
            (Reply::Taken(receipt), _) => Sent::Taken(receipt),
            (Reply::NotSent { cause }, Begun::Now) => Sent::NotYet { cause },
            (Reply::NotKnown { cause }, Begun::Now) if age_us < UNKNOWN_FOR_US => {
                Sent::NotYet { cause }
            }
            // An earlier attempt was probably taken.
            (Reply::NotKnown { cause }, Begun::Before) => Sent::Unknown { cause },
            (Reply::NotKnown { cause } | Reply::Refused { cause }, _) => Sent::Dead { cause },
            (Reply::Unclear { cause }, _) if verdict == Verdict::Approved => {
                Sent::Unknown { cause }
            }
            (Reply::Unclear { cause }, _) | (Reply::NotSent { cause }, Begun::Before) => {
                Sent::Again { cause }
            }
        }
    }

    pub(super) async fn settle_answer(&self, row: &Claimed, sent: Sent) -> Result<(), sqlx::Error> {
        let Parcel::Answer { id, .. } = &row.parcel else { return Ok(()) };
        match sent {
            Sent::Taken(receipt) => self.answered(row, End::Done, Some(receipt), None).await,
            Sent::Unknown { cause } => self.answered(row, End::Unknown, None, Some(cause)).await,
            Sent::Dead { cause } => self.answered(row, End::Dead, None, Some(cause)).await,
            Sent::NotYet { cause } => {
                self.service.parts.store.unbegin_answer(id).await?;
                self.answer_later(row, &cause).await
            }
            Sent::Again { cause } => self.answer_later(row, &cause).await,
            Sent::Unreadable(error) => {
                self.answer_later(row, &format!("the database did not answer: {error}")).await
            }
        }
    }

    async fn answer_later(&self, row: &Claimed, cause: &str) -> Result<(), sqlx::Error> {
        count("retry");
        let attempt = usize::try_from(row.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let [.., longest] = WAITS_S;
        let wait = Duration::from_secs(*WAITS_S.get(attempt).unwrap_or(&longest));
        tracing::info!(event = row.id(), cause, wait_s = wait.as_secs(), "will be answered again");
        let due_us = self.now_us() + i64::try_from(wait.as_micros()).unwrap_or(0);
        self.service.parts.store.postpone(row, due_us, cause).await.map(|_| ())
    }

    async fn answered(
        &self,
        row: &Claimed,
        end: End,
        receipt: Option<Receipt>,
        cause: Option<String>,
    ) -> Result<(), sqlx::Error> {
        let Parcel::Answer { id, verdict } = &row.parcel else { return Ok(()) };
        count(end.as_str());
        if end != End::Done {
            tracing::error!(event = %id, connection = row.target, end = end.as_str(), cause,
                "a server may not have heard a decision; see `countersign outbox`");
        }
        let answered = Answered {
            request: row.request.clone(),
            event: id.clone(),
            verdict: *verdict,
            end,
            status: receipt.map(|receipt| receipt.status),
            cause: cause.clone(),
            attempt: row.attempt,
            fence: row.fence,
        };
        let command = self.service.command(Act::Answered(answered));
        match self.service.parts.ledger.submit(command).await {
            // What the policy refused has no request to write it down in.
            Err(Refused::Unknown) => {
                let store = &self.service.parts.store;
                store.end_without_request(id, row.fence, end, cause.as_deref()).await
            }
            // Should it not be recorded, the lease runs out; the answer is not sent again.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn count(result: &'static str) {
    metrics::counter!("countersign_delegations_total", "result" => result).increment(1);
}

fn dead(cause: &str) -> Sent {
    Sent::Dead { cause: cause.to_owned() }
}

fn unclear(cause: &str) -> Sent {
    Sent::Unknown { cause: cause.to_owned() }
}
