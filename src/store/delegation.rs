//! Decisions that servers wait for: the bearers to answer with, and who of the workers may use one.

use sqlx::{Connection, Row};

use super::{Store, row, upkeep::Seen};
use crate::domain::{
    access::effects::{End, NewAnswer, NewDelegation},
    delegation::Delegation,
    id::EventId,
};

const BEARER: &str = "select body, sealed from delegation where id = $1";

/// Of any number of workers one gets it, whoever holds the lease.
const SENDING: &str = "update delegation set state = 'sending' where id = $1 and state = 'waiting'";

const WAITING: &str = "update delegation set state = 'waiting' where id = $1";

const REMEMBER: &str =
    "insert into replay (id, expires_at) values ($1, $2) on conflict (id) do nothing";

const INSERT: &str = "insert into delegation \
     (id, request_id, body, state, expires_at, key_id, sealed) \
   values ($1, $2, $3, 'waiting', $4, $5, $6)";

const ANSWER: &str = "insert into outbox (id, kind, request_id, item, lane, target, address, \
     sequence, body, secret, want, shown, state, due_at, fence, attempt, created_at) \
   values ($1, 'delegation', $2, 0, $3, $4, $3, 0, $5, '', 0, 0, 'due', $6, 0, 0, $6)";

const END: &str = "update outbox set state = $3, error = $4 where id = $1 and fence = $2";

const DELETE: &str = "delete from delegation where id = $1";

/// One that is being sent is the outbox's to settle.
const FORGET: &str = "delete from delegation where expires_at < $1 and state = 'waiting'";

/// A delegation with its sealed bearer.
pub struct Kept {
    pub delegation: Delegation,
    pub sealed: String,
}

/// Whether somebody has begun to send an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    Now,
    Before,
}

impl Store {
    /// What an answer is sent with, while it can be.
    pub async fn delegation(&self, id: &EventId) -> Result<Option<Kept>, sqlx::Error> {
        let row = sqlx::query(BEARER).bind(id.as_str()).fetch_optional(&self.write).await?;
        row.map(|row| {
            let delegation = row::json("delegation", id.as_str(), row.try_get("body")?)?;
            Ok(Kept { delegation, sealed: row.try_get("sealed")? })
        })
        .transpose()
    }

    /// Notes, before the first byte, that an answer is being sent.
    pub async fn begin_answer(&self, id: &EventId) -> Result<Begun, sqlx::Error> {
        let rows = sqlx::query(SENDING).bind(id.as_str()).execute(&self.write).await?;
        Ok(if rows.rows_affected() == 0 { Begun::Before } else { Begun::Now })
    }

    /// Nothing of it has arrived: somebody may begin again.
    pub async fn unbegin_answer(&self, id: &EventId) -> Result<(), sqlx::Error> {
        sqlx::query(WAITING).bind(id.as_str()).execute(&self.write).await.map(|_| ())
    }

    /// Keeps the answer to a delegation that no request was opened for. Says whether it came before.
    pub async fn answer_without_request(
        &self,
        key: &str,
        new: &NewDelegation,
        answer: &NewAnswer,
    ) -> Result<Seen, sqlx::Error> {
        let mut connection = self.write.acquire().await?;
        let mut tx = connection.begin_with(self.engine.begin()).await?;
        let delegation = &new.delegation;
        let (id, until_us) = (delegation.id.as_str(), delegation.expires_at.as_microsecond());
        let remembered = sqlx::query(REMEMBER).bind(key).bind(until_us).execute(&mut *tx).await?;
        if remembered.rows_affected() == 0 {
            return Ok(Seen::Again);
        }
        let body = serde_json::to_string(delegation);
        let body = body.map_err(|error| sqlx::Error::Encode(error.into()))?;
        let insert = sqlx::query(INSERT).bind(id).bind(answer.request.as_str()).bind(body);
        let insert = insert.bind(until_us).bind(&new.key_id).bind(&new.sealed);
        insert.execute(&mut *tx).await?;
        let due = sqlx::query(ANSWER).bind(id).bind(answer.request.as_str());
        let due = due.bind(&delegation.endpoint).bind(&delegation.connection);
        let due = due.bind(answer.verdict.as_str()).bind(answer.due_at.as_microsecond());
        due.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Seen::First)
    }

    /// Ends the answer to such a delegation.
    pub async fn end_without_request(
        &self,
        id: &EventId,
        fence: i64,
        end: End,
        error: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query(END).bind(id.as_str()).bind(fence).bind(end.as_str()).bind(error);
        query.execute(&self.write).await?;
        sqlx::query(DELETE).bind(id.as_str()).execute(&self.write).await.map(|_| ())
    }

    /// Deletes the bearers that are good for nothing any more.
    pub async fn forget_delegations(&self, now_us: i64) -> Result<(), sqlx::Error> {
        sqlx::query(FORGET).bind(now_us).execute(&self.write).await.map(|_| ())
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("delegation", &self.delegation).finish_non_exhaustive()
    }
}
