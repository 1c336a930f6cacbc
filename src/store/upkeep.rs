//! Housekeeping: what has come due, the high-water mark, keys and replays that have run out,
//! endpoints that are gone.

use sqlx::Row;

use super::{Store, row};
use crate::domain::id::RequestId;

const DUE: &str =
    "select id from request where next_at <= $1 order by next_at limit cast($2 as bigint)";

const RAISE: &str = "update mark set value = $1 where name = 'high_water' and value < $1";

const LOWER: &str = "update mark set value = $1 where name = 'high_water' and value > $1";

const HIGH_WATER: &str = "select value from mark where name = 'high_water'";

const FORGET_REPLAYS: &str = "delete from replay where expires_at < $1";

/// A guardrail looks back for 30 days at most.
const FORGET_BRAKES: &str = "delete from brake where at < $1";
const BRAKES_KEPT_US: i64 = 31 * 24 * 3600 * 1_000_000;

/// Of the keys that are there it looks at the oldest alone: whatever has ended by then was opened by
/// then, and ids sort by time.
pub(super) const FORGET_KEYS: &str = "delete from idempotency where request_id < $2 \
   and exists (select 1 from request r where r.id = idempotency.request_id and r.settled_at < $1)";

const REMEMBER: &str = "insert into replay (id, expires_at) values ($1, $2)";

const DISABLE: &str = "insert into endpoint (address, disabled_at, why) values ($1, $2, $3) \
   on conflict (address) do nothing";

const ENABLE: &str = "delete from endpoint \
   where (cast($1 as text) is null and cast($2 as text) is null) \
     or address in (select o.address from outbox o \
       where o.state = 'dead' and o.kind = 'callback' \
         and (cast($1 as text) is null or o.id = $1) \
         and (cast($2 as text) is null or o.target = $2))";

const IS_DISABLED: &str = "select why from endpoint where address = $1";

/// The pending requests that are looked at when somebody asks what waits for them.
pub const PENDING_MAX: i64 = 500;

const PENDING: &str = "select id from request where settled_at is null and next_at is not null \
   order by next_at limit $1";

impl Store {
    /// Pending requests, those for which something comes due first at the front.
    pub async fn pending(&self, most: i64) -> Result<Vec<RequestId>, sqlx::Error> {
        let rows = sqlx::query(PENDING).bind(most).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(row::id("request", row.try_get("id")?)?)).collect()
    }

    /// Requests for which something has come due, the longest overdue first.
    pub async fn due_requests(
        &self,
        now_us: i64,
        most: i64,
    ) -> Result<Vec<RequestId>, sqlx::Error> {
        let rows = sqlx::query(DUE).bind(now_us).bind(most).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(row::id("request", row.try_get("id")?)?)).collect()
    }

    /// Remembers the latest instant that anybody acted on.
    pub async fn raise_high_water(&self, now_us: i64) -> Result<(), sqlx::Error> {
        sqlx::query(RAISE).bind(now_us).execute(&self.write).await.map(|_| ())
    }

    /// Forgets that anybody acted on a later instant than this one. Says whether anybody had.
    pub async fn lower_high_water(&self, to_us: i64) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(LOWER).bind(to_us).execute(&self.write).await?;
        Ok(done.rows_affected() > 0)
    }

    /// The latest instant that anybody acted on.
    pub async fn high_water(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(HIGH_WATER).fetch_one(&self.read).await
    }

    /// Deletes replays that have run out, what no brake looks back to, and keys of requests that
    /// ended before `settled_us`.
    pub async fn forget(&self, now_us: i64, settled_us: i64) -> Result<(), sqlx::Error> {
        sqlx::query(FORGET_REPLAYS).bind(now_us).execute(&self.write).await?;
        sqlx::query(FORGET_BRAKES).bind(now_us - BRAKES_KEPT_US).execute(&self.write).await?;
        let opened_by = row::first_id_of(settled_us.saturating_add(1_000));
        let forget = sqlx::query(FORGET_KEYS).bind(settled_us).bind(opened_by.as_str());
        forget.execute(&self.write).await.map(|_| ())
    }

    /// Remembers a signed message. Says whether it was seen before, by any replica.
    pub async fn remember(&self, id: &str, expires_us: i64) -> Result<Seen, sqlx::Error> {
        match sqlx::query(REMEMBER).bind(id).bind(expires_us).execute(&self.write).await {
            Ok(_) => Ok(Seen::First),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(Seen::Again),
            Err(error) => Err(error),
        }
    }

    /// Sends nothing there any more.
    pub async fn disable(&self, endpoint: &str, now_us: i64, why: &str) -> Result<(), sqlx::Error> {
        let query = sqlx::query(DISABLE).bind(endpoint).bind(now_us).bind(why);
        query.execute(&self.write).await.map(|_| ())
    }

    /// Sends again where callbacks were given up: those of one id or client, or everywhere.
    pub async fn enable(&self, id: Option<&str>, client: Option<&str>) -> Result<(), sqlx::Error> {
        let query = sqlx::query(ENABLE).bind(id).bind(client);
        query.execute(&self.write).await.map(|_| ())
    }

    /// Why nothing is sent to an endpoint, if so.
    pub async fn disabled(&self, endpoint: &str) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(IS_DISABLED).bind(endpoint).fetch_optional(&self.read).await
    }
}

/// Whether a signed message is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    First,
    Again,
}
