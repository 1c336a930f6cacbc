//! What brakes have counted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{AnyConnection, Row};

use super::row;
use crate::domain::brake::Mark;

const MARKS: &str = "select x.what, x.at, x.request_id \
   from json_each($1) j \
   join brake x on x.what = j.value ->> 'what' and x.at > cast(j.value ->> 'since' as bigint) \
   order by x.what, x.at";

/// What was counted under these names, after the time that each comes with.
pub async fn marks(
    connection: &mut AnyConnection,
    wanted: &BTreeMap<String, Timestamp>,
) -> Result<BTreeMap<String, Vec<Mark>>, sqlx::Error> {
    let mut marks: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(marks);
    }
    let names = wanted.iter();
    let names = names.map(|(what, since)| json!({ "what": what, "since": since.as_microsecond() }));
    let names = serde_json::Value::Array(names.collect()).to_string();
    for row in sqlx::query(MARKS).bind(&names).fetch_all(connection).await? {
        let (what, request): (String, String) = (row.try_get("what")?, row.try_get("request_id")?);
        let at = row::time("brake", &request, row.try_get("at")?)?;
        let request = row::id("brake", &request)?;
        marks.entry(what).or_default().push(Mark { at, request });
    }
    Ok(marks)
}
