//! What providers have told of people and groups: read one, list some, read them all. Writing is a
//! transaction of its own, because nothing of it touches a request.

pub mod write;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};

use super::{Store, row};
use crate::domain::{
    provisioned::{Group, Provisioned, User},
    scim::resource::{Kind, Resource, State},
};

macro_rules! resources {
    ($rest:literal) => {
        concat!("select id, kind, state, body, created_at, updated_at from scim_resource ", $rest)
    };
}

const ONE: &str = resources!("where id = $1 and source = $2 and kind = $3 and state <> 'deleted'");

const PAGE: &str = resources!(
    "where source = $1 and kind = $2 and state <> 'deleted' \
       and (cast($3 as text) is null or id = $3) \
       and (cast($4 as text) is null or name = $4) \
       and (cast($5 as text) is null or external_id = $5) \
     order by id limit cast($6 as bigint) offset cast($7 as bigint)"
);

const COUNT: &str = "select count(*) from scim_resource \
   where source = $1 and kind = $2 and state <> 'deleted' \
     and (cast($3 as text) is null or id = $3) \
     and (cast($4 as text) is null or name = $4) \
     and (cast($5 as text) is null or external_id = $5)";

const MEMBERS: &str = "select user_id from scim_member where group_id = $1 order by user_id";

const ALL: &str = "select id, source, kind, name, external_id, state, body from scim_resource \
   where state <> 'deleted' or kind = 'User' order by id";

const ALL_MEMBERS: &str = "select group_id, user_id from scim_member order by group_id, user_id";

const VERSION: &str = "select value from mark where name = 'people'";

const NEWEST: &str = "select source, kind, count(*) as number, max(updated_at) as newest \
   from scim_resource where state <> 'deleted' group by source, kind order by source, kind";

/// A resource as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub id: String,
    pub resource: Resource,
    pub state: State,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What is looked for; everything where all are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    pub id: Option<String>,
    /// In small letters.
    pub name: Option<String>,
    pub external_id: Option<String>,
}

/// How much a provider has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub source: String,
    pub kind: String,
    pub number: i64,
    pub newest: Timestamp,
}

impl Store {
    /// A user or group of a provider.
    pub async fn scim_one(
        &self,
        source: &str,
        kind: Kind,
        id: &str,
    ) -> Result<Option<Kept>, sqlx::Error> {
        one(&mut *self.read.acquire().await?, source, kind, id).await
    }

    /// Some of them, in the order of their ids, and how many there are.
    pub async fn scim_page(
        &self,
        source: &str,
        kind: Kind,
        lookup: &Lookup,
        (offset, limit): (i64, i64),
    ) -> Result<(i64, Vec<Kept>), sqlx::Error> {
        let mut connection = self.read.acquire().await?;
        let count = sqlx::query_scalar(COUNT).bind(source).bind(kind.as_str());
        let count = count.bind(&lookup.id).bind(&lookup.name).bind(&lookup.external_id);
        let total: i64 = count.fetch_one(&mut *connection).await?;
        let page = sqlx::query(PAGE).bind(source).bind(kind.as_str());
        let page = page.bind(&lookup.id).bind(&lookup.name).bind(&lookup.external_id);
        let rows = page.bind(limit).bind(offset).fetch_all(&mut *connection).await?;
        let mut found = Vec::new();
        for row in &rows {
            found.push(with_members(&mut connection, kept(row)?).await?);
        }
        Ok((total, found))
    }

    /// Raised by every change of people.
    pub async fn people_version(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(VERSION).fetch_one(&self.read).await
    }

