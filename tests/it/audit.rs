//! The history as an auditor reads it: every search, page by page, against the plainest search
//! there is.

use countersign::{
    domain::{audit::Kind, outcome::Status},
    store::{
        Store,
        cursor::Position,
        decisions, entries,
        filter::{Candidate, EntryFilter, Filter, Moment, Voted},
    },
};
use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;
use sqlx::AnyConnection;

use crate::database::Database;

const REQUESTS: usize = 1_500;
const SEARCHES: u64 = 25;

const CLIENTS: &[&str] = &["crm", "erp", "shop"];
const SUBJECTS: &[&str] = &["ana", "Ben", "cyd", "Řehoř"];
const PEOPLE: &[&str] = &["erin", "farid", "gus"];
const PARTS: &[&str] = &["orders:read", "orders:write", "transfer", "say \"hi\"", "ORDERS:READ"];
const RULES: &[&str] = &["reads", "writes", "money"];
const CHANNELS: &[&str] = &["leads", "security"];
const STATUSES: &[Status] =
    &[Status::Approved, Status::Denied, Status::Expired, Status::Cancelled, Status::Partial];
const KINDS: &[Kind] = &[Kind::RequestOpened, Kind::VoteCast, Kind::VoteRefused];

/// A request as the plainest search knows it.
struct Known {
    candidate: Candidate,
    approvers: Vec<&'static str>,
    decided_us: Option<i64>,
    entries: Vec<KnownEntry>,
}

struct KnownEntry {
    id: String,
    at_us: i64,
    kind: Kind,
    actor: String,
}

/// What PostgreSQL has read of requests in this transaction.
const READ: &str = "select cast(coalesce(sum(seq_tup_read + idx_tup_fetch), 0) as bigint) \
    from pg_stat_xact_user_tables where relname = 'request'";

const PENDING: &str = "select r.id from request r \
    where not exists (select 1 from outcome o where o.request_id = r.id) limit 1";

const DECIDE: &str = "insert into outcome (request_id, status, at, body) \
    values ($1, 'denied', 1, '{}')";

#[tokio::test]
async fn a_decision_is_noted_without_a_look_at_any_other() {
    let Some(database) = Database::postgres().await else { return };
    let store = Store::open(&database.url()).await.unwrap();
    fill(&store).await;
    let mut tx = store.write.begin().await.unwrap();
    let id: String = sqlx::query_scalar(PENDING).fetch_one(&mut *tx).await.unwrap();
    let before: i64 = sqlx::query_scalar(READ).fetch_one(&mut *tx).await.unwrap();
    sqlx::query(DECIDE).bind(&id).execute(&mut *tx).await.unwrap();
    let after: i64 = sqlx::query_scalar(READ).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(after - before, 1);
    let terms = "select count(*) from decision_term where request_id = $1";
    let terms: i64 = sqlx::query_scalar(terms).bind(&id).fetch_one(&mut *tx).await.unwrap();
    assert!(terms > 0);
    tx.rollback().await.unwrap();
    store.close().await;
    database.drop().await;
}

#[tokio::test]
async fn every_search_finds_what_a_plain_search_finds() {
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let store = Store::open(&database.url()).await.unwrap();
        let known = fill(&store).await;
        for seed in 0..SEARCHES {
            let mut dice = StdRng::seed_from_u64(seed);
            let (filter, own) = (any_filter(&mut dice), any_entry_filter(&mut dice));
            let limit = *[20, 50, 500].choose(&mut dice).unwrap();
            let found = all_decisions(&store, &filter, limit).await;
            assert_eq!(found, plain_decisions(&known, &filter), "seed {seed}: {filter:?}");
            let found = all_entries(&store, &filter, &own, limit).await;
            let expected = plain_entries(&known, &filter, &own);
            assert_eq!(found, expected, "seed {seed}: {filter:?} {own:?}");
        }
        store.close().await;
        database.drop().await;
    }
}

async fn all_decisions(store: &Store, filter: &Filter, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut below = Some(Position::start(filter));
    while let Some(place) = below {
        let page = decisions::page(&store.read, filter, place, limit).await.unwrap();
        assert!(page.items.len() <= limit);
        found.extend(page.items.into_iter().map(|decision| decision.request_id));
        below = page.next;
    }
    found
}

