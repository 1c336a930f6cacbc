//! The requests that were ever opened, oldest first, as they came in: to be judged once more.

use sqlx::Row;

use super::{Store, row};
use crate::domain::request::AccessRequest;

const PAGE: &str = "select opened_at, id, body from request \
   where (opened_at, id) > ($1, $2) order by opened_at, id limit cast($3 as bigint)";

/// How many are read at a time.
const MOST: i64 = 500;

/// Where the last page ended.
#[derive(Debug, Clone)]
pub struct Place {
    opened_at_us: i64,
    id: String,
}

impl Place {
    /// Before everything that was opened at or after an instant.
    pub fn since(opened_at_us: i64) -> Self {
        Self { opened_at_us, id: String::new() }
    }
}

impl Store {
    /// The next requests after a place, and where they end; none where there are no more.
    pub async fn recorded(
        &self,
        after: &Place,
    ) -> Result<Option<(Vec<AccessRequest>, Place)>, sqlx::Error> {
        let query = sqlx::query(PAGE).bind(after.opened_at_us).bind(&after.id).bind(MOST);
        let rows = query.fetch_all(&self.read).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let place = Place { opened_at_us: last.try_get("opened_at")?, id: last.try_get("id")? };
        let requests = rows.iter().map(|found| {
            let id: String = found.try_get("id")?;
            Ok(row::json("request", &id, found.try_get("body")?)?)
        });
        Ok(Some((requests.collect::<Result<_, sqlx::Error>>()?, place)))
    }
}
