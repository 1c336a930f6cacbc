//! On PostgreSQL: somebody holds a lock and does not let go, or the network goes in the middle of a
//! commit. Nobody waits for long, and everybody is told the truth.

use futures::future::join_all;
use serde_json::json;
use sqlx::{AnyConnection, Connection, Row};

use crate::{
    database::Database,
    office::{Answer, Office},
    patience::PATIENCE,
};

const LOCK: &str = "select id from request where id = $1 for update";

async fn ask(office: &Office, why: &str) -> Answer {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop-admin", "name": "Shop Admin" },
        "requested_access": { "scope": "prod:orders:write" },
        "context": { "justification": why },
    });
    office.ask(&body).await
}

async fn pending(office: &Office, why: &str) -> String {
    let answer = ask(office, why).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

async fn withdraw(office: &Office, id: &str) -> Answer {
    let why = json!({ "reason": "not needed" });
    tokio::time::timeout(PATIENCE, office.cancel(id, &why)).await.expect("an answer in time")
}

async fn count(office: &Office, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&office.store().read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_about_a_request_that_somebody_holds_is_told_so_and_the_others_go_on() {
    let Some(database) = Database::postgres().await else { return };
    let office = Office::open(database.setting("lock_timeout=200ms")).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(pending(&office, &format!("Reason {number}")).await);
    }
    let mut holder = AnyConnection::connect(&office.database_url()).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    sqlx::query(LOCK).bind(&ids[0]).execute(&mut *held).await.unwrap();
    let answers = join_all(ids.iter().map(|id| withdraw(&office, id))).await;
    let (about_held, others) = answers.split_first().unwrap();
    assert_eq!(
        (about_held.status, about_held.problem()),
        (503, "urn:countersign:error:unavailable")
    );
    for other in others {
        assert_eq!((other.status, &other.body["task"]["status"]), (200, &json!("cancelled")));
    }
    held.rollback().await.unwrap();
    holder.close().await.unwrap();
    assert_eq!(withdraw(&office, &ids[0]).await.status, 200);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_gone_in_the_middle_of_a_batch_lets_go_of_what_it_had_locked() {
    let Some(database) = Database::postgres().await else { return };
    let office = Office::open(database.setting("idle_in_transaction_session_timeout=300ms")).await;
    let id = pending(&office, "Fix order 4711").await;
    let store = office.store();
    let mut gone = store.write.begin().await.unwrap();
    sqlx::query(LOCK).bind(&id).execute(&mut *gone).await.unwrap();
    assert_eq!(withdraw(&office, &id).await.status, 200);
    drop(gone);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_waits_and_holds_for_so_long_and_no_longer() {
    let Some(database) = Database::postgres().await else { return };
    let office = Office::open(database).await;
    let store = office.store();
    let mut writers = Vec::new();
    while let Some(writer) = store.write.try_acquire() {
        writers.push(writer);
    }
    assert!(!writers.is_empty());
    for writer in &mut writers {
        for (setting, value) in [
            ("show lock_timeout", "6s"),
            ("show idle_in_transaction_session_timeout", "10s"),
            ("show statement_timeout", "0"),
            ("show tcp_keepalives_idle", "10"),
            ("show tcp_user_timeout", "15000"),
        ] {
            let shown: String = sqlx::query_scalar(setting).fetch_one(&mut **writer).await.unwrap();
            assert_eq!(shown, value, "{setting}");
        }
    }
    drop(writers);
    let row = sqlx::query("show tcp_keepalives_idle").fetch_one(&store.read).await.unwrap();
    assert_eq!(row.get::<String, _>(0), "10");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_told_of_a_commit_is_answered_as_if_they_were() {
    let Some(database) = Database::postgres().await else { return };
    let (database, wire) = database.over_a_wire().await;
    let office = Office::open(database).await;
    wire.lose_the_answer_to_a_commit();
    let id = pending(&office, "Fix order 4711").await;
    assert!(wire.is_as_ever(), "the answer was lost");
    assert_eq!(count(&office, "select count(*) from request").await, 1);
    assert_eq!(count(&office, "select count(*) from entry").await, 1);
    wire.lose_the_answer_to_a_commit();
    let withdrawn = withdraw(&office, &id).await;
    assert!(wire.is_as_ever(), "the answer was lost");
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    assert_eq!(withdraw(&office, &id).await.status, 409, "by another call");
    assert_eq!(count(&office, "select count(*) from entry").await, 2);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_fallen_silent_is_left_for_another() {
    let Some(database) = Database::postgres().await else { return };
    let (database, wire) = database.over_a_wire().await;
    // Else the session at the other end holds its locks until the server ends it.
    let database = database.setting("idle_in_transaction_session_timeout=1s");
    let office = Office::open(database).await;
    let id = pending(&office, "Fix order 4711").await;
    wire.fall_silent_at_a_commit();
    assert_eq!(withdraw(&office, &id).await.status, 200);
    assert!(wire.is_as_ever(), "it fell silent");
    office.close().await;
}
