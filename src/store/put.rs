//! Write all effects of a batch at once: one constant `insert … select … from json_each` for each
//! table, sent together as a script on SQLite and as a chain of CTEs on PostgreSQL.

mod rows;
mod touched;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::{AnyConnection, AssertSqlSafe};

use super::engine::Engine;
use crate::domain::access::{effects::Effects, slice::Slice};

/// The counters of requests, which no index looks at, and whatever else has changed.
macro_rules! counters {
    ($more:literal) => {
        concat!(
            "update request set version = cast(j.value ->> 'version' as bigint), ",
            "seq = cast(j.value ->> 'seq' as bigint), ",
            "sequence = cast(j.value ->> 'sequence' as bigint), ",
            "told_at = cast(j.value ->> 'told_at' as bigint), ",
            "asked_again = cast(j.value ->> 'asked_again' as bigint), ",
            "renewed_by = j.value ->> 'renewed_by'",
            $more,
            " from json_each({rows}) j where request.id = j.value ->> 'id'"
        )
    };
}

/// One statement for each kind of row. `{rows}` stands for the parameter that carries them; keys
/// come first, so that whoever lost the race for one finds out before anything else happens.
const STATEMENTS: [&str; 19] = [
    "insert into idempotency (client, key, request_id, body_sha256) \
     select value ->> 'client', value ->> 'key', value ->> 'request_id', value ->> 'body_sha256' \
     from json_each({rows})",
    "insert into replay (id, refused, expires_at) \
     select 'press/' || (value ->> 'press'), value ->> 'refused', \
       cast(value ->> 'expires_at' as bigint) \
     from json_each({rows})",
    "insert into request (id, client, subject, rules, parts, channels, body, plans, number, \
       opened_at, version, seq, sequence, next_at, settled_at, told_at, same, card_of, \
       asked_again) \
     select value ->> 'id', value ->> 'client', value ->> 'subject', value ->> 'rules', \
       value ->> 'parts', value ->> 'channels', value ->> 'body', value ->> 'plans', \
       cast(value ->> 'number' as bigint), cast(value ->> 'opened_at' as bigint), \
       cast(value ->> 'version' as bigint), cast(value ->> 'seq' as bigint), \
       cast(value ->> 'sequence' as bigint), cast(value ->> 'next_at' as bigint), \
       cast(value ->> 'settled_at' as bigint), cast(value ->> 'told_at' as bigint), \
       value ->> 'same', value ->> 'card_of', cast(value ->> 'asked_again' as bigint) \
     from json_each({rows})",
    // SQLite writes every index over a column that is named, changed or not. So there are three of
    // these, and each request is in one of them.
    counters!(""),
    counters!(", next_at = cast(j.value ->> 'next_at' as bigint)"),
    counters!(
        ", next_at = cast(j.value ->> 'next_at' as bigint), \
         settled_at = cast(j.value ->> 'settled_at' as bigint), card_of = j.value ->> 'card_of'"
    ),
    "insert into vote (request_id, item, person, body, cast_at) \
     select value ->> 'request_id', cast(value ->> 'item' as bigint), value ->> 'person', \
       value ->> 'body', cast(value ->> 'cast_at' as bigint) \
     from json_each({rows}) where true \
     on conflict (request_id, item, person) \
     do update set body = excluded.body, cast_at = excluded.cast_at",
    "insert into wrong_number (request_id, person, tries) \
     select value ->> 'request_id', value ->> 'person', cast(value ->> 'tries' as bigint) \
     from json_each({rows}) where true \
     on conflict (request_id, person) do update set tries = excluded.tries",
    "insert into outcome (request_id, status, at, body) \
     select value ->> 'request_id', value ->> 'status', cast(value ->> 'at' as bigint), \
       value ->> 'body' \
     from json_each({rows})",
    "insert into approval (request_id, id, status, frame, body) \
     select value ->> 'request_id', value ->> 'id', value ->> 'status', value ->> 'frame', \
       value ->> 'body' \
     from json_each({rows}) where true \
     on conflict (request_id) do update set status = excluded.status, body = excluded.body",
    // One that was redeemed or revoked stays so: a trigger refuses.
    "insert into credential (jti, request_id, state, issued_at, body) \
     select value ->> 'jti', value ->> 'request_id', value ->> 'state', \
       cast(value ->> 'issued_at' as bigint), value ->> 'body' \
     from json_each({rows}) where true \
     on conflict (jti) do update set state = excluded.state, body = excluded.body",
    "insert into entry (id, request_id, seq, at, kind, actor, leaf, payload, salt) \
     select value ->> 'id', value ->> 'request_id', cast(value ->> 'seq' as bigint), \
       cast(value ->> 'at' as bigint), value ->> 'kind', value ->> 'actor', value ->> 'leaf', \
       value ->> 'payload', value ->> 'salt' \
     from json_each({rows})",
    // A card that waits out a back-off keeps its time; one that was finished is due again.
    "update outbox set want = cast(j.value ->> 'want' as bigint), \
       due_at = case when outbox.state = 'due' then outbox.due_at \
         else cast(j.value ->> 'due_at' as bigint) end, \
       state = 'due' \
     from json_each({rows}) j \
     where outbox.request_id = j.value ->> 'request_id' and outbox.kind in ('card', 'copy') \
       and outbox.state <> 'dead' and outbox.withdrawn is null",
    "insert into outbox (id, kind, request_id, item, lane, target, address, sequence, body, \
       secret, want, shown, state, due_at, fence, attempt, created_at) \
     select value ->> 'id', value ->> 'kind', value ->> 'request_id', \
       cast(value ->> 'item' as bigint), value ->> 'lane', value ->> 'target', \
       value ->> 'address', cast(value ->> 'sequence' as bigint), value ->> 'body', \
       value ->> 'secret', cast(value ->> 'want' as bigint), 0, 'due', \
       cast(value ->> 'due_at' as bigint), 0, 0, cast(value ->> 'due_at' as bigint) \
     from json_each({rows})",
    "insert into delegation (id, request_id, body, state, expires_at, key_id, sealed) \
     select value ->> 'id', value ->> 'request_id', value ->> 'body', 'waiting', \
       cast(value ->> 'expires_at' as bigint), value ->> 'key_id', value ->> 'sealed' \
     from json_each({rows})",
    "delete from delegation where id in (select value ->> 'id' from json_each({rows}))",
    // Whoever lost the lease meanwhile settles nothing.
    "update outbox set state = j.value ->> 'state', error = j.value ->> 'error' \
     from json_each({rows}) j \
     where outbox.id = j.value ->> 'id' and outbox.fence = cast(j.value ->> 'fence' as bigint)",
    "insert into brake (what, at, request_id) \
     select value ->> 'what', cast(value ->> 'at' as bigint), value ->> 'request_id' \
     from json_each({rows}) where true \
     on conflict (what, at, request_id) do nothing",
    // One that was signed off stays so: a trigger refuses.
    "insert into review (request_id, item, state, due_at, body) \
     select value ->> 'request_id', cast(value ->> 'item' as bigint), value ->> 'state', \
       cast(value ->> 'due_at' as bigint), value ->> 'body' \
     from json_each({rows}) where true \
     on conflict (request_id, item) do update set state = excluded.state, body = excluded.body",
];