    /// Everything that providers have told and people have arranged. The version is read first, so that a change meanwhile
    /// makes it old and not unseen.
    pub async fn provisioned(&self) -> Result<Provisioned, sqlx::Error> {
        let version = self.people_version().await?;
        let mut members = members(&self.read).await?;
        let stand_ins = self.stand_ins().await?;
        let links = self.links().await?;
        let mut provisioned = Provisioned { version, stand_ins, links, ..Provisioned::default() };
        for row in sqlx::query(ALL).fetch_all(&self.read).await? {
            if row.try_get::<&str, _>("kind")? == Kind::User.as_str() {
                provisioned.users.push(user(&row)?);
                continue;
            }
            let id: String = row.try_get("id")?;
            provisioned.groups.push(Group {
                source: row.try_get("source")?,
                name: row.try_get("name")?,
                external_id: row.try_get("external_id")?,
                members: members.remove(&id).unwrap_or_default(),
            });
        }
        Ok(provisioned)
    }

    /// How much each provider has told, and when last.
    pub async fn scim_told(&self) -> Result<Vec<Told>, sqlx::Error> {
        let rows = sqlx::query(NEWEST).fetch_all(&self.read).await?;
        let told = |row: &AnyRow| {
            let source: String = row.try_get("source")?;
            Ok(Told {
                newest: row::time("scim_resource", &source, row.try_get("newest")?)?,
                source,
                kind: row.try_get("kind")?,
                number: row.try_get("number")?,
            })
        };
        rows.iter().map(told).collect()
    }
}

async fn one(
    connection: &mut AnyConnection,
    source: &str,
    kind: Kind,
    id: &str,
) -> Result<Option<Kept>, sqlx::Error> {
    let query = sqlx::query(ONE).bind(id).bind(source).bind(kind.as_str());
    match query.fetch_optional(&mut *connection).await? {
        Some(row) => Ok(Some(with_members(connection, kept(&row)?).await?)),
        None => Ok(None),
    }
}

async fn with_members(connection: &mut AnyConnection, mut kept: Kept) -> Result<Kept, sqlx::Error> {
    if kept.resource.kind == Kind::Group {
        let members = sqlx::query_scalar(MEMBERS).bind(&kept.id);
        kept.resource.members = members.fetch_all(connection).await?;
    }
    Ok(kept)
}

async fn members(pool: &AnyPool) -> Result<HashMap<String, Vec<String>>, sqlx::Error> {
    let mut members: HashMap<String, Vec<String>> = HashMap::new();
    for row in sqlx::query(ALL_MEMBERS).fetch_all(pool).await? {
        members.entry(row.try_get("group_id")?).or_default().push(row.try_get("user_id")?);
    }
    Ok(members)
}

fn kept(found: &AnyRow) -> Result<Kept, sqlx::Error> {
    let id: String = found.try_get("id")?;
    let kind = match found.try_get::<&str, _>("kind")? {
        "User" => Kind::User,
        _ => Kind::Group,
    };
    let body: Value = row::json("scim_resource", &id, found.try_get("body")?)?;
    let resource = Resource::parse(kind, &body).map_err(|fault| impossible(&id, &fault.detail))?;
    Ok(Kept {
        resource,
        state: state(&id, found.try_get("state")?)?,
        created_at: row::time("scim_resource", &id, found.try_get("created_at")?)?,
        updated_at: row::time("scim_resource", &id, found.try_get("updated_at")?)?,
        id,
    })
}

fn user(found: &AnyRow) -> Result<User, sqlx::Error> {
    let id: String = found.try_get("id")?;
    let body: Map<String, Value> = row::json("scim_resource", &id, found.try_get("body")?)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let emails = body.get("emails").and_then(Value::as_array).into_iter().flatten();
    let emails = emails.filter_map(|email| Some(email.get("value")?.as_str()?.to_owned()));
    Ok(User {
        source: found.try_get("source")?,
        user_name: text("userName").unwrap_or_default(),
        external_id: found.try_get("external_id")?,
        display_name: text("displayName"),
        emails: emails.collect(),
        state: state(&id, found.try_get("state")?)?,
        id,
    })
}

fn state(id: &str, text: &str) -> Result<State, sqlx::Error> {
    let known = State::ALL.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| impossible(id, &format!("unknown state `{text}`")))
}

fn impossible(id: &str, what: &str) -> sqlx::Error {
    let table = "scim_resource";
    row::ImpossibleRow { table, id: id.to_owned(), what: what.to_owned() }.into()
}
