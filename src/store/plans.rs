//! Statements that run again and again may not grow slower with the history: how SQLite goes about
//! them, which keeps no statistics and never scans less than it says.

use sqlx::{AssertSqlSafe, Row};

use super::{Store, card, replay, upkeep};

/// Requests that are open are few, and have an index of their own.
const FEW: &str = "SCAN r USING INDEX request_pending";

async fn scans(store: &Store, statement: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("explain query plan {statement}"));
    let steps = sqlx::query(explain).fetch_all(&store.write).await.unwrap();
    let steps = steps.iter().map(|step| step.get::<String, _>("detail"));
    steps.filter(|step| step.starts_with("SCAN") && step != FEW).collect()
}

#[tokio::test]
async fn what_runs_again_and_again_scans_nothing_that_only_grows() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("plans.db").display());
    let store = Store::open(&url).await.unwrap();
    for statement in [upkeep::FORGET_KEYS, card::OPEN_CARDS, card::UNPOSTED_CARDS, replay::PAGE] {
        assert_eq!(scans(&store, statement).await, Vec::<String>::new(), "{statement}");
    }
    store.close().await;
}
