//! The database: pools, migrations and the read side. One SQL text for both engines.

pub mod approval;
pub mod backlog;
pub mod engine;
pub mod entries;
pub mod export;
pub mod filter;
pub mod glance;
pub mod brake;
pub mod card;
pub mod cursor;
pub mod decisions;
pub mod delegation;
mod doubt;
#[cfg(test)]
mod plans;
pub mod kept;
pub mod law_change;
pub mod link;
pub mod load;
pub mod outbox;
pub mod upkeep;
pub mod people_change;
pub mod put;
pub mod reader;
pub mod record;
pub mod reseal;
pub mod replay;
pub mod review;
pub mod row;
pub mod schema;
pub mod scim;
pub mod signing;
pub mod stand_in;
mod walk;

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{AnyConnection, AnyPool, Connection, any::AnyPoolOptions, sqlite::SqliteConnectOptions};

use self::{
    engine::Engine,
    schema::{Schema, schema},
};

/// How long a caller waits for a free connection before it is told that the store is unavailable.
const ACQUIRE: Duration = Duration::from_secs(5);

/// The database of one process.
#[derive(Debug, Clone)]
pub struct Store {
    pub engine: Engine,
    /// Connections that write.
    pub write: AnyPool,
    /// Connections that only read.
    pub read: AnyPool,
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("unknown kind of database: `{0}`; use sqlite:PATH or postgres://user@host/name")]
    UnknownEngine(String),
    #[error("cannot open the database `{url}`")]
    Connect { url: String, source: sqlx::Error },
    #[error(
        "there is no database at `{}`: name the configuration of the service with --config or COUNTERSIGN_CONFIG, or make the database with `countersign migrate`",
        .path.display()
    )]
    Missing { path: PathBuf },
    #[error(
        "the database is older than this program: run `countersign migrate`, or start the service, which does the same"
    )]
    Behind,
    #[error("cannot bring the database up to date; is it newer than this program?")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl Store {
    /// Opens the database and brings its tables up to date. Makes it where there is none.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        make(engine_of(url)?, url)
            .await
            .map_err(|source| OpenError::Connect { url: redacted(url), source })?;
        let store = Self::connect(url).await?;
        store.migrate(url).await?;
        Ok(store)
    }

    /// Opens the database of a service, with the tables of this program. Nothing is made or brought
    /// up to date.
    pub async fn existing(url: &str) -> Result<Self, OpenError> {
        let store = Self::connect(url).await?;
        is_up_to_date(url, store.engine, &store.read).await?;
        Ok(store)
    }

    async fn migrate(&self, url: &str) -> Result<(), OpenError> {
        let migrator = self.engine.migrator();
        let Some(patient) = self.engine.migrating_url(url) else {
            return Ok(migrator.run(&self.write).await?);
        };
        let failed = |source| OpenError::Connect { url: redacted(url), source };
        let mut own = AnyConnection::connect(&patient).await.map_err(failed)?;
        migrator.run(&mut own).await?;
        own.close().await.map_err(failed)
    }

    /// Opens the database as it is.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        let engine = engine_of(url)?;
        is_there(engine, url)?;
        let failed = |source| OpenError::Connect { url: redacted(url), source };
        let (writers, readers) = (engine.writers(), engine.readers());
        let write = pool(engine, writers, &engine.write_url(url), &[]).await.map_err(failed)?;
        let reading = engine.reading_pragmas();
        let read = pool(engine, readers, &engine.read_url(url), reading).await.map_err(failed)?;
        Ok(Self { engine, write, read })
    }

    /// Whether a write would be durable now: takes the write lock and gives it back.
    pub async fn check_writable(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.write.begin_with(self.engine.begin()).await?;
        sqlx::query("update mark set value = value where name = 'high_water'")
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Closes both pools; on SQLite the write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.read.close().await;
        if let Some(checkpoint) = self.engine.checkpoint()
            && let Err(error) = sqlx::query(checkpoint).execute(&self.write).await
        {
            tracing::warn!(%error, "the write-ahead log could not be folded in");
        }
        self.write.close().await;
    }
}

fn engine_of(url: &str) -> Result<Engine, OpenError> {
    sqlx::any::install_default_drivers();
    Engine::of(url).ok_or_else(|| OpenError::UnknownEngine(redacted(url)))
}

/// Makes the file of a database where there is none.
async fn make(engine: Engine, url: &str) -> Result<(), sqlx::Error> {
    match engine.making_url(url) {
        Some(url) => AnyConnection::connect(&url).await?.close().await,
        None => Ok(()),
    }
}

/// Whether the file of a database is there. A server says so itself.
fn is_there(engine: Engine, url: &str) -> Result<(), OpenError> {
    if engine == Engine::Postgres {
        return Ok(());
    }
    let failed = |source| OpenError::Connect { url: redacted(url), source };
    let options = SqliteConnectOptions::from_str(url).map_err(failed)?;
    let path = std::path::absolute(options.get_filename()).map_err(|error| failed(error.into()))?;
    if path.exists() { Ok(()) } else { Err(OpenError::Missing { path }) }
}

async fn is_up_to_date(url: &str, engine: Engine, pool: &AnyPool) -> Result<(), OpenError> {
    match schema(engine, pool).await {
        Ok(Schema::Behind(_)) => Err(OpenError::Behind),
        Ok(Schema::Current | Schema::Ahead) => Ok(()),
        Err(source) => Err(OpenError::Connect { url: redacted(url), source }),
    }
}

async fn pool(
    engine: Engine,
    size: u32,
    url: &str,
    also: &'static [&'static str],
) -> Result<AnyPool, sqlx::Error> {
    AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE)
        // No connection is too old, so that no task looks for one: sqlx's could keep a command from
        // ending. One that broke is noticed when it is taken; a file does not hang up.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(engine == Engine::Postgres)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in engine.pragmas().iter().chain(also) {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .connect(url)
        .await
}

/// The URL without its password, for messages.
fn redacted(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _ = parsed.set_password(Some("***"));
            parsed.to_string()
        }
        Ok(_) | Err(_) => url.to_owned(),
    }
}