async fn all_entries(
    store: &Store,
    filter: &Filter,
    own: &EntryFilter,
    limit: usize,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut below = Some(Position::start(filter));
    while let Some(place) = below {
        let page = entries::page(&store.read, filter, own, place, limit).await.unwrap();
        assert!(page.items.len() <= limit);
        let ids = page.items.iter().map(|entry| entry.leaf().id.to_string());
        found.extend(ids);
        below = page.next;
    }
    found
}

fn plain_decisions(known: &[Known], filter: &Filter) -> Vec<String> {
    let mut found: Vec<(i64, &str)> = known
        .iter()
        .filter(|request| fits(request, filter))
        .filter_map(|request| Some((request.decided_us?, request.candidate.request_id.as_str())))
        .filter(|(at_us, _)| is_in_time(filter, *at_us))
        .collect();
    found.sort_unstable();
    found.into_iter().rev().map(|(_, id)| id.to_owned()).collect()
}

fn plain_entries(known: &[Known], filter: &Filter, own: &EntryFilter) -> Vec<String> {
    let mut found: Vec<(i64, &str)> = known
        .iter()
        .filter(|request| fits(request, filter))
        .filter(|request| {
            own.request_id.as_ref().is_none_or(|id| id.as_str() == request.candidate.request_id)
        })
        .flat_map(|request| &request.entries)
        .filter(|entry| own.kind.is_none_or(|kind| kind == entry.kind))
        .filter(|entry| own.actor.as_ref().is_none_or(|actor| *actor == entry.actor))
        .filter(|entry| is_in_time(filter, entry.at_us))
        .map(|entry| (entry.at_us, entry.id.as_str()))
        .collect();
    found.sort_unstable();
    found.into_iter().rev().map(|(_, id)| id.to_owned()).collect()
}

fn fits(request: &Known, filter: &Filter) -> bool {
    let voted = filter.approver.as_ref().is_some_and(|who| request.approvers.contains(&&**who));
    let wanted_approver = if voted { Voted::Yes } else { Voted::No };
    filter.matches(&Candidate { wanted_approver, ..request.candidate.clone() })
}

fn is_in_time(filter: &Filter, at_us: i64) -> bool {
    filter.from.is_none_or(|from| from.0.as_microsecond() <= at_us)
        && filter.to.is_none_or(|to| at_us < to.0.as_microsecond())
}

fn any_filter(dice: &mut StdRng) -> Filter {
    let mut word = |words: &[&str]| {
        let word = (*words.choose(dice).unwrap()).to_owned();
        dice.random_bool(0.2).then_some(word)
    };
    let mut filter = Filter {
        client: word(CLIENTS),
        subject: word(SUBJECTS),
        approver: word(PEOPLE),
        scope: word(PARTS),
        action: word(PARTS),
        rule: word(RULES),
        channel: word(CHANNELS),
        q: word(&["CRM", "orders:", "ŘEH", "00003", "nobody", "\"hi\""]),
        ..Filter::default()
    };
    let mut moment = || {
        let at = Timestamp::from_second(dice.random_range(0..900)).unwrap();
        dice.random_bool(0.2).then_some(Moment(at))
    };
    (filter.from, filter.to) = (moment(), moment());
    filter.outcome = dice.random_bool(0.2).then(|| *STATUSES.choose(dice).unwrap());
    filter
}

fn any_entry_filter(dice: &mut StdRng) -> EntryFilter {
    let number = dice.random_range(0..REQUESTS);
    EntryFilter {
        kind: dice.random_bool(0.2).then(|| *KINDS.choose(dice).unwrap()),
        actor: dice.random_bool(0.2).then(|| (*PEOPLE.choose(dice).unwrap()).to_owned()),
        request_id: dice.random_bool(0.1).then(|| request_id(number).parse().unwrap()),
    }
}

fn request_id(number: usize) -> String {
    format!("arq_{number:026}")
}

fn some(dice: &mut StdRng, words: &[&str]) -> Vec<String> {
    let count = dice.random_range(0..=2);
    words.choose_multiple(dice, count).map(|word| (*word).to_owned()).collect()
}

