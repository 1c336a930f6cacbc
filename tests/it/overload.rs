//! More than there is room for: who is turned away is told so at once, and whoever was let in is
//! written.

use countersign::{
    domain::{
        client::Client,
        request::{Context, Draft, GRANT_SCOPE, RequestedAccess},
    },
    refusal::Refusal,
    store::{Store, engine::Engine},
};
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use serde_json::json;
use sqlx::AnyConnection;

use crate::{
    office::{API_KEY, Answer, Office, answer, client, tell},
    patience::PATIENCE,
    race,
};

/// More than both lanes of PostgreSQL have room for.
const CROWD: u64 = 2000;

/// Keeps everybody else from writing until it is dropped.
const HOLD: [&str; 2] = ["begin immediate", "begin; lock table request in exclusive mode"];

async fn hold(store: &Store) -> AnyConnection {
    let mut holder = store.read.acquire().await.unwrap().detach();
    let hold = HOLD[usize::from(matches!(store.engine, Engine::Postgres))];
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();
    holder
}

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
        let mut holder = hold(&store).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn so_many_are_under_way_at_once_and_the_next_is_told_so_at_the_door() {
    const PLACES: usize = 288;
    const TOO_MANY: usize = 40;
    tell(|office| async move {
        let body = json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin", "name": "Shop Admin" },
            "requested_access": { "scope": "report:read" },
        });
        let mut holder = hold(&office.store()).await;
        // One for all: to make a client takes longer than to ask.
        let (client, url) = (client(), format!("{}/access/v1/requests", office.url));
        let ask = || answer(client.post(&url).bearer_auth(API_KEY).json(&body));
        let mut crowd: FuturesUnordered<_> = (0..PLACES + TOO_MANY).map(|_| ask()).collect();
        for _ in 0..TOO_MANY {
            let refused = tokio::time::timeout(PATIENCE, crowd.next()).await.unwrap().unwrap();
            assert_eq!(refused.status, 503, "{}", refused.body);
            assert_eq!(refused.headers["retry-after"], "5");
        }
        sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
        let others: Vec<u16> = crowd.map(|answer| answer.status).collect().await;
        assert!(others.iter().all(|status| [201, 503].contains(status)), "{others:?}");
        let let_in = others.iter().filter(|status| **status == 201).count();
        assert!((256..=PLACES).contains(&let_in), "{let_in}");
        let next = office.ask(&body).await;
        assert_eq!(next.status, 201, "there is room again: {}", next.body);
        office
    })
    .await;
}
