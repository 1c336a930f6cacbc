//! Lock the requests that a batch names, then load everything else about them. Two statements on
//! purpose: PostgreSQL reads joined tables from the snapshot before the wait for the lock.

mod wanted;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde_json::json;
use sqlx::{AnyConnection, Row, any::AnyRow};

pub use self::wanted::{Found, Wait, Wanted};
use super::{
    brake,
    engine::Engine,
    kept::{Kept, Unchanging},
    row::{self, ImpossibleRow},
};
use crate::domain::{
    access::{
        share::Sharing,
        slice::{Loaded, View},
    },
    id::{ClientId, RequestId},
};

/// The requests of a batch, in one order for everybody, so that two batches cannot wait for each
/// other. Of those that are known, what never changes is not read. The suffix is what locks them on
/// PostgreSQL.
macro_rules! requests {
    ($suffix:literal) => {
        concat!(
            "select r.id, ",
            "case when r.id in (select value ->> 'id' from json_each($2)) then '' ",
            "else r.body end as body, ",
            "case when r.id in (select value ->> 'id' from json_each($2)) then '' ",
            "else r.plans end as plans, ",
            "r.number, r.version, r.seq, r.sequence, ",
            "r.next_at, r.told_at, coalesce(r.same, '') as same, ",
            "coalesce(r.card_of, '') as card_of, r.asked_again, ",
            "coalesce(r.renewed_by, '') as renewed_by ",
            "from request r ",
            "where r.id in (select value ->> 'id' from json_each($1)) ",
            "order by r.id",
            $suffix
        )
    };
}

const READ: &str = requests!("");
const LOCK: &str = requests!(" for update");
const LOCK_AT_ONCE: &str = requests!(" for update nowait");

/// A bare parameter as a limit would have SQLite prepare the statement anew every time.
const LOAD: &str = "select 'vote' as kind, v.request_id as request_id, v.body as a, '' as b, \
     '' as c, v.item as n \
   from vote v where v.request_id in (select value ->> 'id' from json_each($1)) \
   union all select 'outcome', o.request_id, o.body, '', '', 0 \
   from outcome o where o.request_id in (select value ->> 'id' from json_each($1)) \
   union all select 'approval', p.request_id, p.body, '', '', 0 \
   from approval p where p.request_id in (select value ->> 'id' from json_each($1)) \
   union all select case when x.withdrawn is null then 'card' else 'withdrawn' end, x.request_id, \
     x.target, x.address, coalesce(x.message, ''), x.item \
   from outbox x where x.kind = 'card' \
     and x.request_id in (select value ->> 'id' from json_each($1)) \
   union all select 'tries', w.request_id, w.person, '', '', w.tries \
   from wrong_number w where w.request_id in (select value ->> 'id' from json_each($1)) \
   union all select 'delegation', d.request_id, d.body, '', '', 0 \
   from delegation d where d.request_id in (select value ->> 'id' from json_each($1)) \
   union all select 'review', u.request_id, u.body, '', '', u.item \
   from review u where u.request_id in (select value ->> 'id' from json_each($1)) \
   union all select 'key', i.request_id, i.client, i.key, i.body_sha256, 0 \
   from json_each($2) j \
   join idempotency i on i.client = j.value ->> 'client' and i.key = j.value ->> 'key' \
   union all select 'pending', '', j.value ->> 'client', '', '', \
     (select count(*) from (select 1 from request r \
       where r.client = j.value ->> 'client' and r.settled_at is null \
       limit cast($4 as bigint)) as counted) \
   from json_each($3) j \
   union all select 'press', '', x.id, coalesce(x.refused, ''), '', 0 \
   from json_each($5) j join replay x on x.id = 'press/' || (j.value ->> 'press')";

/// Only commands about credentials ask for them, so that no other batch pays for it.
const CREDENTIALS: &str = "select c.request_id, c.body from credential c \
   where c.request_id in (select value ->> 'id' from json_each($1)) order by c.issued_at, c.jti";

