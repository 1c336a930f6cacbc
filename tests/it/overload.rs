//! More than there is room for: who is turned away is told so at once, and whoever was let in is
//! written.

use countersign::{
    domain::{
        client::Client,
        request::{Context, Draft, GRANT_SCOPE, RequestedAccess},
    },
    refusal::Refusal,
    store::engine::Engine,
};
use futures::future::join_all;
use serde_json::json;

use crate::{
    office::{Answer, Office, tell},
    patience::PATIENCE,
    race,
};

/// More than both lanes of PostgreSQL have room for.
const CROWD: u64 = 2000;

/// Keeps everybody else from writing until it is dropped.
const HOLD: [&str; 2] = ["begin immediate", "begin; lock table request in exclusive mode"];

fn read() -> Draft {
    let scopes = vec!["report:read".to_owned()];
    let requested = RequestedAccess { scopes, ..RequestedAccess::default() };
    race::draft(GRANT_SCOPE, requested, Context::default())
}

/// Asks for nothing sensible until nobody reads it any more.
async fn turned_away(office: &Office) -> Answer {
    loop {
        let answer = office.ask(&json!({ "nobody": "reads this" })).await;
        match answer.status {
            400 => tokio::task::yield_now().await,
            _ => return answer,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_let_in_or_told_to_come_back_and_nothing_is_half_done() {
    tell(|office| async move {
        let store = office.store();
        let mut holder = store.read.acquire().await.unwrap().detach();
        let hold = HOLD[usize::from(matches!(store.engine, Engine::Postgres))];
        sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();
        let client = Client { pending_limit: None, ..race::client() };
        let crowd = join_all((0..CROWD).map(|_| office.app.service.open(&client, read(), None)));
        let door = async {
            let answer = tokio::time::timeout(PATIENCE, turned_away(&office)).await.unwrap();
            assert_eq!(
                (answer.status, answer.problem()),
                (503, "urn:countersign:error:unavailable"),
                "{}",
                answer.body
            );
            assert_eq!(answer.headers["retry-after"], "5");
            assert!(answer.headers.contains_key("x-request-id"));
            sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
        };
        let (crowd, ()) = tokio::join!(crowd, door);
        let let_in = crowd.iter().filter(|opened| opened.is_ok()).count();
        let refused = crowd.iter().filter(|opened| matches!(opened, Err(Refusal::Unavailable)));
        assert_eq!(let_in + refused.count(), crowd.len());
        let count = "select count(*) from request";
        let written: i64 = sqlx::query_scalar(count).fetch_one(&store.read).await.unwrap();
        assert_eq!(usize::try_from(written).unwrap(), let_in);
        assert!((256..crowd.len()).contains(&let_in), "{let_in}");
        office
    })
    .await;
}