/// What was never posted has nothing to take back. Apart from the others, because PostgreSQL changes
/// a row once in a statement and the redraw of a request may be in the same batch.
const WITHDRAW: &str = "update outbox set withdrawn = j.value ->> 'why', \
     state = case when outbox.state = 'dead' or outbox.message is null then 'dead' else 'due' end, \
     due_at = cast(j.value ->> 'due_at' as bigint) \
   from json_each($1) j \
   where outbox.request_id = j.value ->> 'request_id' and outbox.kind = 'card' \
     and outbox.item = cast(j.value ->> 'item' as bigint) \
     and outbox.target = j.value ->> 'platform' and outbox.address = j.value ->> 'address'";

/// Statements already joined, by which of them take part. There are few combinations in practice,
/// and the same text lets the driver keep its prepared statement.
#[derive(Debug, Default)]
pub struct Joined(Mutex<HashMap<u32, Arc<str>>>);

/// Writes everything. Nothing is sent where nothing changed.
pub async fn put(
    connection: &mut AnyConnection,
    engine: Engine,
    joined: &Joined,
    slice: &mut Slice,
) -> Result<(), sqlx::Error> {
    let unwritable = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    let withdrawn = rows::withdrawn(slice).map_err(unwritable)?;
    let arrays = rows::arrays(slice).map_err(unwritable)?;
    let mask = mask(&arrays);
    if mask == 0 {
        return Ok(());
    }
    let text = joined.text(engine, mask);
    // Joined from the constants above and nothing else.
    let mut query = sqlx::query(AssertSqlSafe(text));
    for array in arrays.into_iter().flatten() {
        query = query.bind(array);
    }
    query.execute(&mut *connection).await?;
    match withdrawn {
        Some(rows) => sqlx::query(WITHDRAW).bind(rows).execute(connection).await.map(|_| ()),
        None => Ok(()),
    }
}

fn mask(arrays: &rows::Arrays) -> u32 {
    arrays
        .iter()
        .enumerate()
        .filter(|(_, rows)| rows.is_some())
        .fold(0, |mask, (number, _)| mask | (1 << number))
}

impl Joined {
    fn text(&self, engine: Engine, mask: u32) -> Arc<str> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(mask).or_insert_with(|| join(engine, mask).into()).clone()
    }
}

fn join(engine: Engine, mask: u32) -> String {
    let chosen = STATEMENTS.iter().enumerate().filter(|(number, _)| mask & (1 << number) != 0);
    let statements: Vec<String> = chosen
        .enumerate()
        .map(|(place, (_, text))| {
            text.replace("json_each({rows})", &format!("{}(${})", engine.each(), place + 1))
        })
        .collect();
    match (engine, statements.as_slice()) {
        (_, [single]) => single.clone(),
        (Engine::Sqlite, _) => statements.join("; "),
        (Engine::Postgres, _) => {
            let parts: Vec<String> = statements
                .iter()
                .enumerate()
                .map(|(place, text)| format!("p{place} as ({text})"))
                .collect();
            format!("with {} select 1", parts.join(", "))
        }
    }
}

/// Whether a batch changed anything at all.
pub fn is_empty(effects: &Effects) -> bool {
    effects.touches.is_empty()
}
