//! What was changed of people and groups, by whom. Lines are only ever added.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Row, any::AnyRow};

use super::{Store, row};

const NEWEST: &str = "select id, at, actor, what, subject, body from people_change \
   order by at desc, id desc limit cast($1 as bigint)";

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeopleChange {
    pub id: String,
    pub at: Timestamp,
    /// The provider, or the person.
    pub actor: String,
    pub what: String,
    /// The id of the user or group, or the key of the person.
    pub subject: String,
    pub body: Value,
}

impl Store {
    /// The newest lines, the newest first.
    pub async fn people_changes(&self, most: i64) -> Result<Vec<PeopleChange>, sqlx::Error> {
        let rows = sqlx::query(NEWEST).bind(most).fetch_all(&self.read).await?;
        rows.iter().map(people_change).collect()
    }
}

fn people_change(found: &AnyRow) -> Result<PeopleChange, sqlx::Error> {
    let id: String = found.try_get("id")?;
    Ok(PeopleChange {
        at: row::time("people_change", &id, found.try_get("at")?)?,
        actor: found.try_get("actor")?,
        what: found.try_get("what")?,
        subject: found.try_get("subject")?,
        body: row::json("people_change", &id, found.try_get("body")?)?,
        id,
    })
}
