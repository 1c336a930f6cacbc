//! Whether the tables are those of this program, and what time the database has.

use std::collections::BTreeSet;

use sqlx::AnyPool;

use super::{Store, engine::Engine};

const APPLIED: &str = "select version from _sqlx_migrations";

/// The tables beside those that this program wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    Current,
    /// So many migrations have not been run.
    Behind(usize),
    /// A newer program has used the database.
    Ahead,
}

/// Compares; changes nothing.
pub(super) async fn schema(engine: Engine, pool: &AnyPool) -> Result<Schema, sqlx::Error> {
    let applied: Vec<i64> = match sqlx::query_scalar(APPLIED).fetch_all(pool).await {
        Ok(applied) => applied,
        // The table is missing: nothing was ever run.
        Err(sqlx::Error::Database(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let applied: BTreeSet<i64> = applied.into_iter().collect();
    let wanted: BTreeSet<i64> =
        engine.migrator().iter().map(|migration| migration.version).collect();
    Ok(match (wanted.difference(&applied).count(), applied.difference(&wanted).count()) {
        (_, 1..) => Schema::Ahead,
        (0, 0) => Schema::Current,
        (missing, 0) => Schema::Behind(missing),
    })
}

impl Store {
    /// Compares; changes nothing.
    pub async fn schema(&self) -> Result<Schema, sqlx::Error> {
        schema(self.engine, &self.read).await
    }

    /// What time the database server has; SQLite has the time of this machine.
    pub async fn server_time_us(&self) -> Result<Option<i64>, sqlx::Error> {
        match self.engine {
            Engine::Sqlite => Ok(None),
            Engine::Postgres => {
                const NOW: &str =
                    "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
                sqlx::query_scalar(NOW).fetch_one(&self.read).await.map(Some)
            }
        }
    }
}
