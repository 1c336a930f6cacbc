//! The least that makes something good for once: a row that is issued becomes redeemed, if it still
//! is. Nobody signs, checks or logs anything, and nobody asks over HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sqlx::{AnyPool, any::AnyPoolOptions};
use tokio::task::JoinSet;

use crate::{
    failure::Failure,
    load::{Times, histogram},
};

/// What was measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Updates {
    pub(crate) one_p50_ms: f64,
    pub(crate) one_p99_ms: f64,
    pub(crate) some_per_second: f64,
    pub(crate) some_p50_ms: f64,
    pub(crate) some_p99_ms: f64,
}

const POOL: u32 = 10;
const SOME: usize = 32;

/// More than are redeemed while it is measured.
const ROWS: i64 = 40_000;

const TABLE: &str =
    "create table credential (id bigint primary key, state text not null, body text not null)";

const FILL: &str = "insert into credential (id, state, body) \
    with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < $1) \
    select i, 'issued', cast($2 as text) from n";

const REDEEM: &str = "update credential set state = 'redeemed' where id = $1 and state = 'issued'";

/// As durable as the service's own.
const PRAGMAS: [&str; 3] =
    ["pragma journal_mode = wal", "pragma synchronous = full", "pragma busy_timeout = 30000"];

pub(super) async fn measure(url: &str, milliseconds: u64) -> Result<Updates, Failure> {
    sqlx::any::install_default_drivers();
    let pool = pool(url).await?;
    sqlx::raw_sql(TABLE).execute(&pool).await?;
    sqlx::query(FILL).bind(ROWS).bind("x".repeat(500)).execute(&pool).await?;
    let (next, lasting) = (Arc::new(AtomicU64::new(0)), Duration::from_millis(milliseconds));
    let one = redeemed(&pool, &next, 1, lasting).await?;
    let some = redeemed(&pool, &next, SOME, lasting).await?;
    Ok(Updates {
        one_p50_ms: one.quantile_ms(0.5),
        one_p99_ms: one.quantile_ms(0.99),
        some_per_second: some.per_second(),
        some_p50_ms: some.quantile_ms(0.5),
        some_p99_ms: some.quantile_ms(0.99),
    })
}

async fn pool(url: &str) -> Result<AnyPool, Failure> {
    let is_sqlite = url.starts_with("sqlite:");
    let url = if is_sqlite { format!("{url}?mode=rwc") } else { url.to_owned() };
    let options =
        AnyPoolOptions::new().max_connections(POOL).after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in PRAGMAS.iter().filter(|_| is_sqlite) {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        });
    Ok(options.connect(&url).await?)
}

async fn redeemed(
    pool: &AnyPool,
    next: &Arc<AtomicU64>,
    workers: usize,
    lasting: Duration,
) -> Result<Times, Failure> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..workers {
        let (pool, next) = (pool.clone(), Arc::clone(next));
        running.spawn(async move {
            let mut times = histogram()?;
            while start.elapsed() < lasting {
                let id = i64::try_from(next.fetch_add(1, Ordering::Relaxed))?;
                let before = Instant::now();
                let done = sqlx::query(REDEEM).bind(id).execute(&pool).await?;
                times.saturating_record(u64::try_from(before.elapsed().as_micros())?);
                if done.rows_affected() != 1 {
                    return Err(Failure::from(format!("void: row {id} was not there to redeem")));
                }
            }
            Ok(times)
        });
    }
    let mut all = histogram()?;
    while let Some(times) = running.join_next().await {
        all.add(times??)?;
    }
    Ok(Times::new(start.elapsed(), all))
}
