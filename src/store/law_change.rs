//! Which policy was in force since when. Lines are only ever added.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Row, any::AnyRow};

use super::{Store, row};

const ADD: &str = "insert into law_change (id, at, result, policy_sha256, body) \
   values ($1, $2, $3, $4, $5)";

const NEWEST: &str = "select id, at, result, policy_sha256, body from law_change \
   order by at desc, id desc limit cast($1 as bigint)";

const IN_FORCE: &str = "select body from law_change where result = 'in_force' \
   order by at desc, id desc limit 1";

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LawChange {
    pub id: String,
    pub at: Timestamp,
    /// `in_force` or `refused`.
    pub result: String,
    /// Of the policy that came into force, or that stayed.
    pub policy_sha256: String,
    /// Digests, what changed, what was wrong.
    pub body: Value,
}

impl Store {
    /// Adds a line.
    pub async fn add_law_change(&self, change: &LawChange) -> Result<(), sqlx::Error> {
        let query = sqlx::query(ADD).bind(&change.id).bind(change.at.as_microsecond());
        let query = query.bind(&change.result).bind(&change.policy_sha256);
        query.bind(change.body.to_string()).execute(&self.write).await.map(|_| ())
    }

    /// The newest lines, the newest first.
    pub async fn law_changes(&self, most: i64) -> Result<Vec<LawChange>, sqlx::Error> {
        let rows = sqlx::query(NEWEST).bind(most).fetch_all(&self.read).await?;
        rows.iter().map(law_change).collect()
    }

    /// What the line says that tells of the law in force, if there is one.
    pub async fn law_in_force(&self) -> Result<Option<Value>, sqlx::Error> {
        let body: Option<String> = sqlx::query_scalar(IN_FORCE).fetch_optional(&self.read).await?;
        Ok(body.map(|body| row::json("law_change", "in_force", &body)).transpose()?)
    }
}

fn law_change(found: &AnyRow) -> Result<LawChange, sqlx::Error> {
    let id: String = found.try_get("id")?;
    let at = Timestamp::from_microsecond(found.try_get("at")?).map_err(|error| {
        sqlx::Error::ColumnDecode { index: "at".to_owned(), source: error.into() }
    })?;
    Ok(LawChange {
        at,
        result: found.try_get("result")?,
        policy_sha256: found.try_get("policy_sha256")?,
        body: row::json("law_change", &id, found.try_get("body")?)?,
        id,
    })
}