/// Requests of all kinds; many at the same instant, some undecided.
async fn fill(store: &Store) -> Vec<Known> {
    let mut dice = StdRng::seed_from_u64(7);
    let known: Vec<Known> = (0..REQUESTS).map(|number| any_request(&mut dice, number)).collect();
    let mut tx = store.write.begin_with(store.engine.begin()).await.unwrap();
    for request in &known {
        insert(&mut tx, request).await;
    }
    tx.commit().await.unwrap();
    known
}

fn any_request(dice: &mut StdRng, number: usize) -> Known {
    let decided_us = dice.random_bool(0.9).then(|| dice.random_range(0..900) * 1_000_000);
    let status = decided_us.map_or(Status::Pending, |_| *STATUSES.choose(dice).unwrap());
    let entries = (0..dice.random_range(1..=3_usize)).map(|entry| KnownEntry {
        id: format!("aud_{:026}", number * 10 + entry),
        at_us: dice.random_range(0..900) * 1_000_000,
        kind: *KINDS.choose(dice).unwrap(),
        actor: (*PEOPLE.choose(dice).unwrap()).to_owned(),
    });
    let entries = entries.collect();
    let votes = dice.random_range(0..=2);
    Known {
        candidate: Candidate {
            request_id: request_id(number),
            client: (*CLIENTS.choose(dice).unwrap()).to_owned(),
            subject: (*SUBJECTS.choose(dice).unwrap()).to_owned(),
            status: status.as_str().to_owned(),
            parts: some(dice, PARTS),
            rules: some(dice, RULES),
            channels: some(dice, CHANNELS),
            wanted_approver: Voted::No,
        },
        approvers: PEOPLE.choose_multiple(dice, votes).copied().collect(),
        decided_us,
        entries,
    }
}

/// Writes the rows in the order in which the ledger writes them.
async fn insert(tx: &mut AnyConnection, request: &Known) {
    let Candidate { request_id, client, subject, status, parts, rules, channels, .. } =
        &request.candidate;
    let names: Vec<_> = parts.iter().map(|part| json!({ "name": part })).collect();
    let plans = json!([{ "policy_sha256": "ab", "parts": names }]);
    sqlx::query(
        "insert into request (id, client, subject, rules, parts, channels, body, plans, number, \
           opened_at, version, seq, sequence, settled_at) \
         values ($1, $2, $3, $4, $5, $6, '{}', $7, 10, 0, 1, 1, 0, cast($8 as bigint))",
    )
    .bind(request_id)
    .bind(client)
    .bind(subject)
    .bind(json!(rules).to_string())
    .bind(json!(parts).to_string())
    .bind(json!(channels).to_string())
    .bind(plans.to_string())
    .bind(request.decided_us)
    .execute(&mut *tx)
    .await
    .unwrap();
    for person in &request.approvers {
        let body = json!({ "person": person, "name": person, "item": 0, "asks": [0],
            "verdict": { "verdict": "approve" }, "cast_at": "1970-01-01T00:00:00Z" });
        sqlx::query(
            "insert into vote (request_id, item, person, body, cast_at) \
             values ($1, 0, $2, $3, 0)",
        )
        .bind(request_id)
        .bind(*person)
        .bind(body.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    }
    if let Some(at_us) = request.decided_us {
        let at = Timestamp::from_microsecond(at_us).unwrap();
        let body = json!({ "status": status, "at": at, "items": [{ "status": "expired" }] });
        sqlx::query("insert into outcome (request_id, status, at, body) values ($1, $2, $3, $4)")
            .bind(request_id)
            .bind(status)
            .bind(at_us)
            .bind(body.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    for (seq, entry) in request.entries.iter().enumerate() {
        let at = Timestamp::from_microsecond(entry.at_us).unwrap();
        let leaf = json!({ "v": 1, "id": entry.id, "at": at, "kind": entry.kind,
            "request_id": request_id, "seq": seq + 1, "actor": entry.actor, "facts": {},
            "payload": "00" });
        sqlx::query(
            "insert into entry (id, request_id, seq, at, kind, actor, leaf) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&entry.id)
        .bind(request_id)
        .bind(i64::try_from(seq).unwrap() + 1)
        .bind(entry.at_us)
        .bind(entry.kind.as_str())
        .bind(&entry.actor)
        .bind(leaf.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    }
}