/// Those that wait and ask for the same. A statement of its own: PostgreSQL loses rows that it had to
/// wait for where the lock asks another table too. Whoever is missed loses a race for `same`.
const HOSTS: &str = "select s.id from json_each($1) j \
   join request s on s.same = j.value ->> 'same' and s.settled_at is null";

/// Those that share the card of a request. Nobody can begin to while that one is locked.
const GUESTS: &str = "select g.id from json_each($1) j \
   join request g on g.card_of = j.value ->> 'id' and g.settled_at is null";

/// Locks and loads. The requests stay locked until the transaction ends.
pub async fn lock_and_load(
    connection: &mut AnyConnection,
    engine: Engine,
    kept: &Kept,
    wanted: &Wanted,
) -> Result<Found, sqlx::Error> {
    let mut found = Found::default();
    // `begin immediate` has locked everything on SQLite already.
    let requests = match (engine, wanted.wait) {
        (Engine::Sqlite, _) => READ,
        (Engine::Postgres, Wait::ForLocks) => LOCK,
        (Engine::Postgres, Wait::No) => LOCK_AT_ONCE,
    };
    let requests = (requests, kept);
    read(connection, requests, wanted, &mut found).await?;
    let guests = guests(connection, &found).await?;
    if !guests.is_empty() {
        let guests = Wanted { requests: guests, ..Wanted::default() };
        read(connection, requests, &guests, &mut found).await?;
    }
    found.marks = brake::marks(connection, &wanted.marks).await?;
    // A key that was used before names its request only now, and a brake those that it has counted.
    let newest = found.marks.values().filter_map(|marks| marks.last());
    let replayed: BTreeSet<RequestId> = found
        .keys
        .values()
        .map(|(request, _)| request.clone())
        .chain(newest.map(|mark| mark.request.clone()))
        .filter(|request| !found.requests.contains_key(request))
        .collect();
    if !replayed.is_empty() {
        let more = Wanted { requests: replayed, ..Wanted::default() };
        read(connection, requests, &more, &mut found).await?;
    }
    Ok(found)
}

/// The requests whose card others would share.
async fn hosts(
    connection: &mut AnyConnection,
    wanted: &Wanted,
) -> Result<BTreeSet<RequestId>, sqlx::Error> {
    if wanted.same.is_empty() {
        return Ok(BTreeSet::new());
    }
    let same = array(wanted.same.iter().map(|same| json!({ "same": same })));
    let rows = sqlx::query(HOSTS).bind(same).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row::id("request", row.try_get("id")?)?)).collect()
}

/// Whose end depends on that of a request that was locked.
async fn guests(
    connection: &mut AnyConnection,
    found: &Found,
) -> Result<BTreeSet<RequestId>, sqlx::Error> {
    let open = found.requests.values().map(|loaded| &loaded.view);
    let hosts = open.filter(|view| view.sharing.asked_again > 0 && view.outcome.is_none());
    let hosts: Vec<_> = hosts.map(|view| json!({ "id": view.request.id })).collect();
    if hosts.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = sqlx::query(GUESTS).bind(array(hosts.into_iter())).fetch_all(connection).await?;
    let guests = rows.iter().map(|row| Ok(row::id("request", row.try_get("id")?)?));
    guests.filter(|id| !id.as_ref().is_ok_and(|id| found.requests.contains_key(id))).collect()
}

