//! The requests that were ever opened, oldest first, as they came in: to be judged once more.

use sqlx::Row;

use super::{Store, row};
use crate::domain::{id::RequestId, request::AccessRequest};

/// Along the primary key: ids sort by time.
pub(super) const PAGE: &str = "select id, body from request \
   where id > $1 and opened_at >= $2 order by id limit cast($3 as bigint)";

/// How many are read at a time.
const MOST: i64 = 500;

/// Where the last page ended.
#[derive(Debug, Clone)]
pub struct Place {
    since_us: i64,
    id: RequestId,
}

impl Place {
    /// Before everything that was opened at or after an instant.
    pub fn since(opened_at_us: i64) -> Self {
        Self { since_us: opened_at_us, id: row::first_id_of(opened_at_us) }
    }
}

impl Store {
    /// The next requests after a place, and where they end; none where there are no more.
    pub async fn recorded(
        &self,
        after: &Place,
    ) -> Result<Option<(Vec<AccessRequest>, Place)>, sqlx::Error> {
        let query = sqlx::query(PAGE).bind(after.id.as_str()).bind(after.since_us).bind(MOST);
        let rows = query.fetch_all(&self.read).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let id = row::id("request", last.try_get("id")?)?;
        let place = Place { since_us: after.since_us, id };
        let requests = rows.iter().map(|found| {
            let id: String = found.try_get("id")?;
            Ok(row::json("request", &id, found.try_get("body")?)?)
        });
        Ok(Some((requests.collect::<Result<_, sqlx::Error>>()?, place)))
    }
}
