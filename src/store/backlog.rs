//! How much waits in the outbox, for the metrics and for the demo's clock.

use sqlx::Row;

use super::Store;

const WAITING: &str = "select count(*) as waiting, min(due_at) as oldest from outbox \
   where state = 'due'";

const UNDER_WAY: &str = "select count(*) from outbox where state = 'due' \
   and kind in ('card', 'copy')";

const DEAD: &str = "select count(*) from outbox where state in ('dead', 'unknown')";

/// What has not been delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    pub waiting: i64,
    /// When the oldest of them was due.
    pub oldest_us: Option<i64>,
    /// What was given up, or may not have arrived.
    pub dead: i64,
}

impl Store {
    /// Counts the cards that do not show the present state yet.
    pub async fn cards_under_way(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(UNDER_WAY).fetch_one(&self.read).await
    }

    /// Counts what has not been delivered.
    pub async fn backlog(&self) -> Result<Backlog, sqlx::Error> {
        let row = sqlx::query(WAITING).fetch_one(&self.read).await?;
        let dead = sqlx::query_scalar(DEAD).fetch_one(&self.read).await?;
        Ok(Backlog { waiting: row.try_get("waiting")?, oldest_us: row.try_get("oldest")?, dead })
    }
}
