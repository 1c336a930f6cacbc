//! The limits of the disk and of the database on it: 4 KiB appended and synced; SQLite taking
//! units one by one, and 256 of them in one commit.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sqlx::{Connection, SqliteConnection};

use super::unit::{self, Bodies};
use crate::{
    failure::Failure,
    load::{Times, histogram},
};

/// What was measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub(crate) append_per_second: f64,
    pub(crate) append_p50_ms: f64,
    /// Units a second, one in each commit.
    pub(crate) single_per_second: f64,
    pub(crate) single_p50_ms: f64,
    /// Units a second, 256 in each commit.
    pub(crate) bulk_per_second: f64,
}

const BULK: u64 = 256;

pub(super) async fn measure(folder: &Path, milliseconds: u64) -> Result<Limits, Failure> {
    let lasting = Duration::from_millis(milliseconds);
    let append = append(&folder.join("append"), lasting)?;
    let single = commits(folder, "single.db", 1, lasting).await?;
    let bulk = commits(folder, "bulk.db", BULK, lasting).await?;
    Ok(Limits {
        append_per_second: append.per_second(),
        append_p50_ms: append.quantile_ms(0.5),
        single_per_second: single.per_second(),
        single_p50_ms: single.quantile_ms(0.5),
        bulk_per_second: bulk.per_second() * crate::load::approximate(BULK),
    })
}

fn append(path: &Path, lasting: Duration) -> Result<Times, Failure> {
    let mut file = File::create(path)?;
    let mut times = histogram()?;
    let start = Instant::now();
    while start.elapsed() < lasting {
        let before = Instant::now();
        file.write_all(&[b'x'; 4096])?;
        file.sync_data()?;
        times.saturating_record(u64::try_from(before.elapsed().as_micros())?);
    }
    Ok(Times::new(start.elapsed(), times))
}

async fn commits(
    folder: &Path,
    name: &str,
    units: u64,
    lasting: Duration,
) -> Result<Times, Failure> {
    let mut connection = unit::database(folder, name).await?;
    let bodies = Bodies::new();
    let mut times = histogram()?;
    let mut number = 0;
    let start = Instant::now();
    while start.elapsed() < lasting {
        let before = Instant::now();
        commit(&mut connection, &bodies.array(number, units)?).await?;
        times.saturating_record(u64::try_from(before.elapsed().as_micros())?);
        number += units;
    }
    let times = Times::new(start.elapsed(), times);
    let stored: i64 =
        sqlx::query_scalar("select count(*) from request").fetch_one(&mut connection).await?;
    connection.close().await?;
    if u64::try_from(stored)? != number {
        return Err(format!("void: {stored} units are stored, not {number}").into());
    }
    Ok(times)
}

async fn commit(connection: &mut SqliteConnection, units: &str) -> Result<(), Failure> {
    let mut tx = connection.begin_with("begin immediate").await?;
    sqlx::query(unit::BULK).bind(units).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}
