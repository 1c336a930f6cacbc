//! Changes of people and groups by a provider, one transaction each.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Kept, Store, one};
use crate::{
    domain::scim::resource::{Kind, Resource, State},
    store::people_change::{Changing, Line},
};

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

/// A change under way. Dropped without [`Writing::commit`] it never was.
#[derive(Debug)]
pub struct Writing<'s> {
    changing: Changing<'s>,
    source: String,
}

impl Store {
    /// Begins a change by a provider.
    pub async fn scim_write(
        &self,
        source: &str,
        now: Timestamp,
    ) -> Result<Writing<'_>, sqlx::Error> {
        let changing = self.change_people(now).await?;
        Ok(Writing { changing, source: source.to_owned() })
    }
}

impl Writing<'_> {
    pub async fn one(&mut self, kind: Kind, id: &str) -> Result<Option<Kept>, sqlx::Error> {
        one(&mut self.changing.tx, &self.source, kind, id).await
    }

    /// Who has a name, in small letters.
    pub async fn named(&mut self, kind: Kind, name: &str) -> Result<Option<String>, sqlx::Error> {
        let query = sqlx::query_scalar(NAMED).bind(&self.source).bind(kind.as_str());
        query.bind(name).fetch_optional(&mut *self.changing.tx).await
    }

    /// Those of the ids that are no users of this provider.
    pub async fn strangers(&mut self, ids: &[String]) -> Result<Vec<String>, sqlx::Error> {
        let query = sqlx::query_scalar(USERS).bind(&self.source).bind(listed(ids));
        let known: BTreeSet<String> =
            query.fetch_all(&mut *self.changing.tx).await?.into_iter().collect();
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
        query
            .bind(self.changing.now.as_microsecond())
            .execute(&mut *self.changing.tx)
            .await
            .map(|_| ())
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
                query.execute(&mut *self.changing.tx).await?;
            }
        }
        Ok(())
    }

    /// Takes a resource away. Of a user enough is left to know them again.
    pub async fn delete(&mut self, kept: &Kept) -> Result<(), sqlx::Error> {
        sqlx::query(LEAVE_ALL).bind(&kept.id).execute(&mut *self.changing.tx).await?;
        let remains = Value::Object(kept.resource.remains());
        self.write(&kept.id, &kept.resource, State::Deleted, &remains).await
    }

    /// Ends it, with the line that tells of it.
    pub async fn commit(self, line: &Line) -> Result<(), sqlx::Error> {
        self.changing.commit(&self.source, line).await
    }
}

/// As `json_each` takes it.
fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| json!({ "id": id })).collect::<Value>().to_string()
}
