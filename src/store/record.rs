//! Sealed records of adapters, and marks that all replicas share.

use sqlx::Row;

use super::Store;

const LOAD: &str = "select name, version, sealed from adapter_record where name = $1";

/// There are few, and no order of letters is the same in every database.
const LIST: &str = "select name, version, sealed from adapter_record \
   where substr(name, 1, length(cast($1 as text))) = $1 order by name";

const INSERT: &str = "insert into adapter_record (name, version, key_id, sealed) \
   values ($1, 1, $2, $3) on conflict (name) do nothing";

const UPDATE: &str = "update adapter_record set version = version + 1, key_id = $2, sealed = $3 \
   where name = $1 and version = $4";

const MARK: &str = "insert into replay (id, expires_at) values ($1, $2) \
   on conflict (id) do update set expires_at = excluded.expires_at \
   where replay.expires_at <= $3";

const UNMARK: &str = "delete from replay where id = $1 and expires_at > $2";

/// A record as it is stored.
pub struct Sealed {
    pub name: String,
    pub version: i64,
    pub sealed: String,
}

/// Whether a write or a mark took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    Yes,
    No,
}

impl Store {
    /// One record.
    pub async fn record(&self, name: &str) -> Result<Option<Sealed>, sqlx::Error> {
        let row = sqlx::query(LOAD).bind(name).fetch_optional(&self.read).await?;
        row.as_ref().map(sealed).transpose()
    }

    /// The records whose names begin so.
    pub async fn records(&self, prefix: &str) -> Result<Vec<Sealed>, sqlx::Error> {
        let rows = sqlx::query(LIST).bind(prefix).fetch_all(&self.read).await?;
        rows.iter().map(sealed).collect()
    }

    /// Writes over a version; over `0` where there is none yet.
    pub async fn save_record(
        &self,
        name: &str,
        key_id: &str,
        sealed: &str,
        over: i64,
    ) -> Result<Took, sqlx::Error> {
        let query = sqlx::query(if over == 0 { INSERT } else { UPDATE });
        let query = query.bind(name).bind(key_id).bind(sealed);
        let query = if over == 0 { query } else { query.bind(over) };
        Ok(took(query.execute(&self.write).await?.rows_affected()))
    }

    /// Sets a mark that lasts until then, unless it stands.
    pub async fn mark(&self, id: &str, until_us: i64, now_us: i64) -> Result<Took, sqlx::Error> {
        let query = sqlx::query(MARK).bind(id).bind(until_us).bind(now_us);
        Ok(took(query.execute(&self.write).await?.rows_affected()))
    }

    /// Takes a mark away that stands.
    pub async fn unmark(&self, id: &str, now_us: i64) -> Result<Took, sqlx::Error> {
        let query = sqlx::query(UNMARK).bind(id).bind(now_us);
        Ok(took(query.execute(&self.write).await?.rows_affected()))
    }
}

fn took(rows: u64) -> Took {
    if rows == 0 { Took::No } else { Took::Yes }
}

fn sealed(row: &sqlx::any::AnyRow) -> Result<Sealed, sqlx::Error> {
    Ok(Sealed {
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        sealed: row.try_get("sealed")?,
    })
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("name", &self.name).finish_non_exhaustive()
    }
}
