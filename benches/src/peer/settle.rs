//! The drain that comes to mind first: a callback is claimed, sent and settled, then the next. Each
//! worker has one connection to the database and one to the receiver.

use std::{net::SocketAddr, path::Path, time::Instant};

use sqlx::SqlitePool;
use tokio::task::JoinSet;

use super::{
    post::{Drained, deliver},
    unit::{self, Bodies},
};
use crate::{failure::Failure, wire::Wire};

const QUEUE: &str = "
    create table callback (
      id integer primary key, body text not null, state text not null, lease bigint not null);
    create index callback_due on callback (lease) where state = 'due'";

const FILL: &str = "insert into callback (body, state, lease) values ($1, 'due', 0)";

const CLAIM: &str = "update callback set lease = 1 \
    where id = (select id from callback where state = 'due' and lease = 0 limit 1) and lease = 0 \
    returning id";

const DONE: &str = "update callback set state = 'done' where id = $1";

const LEFT: &str = "select count(*) from callback where state <> 'done'";

pub(super) async fn drain(
    to: SocketAddr,
    count: u64,
    connections: usize,
    folder: &Path,
) -> Result<Drained, Failure> {
    drop(unit::database(folder, "settle.db").await?);
    let pool = unit::pool(folder, "settle.db", u32::try_from(connections)?).await?;
    fill(&pool, count).await?;
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(pool.clone(), to));
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    let drained = Drained::new(count, start.elapsed());
    match sqlx::query_scalar::<_, i64>(LEFT).fetch_one(&pool).await? {
        0 => Ok(drained),
        left => Err(format!("void: {left} callbacks were left").into()),
    }
}

async fn fill(pool: &SqlitePool, count: u64) -> Result<(), Failure> {
    sqlx::raw_sql(QUEUE).execute(pool).await?;
    let body = "x".repeat(1000);
    let mut tx = pool.begin().await?;
    for _ in 0..count {
        sqlx::query(FILL).bind(&body).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

async fn work(pool: SqlitePool, to: SocketAddr) -> Result<(), Failure> {
    let mut wire = Wire::connect(to).await?;
    let bodies = Bodies::new();
    while let Some(id) = sqlx::query_scalar::<_, i64>(CLAIM).fetch_optional(&pool).await? {
        deliver(&mut wire, to, u64::try_from(id)?).await?;
        let mut tx = pool.begin_with("begin immediate").await?;
        sqlx::query(DONE).bind(id).execute(&mut *tx).await?;
        let entry = format!("aud_{id:026}");
        sqlx::query(unit::ENTRY).bind(entry).bind(&bodies.entry).execute(&mut *tx).await?;
        tx.commit().await?;
    }
    Ok(())
}
