//! How often it was told that a group, which is kept elsewhere, may have changed: numbers that only
//! grow, so that every replica sees what one of them was told.

use super::Store;

const RAISE: &str = "insert into mark (name, value) values ('doubt/' || $1, 1) \
   on conflict (name) do update set value = mark.value + 1";

impl Store {
    /// A group of a source, `SOURCE/VALUE`, may have changed.
    pub async fn raise_doubt(&self, group: &str) -> Result<(), sqlx::Error> {
        sqlx::query(RAISE).bind(group).execute(&self.write).await.map(|_| ())
    }
}
