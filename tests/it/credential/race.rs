//! Of any number of redemptions at once, one is answered with yes: by one process, and by two.

use axum::{Router, body::Body, http::Request};
use futures::future::join_all;
use serde_json::Value;
use tower::ServiceExt;

use super::bank::{self, Bank, Spending, claimed};
use crate::office::{BANK_KEY, Office, tell};

const CALLERS: usize = 32;
const CREDENTIALS: usize = 8;

/// Redeems through the whole router of a process.
async fn redeem(router: Router, form: String) -> bool {
    let request = Request::post("/access/v1/credentials/redeem")
        .header("authorization", format!("Bearer {BANK_KEY}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = axum::body::to_bytes(response.into_body(), 16 * 1024).await.unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["active"] == true
}

async fn winners(routers: &[Router], token: &str) -> usize {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(Spending::of(token).form())
        .finish();
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let router = routers[number % routers.len()].clone();
        callers.spawn(redeem(router, form.clone()));
    }
    callers.join_all().await.into_iter().filter(|won| *won).count()
}

async fn race(office: &Office, routers: &[Router]) {
    let mut tokens = Vec::new();
    for _ in 0..CREDENTIALS {
        tokens.push(claimed(office).await.1);
    }
    let won = join_all(tokens.iter().map(|token| winners(routers, token))).await;
    assert_eq!(won, [1; CREDENTIALS]);
    for token in &tokens {
        assert_eq!(Bank::of(office).introspect(token).await.body["active"], false);
    }
    bank::forget_events(office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_redemptions_at_once_one_wins() {
    tell(|office| async move {
        let (one, here) = office.listening_replica().await;
        let (two, there) = office.listening_replica().await;
        race(&office, &[here, there]).await;
        one.stop().await;
        two.stop().await;
        office
    })
    .await;
}
