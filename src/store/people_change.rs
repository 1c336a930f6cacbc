//! What was changed of people and groups, by whom. Lines are only ever added. A change begins with
//! the mark of all people, which locks out every other one at every replica.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Any, Row, Transaction, any::AnyRow};

use super::{Store, row};

const BEGIN: &str = "update mark set value = value + 1 where name = 'people'";

const LOG: &str = "insert into people_change (id, at, actor, what, subject, body) \
   values ($1, $2, $3, $4, $5, $6)";

const NEWEST: &str = "select id, at, actor, what, subject, body from people_change \
   order by at desc, id desc limit cast($1 as bigint)";

/// A change of people under way. Dropped without [`Changing::commit`] it never was.
#[derive(Debug)]
pub struct Changing<'s> {
    pub(super) tx: Transaction<'s, Any>,
    pub(super) now: Timestamp,
}

/// A line to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: String,
    pub what: &'static str,
    pub subject: String,
    pub body: Value,
}

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

impl Changing<'_> {
    /// INVARIANT: no change of people without its line.
    pub async fn commit(mut self, actor: &str, line: &Line) -> Result<(), sqlx::Error> {
        let query = sqlx::query(LOG).bind(&line.id).bind(self.now.as_microsecond());
        let query = query.bind(actor).bind(line.what).bind(&line.subject);
        query.bind(line.body.to_string()).execute(&mut *self.tx).await?;
        self.tx.commit().await
    }
}

impl Store {
    /// Begins a change; everything is to be read afterwards.
    pub async fn change_people(&self, now: Timestamp) -> Result<Changing<'_>, sqlx::Error> {
        let mut tx = self.write.begin_with(self.engine.begin()).await?;
        sqlx::query(BEGIN).execute(&mut *tx).await?;
        Ok(Changing { tx, now })
    }

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
