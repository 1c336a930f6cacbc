//! The entries of the audit log, newest first, byte for byte as they were committed to.

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use utoipa::ToSchema;

use super::{
    cursor::{Page, Position},
    filter::{EntryFilter, Filter},
    row,
    walk::{Sieve, Walk, candidate, read_candidate},
};
use crate::domain::{audit::Leaf, id::RequestId};

/// One entry: enough to check its leaf against the log and its payload against the leaf.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogEntry {
    /// Canonical JSON: what the log proves.
    #[schema(value_type = Object)]
    leaf: Box<RawValue>,
    /// Canonical JSON: names and texts. `null` once it was erased.
    #[schema(value_type = Option<Object>)]
    payload: Option<Box<RawValue>>,
    /// The salt of the leaf's commitment to the payload, in hexadecimal.
    pub salt: Option<String>,
    /// The leaf's index in the log, once it has one.
    pub position: Option<i64>,
    /// The leaf again, read.
    #[serde(skip)]
    read: Leaf,
}

/// A walk over entries, made into candidates.
macro_rules! walk {
    ($key:literal) => {
        concat!(
            "select d.at, d.id, d.kind, d.actor, ",
            candidate!(),
            "from (select e.at, e.id, e.request_id, e.kind, e.actor from entry e where ",
            $key,
            " and (e.at, e.id) < ($1, $2) and e.at >= $3 ",
            "order by e.at desc, e.id desc limit cast($4 as bigint)) d ",
            "join request r on r.id = d.request_id left join outcome o on o.request_id = r.id ",
            "order by d.at desc, d.id desc"
        )
    };
}

const BY_TIME: &str = walk!("e.at is not null");
const BY_REQUEST: &str = walk!("e.request_id = $6");
const BY_ACTOR: &str = walk!("e.actor = $6");
const BY_KIND: &str = walk!("e.kind = $6");

/// The payload of an entry that opens a request is empty: it is the plans and the body of the
/// request, in canonical JSON like itself.
const LOAD: &str = "select e.id, e.leaf, e.salt, e.position, \
     case e.payload when '' then '{\"plans\":' || r.plans || ',\"request\":' || r.body || '}' \
       else e.payload end as payload \
   from json_each($1) j join entry e on e.id = j.value ->> 'id' \
   join request r on r.id = e.request_id \
   order by e.at desc, e.id desc";

const STORY: &str = "select e.id, e.leaf, e.payload from entry e \
   where e.request_id = $1 and e.seq > $2 order by e.seq";

/// What happened to a request after an entry, in the order in which it did: leaves, with their
/// payloads where they have one of their own.
pub async fn story(
    connection: &mut AnyConnection,
    request: &RequestId,
    after: i64,
) -> Result<Vec<(Leaf, Value)>, sqlx::Error> {
    let rows = sqlx::query(STORY).bind(request.as_str()).bind(after).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let id: String = row.try_get("id")?;
            let payload: Option<String> = row.try_get("payload")?;
            let payload = payload.filter(|text| !text.is_empty());
            let payload = payload.map(|text| row::json("entry", &id, &text)).transpose()?;
            let leaf = row::json("entry", &id, row.try_get("leaf")?)?;
            Ok((leaf, payload.unwrap_or(Value::Null)))
        })
        .collect()
}

/// The next entries that fit.
pub async fn page(
    pool: &AnyPool,
    filter: &Filter,
    own: &EntryFilter,
    below: Position,
    limit: usize,
) -> Result<Page<LogEntry>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let walk = walk(filter, own);
    let fits = |row: &AnyRow| match walk.sieve {
        Sieve::Open => Ok(true),
        Sieve::Fine => Ok(is_own(own, row)? && filter.matches(&read_candidate(row)?)),
    };
    let found = walk.page(&mut connection, below, limit, fits).await?;
    let items = load(&mut connection, &found.items).await?;
    Ok(Page { items, next: found.next })
}

/// Walks the key that promises the fewest rows.
fn walk<'a>(filter: &'a Filter, own: &'a EntryFilter) -> Walk<'a> {
    let (text, words) = match (&own.request_id, &own.actor, own.kind) {
        (Some(request), _, _) => (BY_REQUEST, vec![request.as_str()]),
        (None, Some(actor), _) => (BY_ACTOR, vec![actor.as_str()]),
        (None, None, Some(kind)) => (BY_KIND, vec![kind.as_str()]),
        (None, None, None) => (BY_TIME, Vec::new()),
    };
    let given = [own.request_id.is_some(), own.actor.is_some(), own.kind.is_some()];
    let keyed = given.into_iter().filter(|given| *given).count() <= 1;
    let sieve = if keyed && filter.is_time_only() { Sieve::Open } else { Sieve::Fine };
    Walk { text, words, filter, sieve }
}

fn is_own(own: &EntryFilter, row: &AnyRow) -> Result<bool, sqlx::Error> {
    let (kind, actor): (String, String) = (row.try_get("kind")?, row.try_get("actor")?);
    let request: String = row.try_get("request_id")?;
    Ok(own.kind.is_none_or(|wanted| wanted.as_str() == kind)
        && own.actor.as_ref().is_none_or(|wanted| *wanted == actor)
        && own.request_id.as_ref().is_none_or(|wanted| wanted.as_str() == request))
}

async fn load(
    connection: &mut AnyConnection,
    places: &[Position],
) -> Result<Vec<LogEntry>, sqlx::Error> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = places.iter().map(|place| json!({ "id": place.id })).collect();
    let ids = serde_json::Value::Array(ids).to_string();
    let rows = sqlx::query(LOAD).bind(&ids).fetch_all(connection).await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> Result<LogEntry, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let payload: Option<String> = row.try_get("payload")?;
    let leaf: Box<RawValue> = row::json("entry", &id, row.try_get("leaf")?)?;
    Ok(LogEntry {
        read: row::json("entry", &id, leaf.get())?,
        leaf,
        payload: payload.map(|payload| row::json("entry", &id, &payload)).transpose()?,
        salt: row.try_get("salt")?,
        position: row.try_get("position")?,
    })
}

impl LogEntry {
    /// The members of the leaf.
    pub fn leaf(&self) -> &Leaf {
        &self.read
    }

    /// The bytes that the log commits to.
    pub fn leaf_json(&self) -> &str {
        self.leaf.get()
    }

    /// The bytes that the leaf commits to.
    pub fn payload_json(&self) -> Option<&str> {
        self.payload.as_deref().map(RawValue::get)
    }
}
