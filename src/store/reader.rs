//! A connection that only reads: for commands that look at the database of a running service.

use sqlx::AnyPool;

use super::{OpenError, engine::Engine, pool, redacted};

/// Opens the database as it is. Nothing can be written through it, and no file is made.
pub async fn open(url: &str) -> Result<AnyPool, OpenError> {
    sqlx::any::install_default_drivers();
    let engine = Engine::of(url).ok_or_else(|| OpenError::UnknownEngine(redacted(url)))?;
    let joint = if url.contains('?') { '&' } else { '?' };
    let read_only = match engine {
        Engine::Sqlite => "mode=ro",
        Engine::Postgres => "options=-c%20default_transaction_read_only%3Don",
    };
    pool(engine, 1, &format!("{url}{joint}{read_only}"))
        .await
        .map_err(|source| OpenError::Connect { url: redacted(url), source })
}
