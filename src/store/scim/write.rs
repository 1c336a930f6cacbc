//! Changes of people and groups, one transaction each. It begins with the mark of all people, which
//! locks out every other such change at every replica; everything else is read afterwards.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Any, Transaction};

use super::{Kept, Store, one};
use crate::domain::scim::resource::{Kind, Resource, State};

const BEGIN: &str = "update mark set value = value + 1 where name = 'people'";

const NAMED: &str = "select id from scim_resource \
   where source = $1 and kind = $2 and name = $3 and state <> 'deleted'";

const USERS: &str = "select id from scim_resource \
   where source = $1 and kind = 'User' and state <> 'deleted' \
     and id in (select value ->> 'id' from json_each($2))";

const PUT: &str = "insert into scim_resource (id, source, kind, name, external_id, state, body, \
     created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
   on conflict (id) do update set name = excluded.name, external_id = excluded.external_id, \
     state = excluded.state, body = excluded.body, updated_at = excluded.updated_at";

const JOIN: &str = "insert into scim_member (group_id, user_id) \
   select cast($1 as text), value ->> 'id' from json_each($2)";

const LEAVE: &str = "delete from scim_member where group_id = $1 \
   and user_id in (select value ->> 'id' from json_each($2))";

const LEAVE_ALL: &str = "delete from scim_member where user_id = $1 or group_id = $1";

const LOG: &str = "insert into people_change (id, at, actor, what, subject, body) \
   values ($1, $2, $3, $4, $5, $6)";

/// A change under way. Dropped without [`Writing::commit`] it never was.
#[derive(Debug)]
pub struct Writing<'s> {
    tx: Transaction<'s, Any>,
    source: String,
    now: Timestamp,
}

/// A line of the history of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: String,
    pub what: &'static str,
    pub subject: String,
    pub body: Value,
}

impl Store {
    /// Begins a change by a provider.
    pub async fn scim_write(
        &self,
        source: &str,
        now: Timestamp,
    ) -> Result<Writing<'_>, sqlx::Error> {
        let mut tx = self.write.begin_with(self.engine.begin()).await?;
        sqlx::query(BEGIN).execute(&mut *tx).await?;
        Ok(Writing { tx, source: source.to_owned(), now })
    }
}

impl Writing<'_> {
    pub async fn one(&mut self, kind: Kind, id: &str) -> Result<Option<Kept>, sqlx::Error> {
        one(&mut self.tx, &self.source, kind, id).await
    }

    /// Who has a name, in small letters.
    pub async fn named(&mut self, kind: Kind, name: &str) -> Result<Option<String>, sqlx::Error> {
        let query = sqlx::query_scalar(NAMED).bind(&self.source).bind(kind.as_str());
        query.bind(name).fetch_optional(&mut *self.tx).await
    }

    /// Those of the ids that are no users of this provider.
    pub async fn strangers(&mut self, ids: &[String]) -> Result<Vec<String>, sqlx::Error> {
        let query = sqlx::query_scalar(USERS).bind(&self.source).bind(listed(ids));
        let known: BTreeSet<String> = query.fetch_all(&mut *self.tx).await?.into_iter().collect();
        Ok(ids.iter().filter(|id| !known.contains(*id)).cloned().collect())
    }

    pub async fn put(&mut self, id: &str, resource: &Resource) -> Result<(), sqlx::Error> {
        let body = Value::Object(resource.attributes.clone());
        self.write(id, resource, resource.state(), &body).await
    }

    async fn write(
        &mut self,
        id: &str,
        resource: &Resource,
        state: State,
        body: &Value,
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query(PUT).bind(id).bind(&self.source).bind(resource.kind.as_str());
        let query = query.bind(resource.name.to_lowercase()).bind(&resource.external_id);
        let query = query.bind(state.as_str()).bind(body.to_string());
        query.bind(self.now.as_microsecond()).execute(&mut *self.tx).await.map(|_| ())
    }

    /// Who joins a group and who leaves it.
    pub async fn members(
        &mut self,
        group: &str,
        joined: &[String],
        left: &[String],
    ) -> Result<(), sqlx::Error> {
        for (statement, ids) in [(LEAVE, left), (JOIN, joined)] {
            if !ids.is_empty() {
                let query = sqlx::query(statement).bind(group).bind(listed(ids));
                query.execute(&mut *self.tx).await?;
            }
        }
        Ok(())
    }

    /// Takes a resource away. Of a user enough is left to know them again.
    pub async fn delete(&mut self, kept: &Kept) -> Result<(), sqlx::Error> {
        sqlx::query(LEAVE_ALL).bind(&kept.id).execute(&mut *self.tx).await?;
        let remains = Value::Object(kept.resource.remains());
        self.write(&kept.id, &kept.resource, State::Deleted, &remains).await
    }

    /// INVARIANT: no change of people without its line.
    pub async fn commit(mut self, line: &Line) -> Result<(), sqlx::Error> {
        let query = sqlx::query(LOG).bind(&line.id).bind(self.now.as_microsecond());
        let query = query.bind(&self.source).bind(line.what).bind(&line.subject);
        query.bind(line.body.to_string()).execute(&mut *self.tx).await?;
        self.tx.commit().await
    }
}

/// As `json_each` takes it.
fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| json!({ "id": id })).collect::<Value>().to_string()
}