async fn read(
    connection: &mut AnyConnection,
    (requests, kept): (&'static str, &Kept),
    wanted: &Wanted,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    let mut ids = hosts(connection, wanted).await?;
    ids.extend(wanted.requests.iter().cloned());
    #[cfg(feature = "read-first")]
    let rows = belongings(connection, &ids, wanted).await?;
    if !ids.is_empty() {
        let known = kept.among(&ids);
        let query = sqlx::query(requests).bind(named(&ids)).bind(named(known.keys()));
        for row in query.fetch_all(&mut *connection).await? {
            let loaded = request(&row, &known)?;
            found.requests.insert(loaded.view.request.id.clone(), loaded);
        }
    }
    #[cfg(not(feature = "read-first"))]
    let rows = belongings(connection, &ids, wanted).await?;
    rows.iter().try_for_each(|row| attach(row, found))?;
    credentials(connection, wanted, found).await?;
    for loaded in found.requests.values_mut() {
        loaded.view.votes.sort_by(|a, b| (a.cast_at, &a.person).cmp(&(b.cast_at, &b.person)));
        loaded.view.reviews.sort_by_key(|review| review.item);
        loaded.stored = Some(loaded.touch());
    }
    Ok(())
}

/// Everything else about the requests, and what the batch asks for besides.
async fn belongings(
    connection: &mut AnyConnection,
    ids: &BTreeSet<RequestId>,
    wanted: &Wanted,
) -> Result<Vec<AnyRow>, sqlx::Error> {
    let nothing = ids.is_empty()
        && wanted.keys.is_empty()
        && wanted.counted.is_empty()
        && wanted.presses.is_empty();
    if nothing {
        return Ok(Vec::new());
    }
    let keys =
        array(wanted.keys.iter().map(|(client, key)| json!({ "client": client, "key": key })));
    let counted = array(wanted.counted.keys().map(|client| json!({ "client": client })));
    let presses = array(wanted.presses.iter().map(|press| json!({ "press": press })));
    let count_to = wanted.counted.values().max().copied().unwrap_or(0);
    sqlx::query(LOAD)
        .bind(named(ids))
        .bind(&keys)
        .bind(&counted)
        .bind(i64::try_from(count_to).unwrap_or(i64::MAX))
        .bind(&presses)
        .fetch_all(connection)
        .await
}

async fn credentials(
    connection: &mut AnyConnection,
    wanted: &Wanted,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    if wanted.credentials.is_empty() {
        return Ok(());
    }
    let ids = array(wanted.credentials.iter().map(|id| json!({ "id": id })));
    for row in sqlx::query(CREDENTIALS).bind(&ids).fetch_all(connection).await? {
        let (id, body): (String, String) = (row.try_get("request_id")?, row.try_get("body")?);
        if let Some(loaded) = found.requests.get_mut(&row::id::<RequestId>("credential", &id)?) {
            loaded.view.credentials.push(row::json("credential", &id, &body)?);
        }
    }
    Ok(())
}

/// One request as it stands, without a lock.
pub async fn read_one(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<View>, sqlx::Error> {
    let wanted = Wanted { requests: BTreeSet::from([id.clone()]), ..Wanted::default() };
    let mut found = Found::default();
    read(connection, (READ, &Kept::default()), &wanted, &mut found).await?;
    Ok(found.requests.remove(id).map(|loaded| loaded.view))
}

/// One request with its credentials, without a lock.
pub async fn read_with_credentials(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<View>, sqlx::Error> {
    let requests = BTreeSet::from([id.clone()]);
    let wanted = Wanted { credentials: requests.clone(), requests, ..Wanted::default() };
    let mut found = Found::default();
    read(connection, (READ, &Kept::default()), &wanted, &mut found).await?;
    Ok(found.requests.remove(id).map(|loaded| loaded.view))
}

/// Requests as they stand, without a lock, in the order of their ids.
pub async fn read_many(
    connection: &mut AnyConnection,
    ids: Vec<RequestId>,
) -> Result<Vec<View>, sqlx::Error> {
    let wanted = Wanted { requests: ids.into_iter().collect(), ..Wanted::default() };
    let mut found = Found::default();
    read(connection, (READ, &Kept::default()), &wanted, &mut found).await?;
    Ok(found.requests.into_values().map(|loaded| loaded.view).collect())
}

fn named<'a>(ids: impl IntoIterator<Item = &'a RequestId>) -> String {
    array(ids.into_iter().map(|id| json!({ "id": id })))
}

fn array(rows: impl Iterator<Item = serde_json::Value>) -> String {
    serde_json::Value::Array(rows.collect()).to_string()
}

fn request(row: &AnyRow, known: &HashMap<RequestId, Unchanging>) -> Result<Loaded, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let optional = |name: &str| -> Result<Option<jiff::Timestamp>, sqlx::Error> {
        let us: Option<i64> = row.try_get(name)?;
        Ok(us.map(|us| row::time("request", &id, us)).transpose()?)
    };
    let Unchanging { request, plans } = match known.get(&row::id::<RequestId>("request", &id)?) {
        Some(known) => known.clone(),
        None => Unchanging {
            request: Arc::new(row::json("request", &id, row.try_get("body")?)?),
            plans: Arc::new(row::json("request", &id, row.try_get("plans")?)?),
        },
    };
    let number = row::count("request", &id, row.try_get("number")?)?;
    let view = View {
        request,
        plans,
        version: row.try_get("version")?,
        number: u8::try_from(number).unwrap_or(0),
        votes: Vec::new(),
        outcome: None,
        approval: None,
        credentials: Vec::new(),
        told_at: optional("told_at")?,
        reviews: Vec::new(),
        sharing: sharing(row)?,
        renewed_by: named_request(row, "renewed_by")?,
    };
    Ok(Loaded {
        view,
        seq: row.try_get("seq")?,
        sequence: row.try_get("sequence")?,
        next_at: optional("next_at")?,
        cards: BTreeSet::new(),
        posted: BTreeSet::new(),
        withdrawn: BTreeSet::new(),
        wrong_numbers: BTreeMap::new(),
        delegations: Vec::new(),
        stored: None,
    })
}

fn sharing(row: &AnyRow) -> Result<Sharing, sqlx::Error> {
    let same: String = row.try_get("same")?;
    let card_of = named_request(row, "card_of")?;
    let same = (!same.is_empty()).then_some(same);
    Ok(Sharing { same, card_of, asked_again: row.try_get("asked_again")? })
}

/// The request that a column names, if it names one.
fn named_request(row: &AnyRow, column: &str) -> Result<Option<RequestId>, sqlx::Error> {
    let id: String = row.try_get(column)?;
    Ok((!id.is_empty()).then(|| row::id("request", &id)).transpose()?)
}

fn attach(row: &AnyRow, found: &mut Found) -> Result<(), sqlx::Error> {
    let kind: &str = row.try_get("kind")?;
    let id: String = row.try_get("request_id")?;
    let a: String = row.try_get("a")?;
    let b: String = row.try_get("b")?;
    let n: i64 = row.try_get("n")?;
    match kind {
        "key" => {
            let body_sha256: String = row.try_get("c")?;
            let request = row::id("idempotency", &id)?;
            found.keys.insert((ClientId(a), b), (request, body_sha256));
            return Ok(());
        }
        "pending" => {
            found.pending.insert(ClientId(a), u64::try_from(n).unwrap_or(0));
            return Ok(());
        }
        "press" => {
            let press = a.strip_prefix("press/").unwrap_or(&a).to_owned();
            let refused = (!b.is_empty()).then(|| row::json("replay", &press, &b)).transpose()?;
            found.presses.insert(press, refused);
            return Ok(());
        }
        _ => {}
    }
    let Some(loaded) = found.requests.get_mut(&row::id::<RequestId>("request", &id)?) else {
        return Ok(());
    };
    match kind {
        "vote" => loaded.view.votes.push(row::json("vote", &id, &a)?),
        "outcome" => loaded.view.outcome = Some(row::json("outcome", &id, &a)?),
        "approval" => loaded.view.approval = Some(row::json("approval", &id, &a)?),
        "card" | "withdrawn" => {
            let card = (row::count("outbox", &id, n)?, a, b);
            if !row.try_get::<&str, _>("c")?.is_empty() {
                loaded.posted.insert(card.clone());
            }
            if kind == "withdrawn" {
                loaded.withdrawn.insert(card.clone());
            }
            loaded.cards.insert(card);
        }
        "review" => loaded.view.reviews.push(row::json("review", &id, &a)?),
        "delegation" => loaded.delegations.push(row::json("delegation", &id, &a)?),
        "tries" => {
            loaded.wrong_numbers.insert(a, u32::try_from(n).unwrap_or(u32::MAX));
        }
        other => {
            let what = format!("unknown kind `{other}`");
            return Err(ImpossibleRow { table: "load", id, what }.into());
        }
    }
    Ok(())
}
