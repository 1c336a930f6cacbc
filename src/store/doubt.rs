//! How often it was told that a group, which is kept elsewhere, may have changed: numbers that only
//! grow, so that every replica sees what one of them was told.

use std::collections::BTreeMap;

use sqlx::Row;

use super::Store;

const RAISE: &str = "insert into mark (name, value) values ('doubt/' || $1, 1) \
   on conflict (name) do update set value = mark.value + 1";

/// There are few marks, and no order of letters is the same in every database.
const ALL: &str = "select substr(name, 7) as source, value from mark \
   where substr(name, 1, 6) = 'doubt/'";

impl Store {
    /// A group of a source, `SOURCE/VALUE`, may have changed.
    pub async fn raise_doubt(&self, group: &str) -> Result<(), sqlx::Error> {
        sqlx::query(RAISE).bind(group).execute(&self.write).await.map(|_| ())
    }

    /// How often that was told of each group.
    pub async fn doubts(&self) -> Result<BTreeMap<String, i64>, sqlx::Error> {
        let rows = sqlx::query(ALL).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get("source")?, row.try_get("value")?))).collect()
    }
}
