//! Of any number of redemptions at once, one is answered with yes: by one process, and by two.

use std::time::Instant;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::Value;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::bank::{self, Bank, Spending, claimed};
use crate::office::{BANK_KEY, Office, tell};

/// How many redeem one credential at once, and how many credentials there are: `1000x100`.
const SIZE: &str = "COUNTERSIGN_REDEEM_RACE";
const USUAL: (usize, usize) = (32, 8);

/// What came of one caller.
#[derive(Debug, Default)]
struct Told {
    yes: usize,
    no: usize,
    /// “Not recorded, come back”: the ledger was full.
    later: usize,
}

#[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
fn size() -> (usize, usize) {
    let Ok(text) = std::env::var(SIZE) else { return USUAL };
    let (callers, credentials) = text.split_once('x').expect("two numbers, such as 1000x100");
    (callers.parse().unwrap(), credentials.parse().unwrap())
}

/// Redeems through the whole router of a process, until it gets an answer.
async fn redeem(router: Router, form: String) -> Told {
    let mut told = Told::default();
    loop {
        let request = Request::post("/access/v1/credentials/redeem")
            .header("authorization", format!("Bearer {BANK_KEY}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.clone()))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            told.later += 1;
            tokio::task::yield_now().await;
            continue;
        }
        assert_eq!(response.status(), StatusCode::OK);
        let body = axum::body::to_bytes(response.into_body(), 16 * 1024).await.unwrap();
        let active = serde_json::from_slice::<Value>(&body).unwrap()["active"] == true;
        told.yes += usize::from(active);
        told.no += usize::from(!active);
        return told;
    }
}

async fn all_at_once(routers: &[Router], token: &str, callers: usize) -> Told {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(Spending::of(token).form())
        .finish();
    let mut calls = JoinSet::new();
    for number in 0..callers {
        calls.spawn(redeem(routers[number % routers.len()].clone(), form.clone()));
    }
    calls.join_all().await.into_iter().fold(Told::default(), |sum, told| Told {
        yes: sum.yes + told.yes,
        no: sum.no + told.no,
        later: sum.later + told.later,
    })
}

async fn race(office: &Office, routers: &[Router]) {
    let (callers, credentials) = size();
    let mut tokens = Vec::new();
    for _ in 0..credentials {
        tokens.push(claimed(office).await.1);
    }
    bank::forget_events(office).await;
    let started = Instant::now();
    let (mut yes, mut later) = (0, 0);
    for token in &tokens {
        let told = all_at_once(routers, token, callers).await;
        assert_eq!((told.yes, told.no), (1, callers - 1), "{told:?}");
        yes += told.yes;
        later += told.later;
    }
    let took = started.elapsed();
    for token in &tokens {
        assert_eq!(Bank::of(office).introspect(token).await.body["active"], false);
    }
    let all = callers * credentials;
    eprintln!(
        "redeem race: {callers} callers x {credentials} credentials on two processes: \
         {yes} yes, {} no, {later} told to come back, {took:.1?}, {} a second",
        all - yes,
        all as u128 * 1000 / took.as_millis().max(1),
    );
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
