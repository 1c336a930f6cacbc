//! Reviews that are owed: whose they are, and how many.

use sqlx::Row;

use super::{Store, row};
use crate::domain::id::RequestId;

const UNREVIEWED: &str = "select distinct u.request_id, u.due_at from review u \
   where u.state in ('owed', 'overdue') order by u.due_at, u.request_id limit $1";

const OVERDUE: &str = "select count(*) from review where state in ('owed', 'overdue') \
   and due_at <= $1";

impl Store {
    /// Requests whose review is owed, those that owed it first at the front.
    pub async fn unreviewed(&self, most: i64) -> Result<Vec<RequestId>, sqlx::Error> {
        let rows = sqlx::query(UNREVIEWED).bind(most).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(row::id("review", row.try_get("request_id")?)?)).collect()
    }

    /// Counts the reviews that are overdue.
    pub async fn overdue_reviews(&self, now_us: i64) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(OVERDUE).bind(now_us).fetch_one(&self.read).await
    }
}
