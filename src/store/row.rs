//! Rows to values. A row that cannot be is refused by table and id, never guessed at.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::domain::{id::RequestId, ids::Handle};

/// A row that this program cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("impossible row in `{table}`: {id}: {what}")]
pub struct ImpossibleRow {
    pub table: &'static str,
    pub id: String,
    pub what: String,
}

impl From<ImpossibleRow> for sqlx::Error {
    fn from(row: ImpossibleRow) -> Self {
        Self::Decode(Box::new(row))
    }
}

/// A JSON column.
pub fn json<T: DeserializeOwned>(
    table: &'static str,
    id: &str,
    text: &str,
) -> Result<T, ImpossibleRow> {
    serde_json::from_str(text).map_err(|error| ImpossibleRow {
        table,
        id: id.to_owned(),
        what: error.to_string(),
    })
}

/// An id column.
pub fn id<T: std::str::FromStr<Err: std::fmt::Display>>(
    table: &'static str,
    text: &str,
) -> Result<T, ImpossibleRow> {
    text.parse().map_err(|error: T::Err| ImpossibleRow {
        table,
        id: text.to_owned(),
        what: error.to_string(),
    })
}

/// A time column: microseconds.
pub fn time(table: &'static str, id: &str, us: i64) -> Result<Timestamp, ImpossibleRow> {
    Timestamp::from_microsecond(us).map_err(|error| ImpossibleRow {
        table,
        id: id.to_owned(),
        what: error.to_string(),
    })
}

/// Below the id of every request that was opened at this instant or later, and above all others.
pub fn first_id_of(at_us: i64) -> RequestId {
    RequestId::from_handle(Handle::from_parts(u64::try_from(at_us / 1_000).unwrap_or(0), 0))
}

/// A number that counts things.
pub fn count(table: &'static str, id: &str, number: i64) -> Result<usize, ImpossibleRow> {
    usize::try_from(number).map_err(|error| ImpossibleRow {
        table,
        id: id.to_owned(),
        what: error.to_string(),
    })
}
