//! A connection that only reads: for commands that look at the database of a running service.

use sqlx::AnyPool;

use super::{OpenError, engine::Engine, engine_of, is_there, is_up_to_date, pool, redacted};

/// Opens the database of a service. Nothing can be written through it, and no file is made.
pub async fn open(url: &str) -> Result<AnyPool, OpenError> {
    let engine = engine_of(url)?;
    is_there(engine, url)?;
    let joint = if url.contains('?') { '&' } else { '?' };
    let read_only = match engine {
        Engine::Sqlite => "mode=ro",
        Engine::Postgres => "options=-c%20default_transaction_read_only%3Don",
    };
    let pool = pool(engine, 1, &format!("{url}{joint}{read_only}"), &[])
        .await
        .map_err(|source| OpenError::Connect { url: redacted(url), source })?;
    is_up_to_date(url, engine, &pool).await?;
    Ok(pool)
}
