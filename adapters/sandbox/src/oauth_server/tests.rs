//! The sample server against a service of a few lines, over real HTTP.

use axum::{
    Json, Router,
    body::Body,
    extract::{RawForm, State},
    http::StatusCode,
    routing::post,
};
use countersign_port::webhook_signature::{Message, Signer};
use jiff::SignedDuration;
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::{
    fakes::{SECRET, stage, stage_with},
    stage::Stage,
};

const BODY: &str =
    r#"{"type":"access_request.approved","sequence":1,"task":{"id":"arq_1","status":"approved"}}"#;

/// The same, from a service that gives credentials.
const BODY_WITH_CREDENTIAL: &str = r#"{"type":"access_request.approved","sequence":1,
    "task":{"id":"arq_1","status":"approved"},
    "result":{"credential_endpoint":"http://127.0.0.1:9/access/v1/requests/arq_1/credential"}}"#;

/// Signs as the service would, `ago` before the present of the demo.
async fn call(stage: &Stage, id: &str, body: &str, ago: SignedDuration) -> StatusCode {
    let sent_at = stage.clock.now() - ago;
    let message = Message::new(id, sent_at, body.as_bytes()).unwrap();
    let signature = Signer::new(SECRET.parse().unwrap(), Vec::new(), None).sign(&message);
    deliver(stage, id, &sent_at.as_second().to_string(), &signature, body).await
}

async fn deliver(stage: &Stage, id: &str, at: &str, signature: &str, body: &str) -> StatusCode {
    let request = axum::http::Request::post("/callback")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header("webhook-signature", signature)
        .body(Body::from(body.to_owned()))
        .unwrap();
    stage.server.routes().oneshot(request).await.unwrap().status()
}

fn only_call(stage: &Stage) -> Call {
    match &stage.server.log()[..] {
        [Entry::Called(call)] => call.clone(),
        log => panic!("one call expected: {log:?}"),
    }
}

#[tokio::test]
async fn a_signed_callback_is_taken_and_a_double_is_the_same_line() {
    let stage = stage();
    for _ in 0..2 {
        assert_eq!(call(&stage, "evt_1", BODY, SignedDuration::ZERO).await, StatusCode::NO_CONTENT);
    }
    let call = only_call(&stage);
    assert_eq!((call.event.as_str(), call.request.as_str()), (APPROVED, "arq_1"));
    assert_eq!(call.story(), "signature ok · delivered 2x");
}

#[tokio::test]
async fn what_is_turned_away_comes_again_under_the_same_id() {
    let stage = stage();
    stage.server.answer_callbacks(Switch::Down);
    let first = call(&stage, "evt_1", BODY, SignedDuration::ZERO).await;
    assert_eq!(first, StatusCode::SERVICE_UNAVAILABLE);
    stage.server.answer_callbacks(Switch::Up);
    call(&stage, "evt_1", BODY, SignedDuration::ZERO).await;
    assert_eq!(only_call(&stage).story(), "signature ok · delivered 1x · turned away 1x");
}

#[tokio::test]
async fn a_forged_or_old_callback_is_refused_and_seen() {
    let stage = stage();
    let late = call(&stage, "evt_1", BODY, SignedDuration::from_secs(301)).await;
    assert_eq!(late, StatusCode::UNAUTHORIZED);
    let now = stage.clock.now().as_second().to_string();
    for signature in ["", "v1,", "v1,AAAA"] {
        let forged = deliver(&stage, "evt_2", &now, signature, BODY).await;
        assert_eq!(forged, StatusCode::UNAUTHORIZED);
    }
    let log = stage.server.log();
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|entry| matches!(entry, Entry::Forged { .. })));
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_refused() {
    let answer = call(&stage(), "evt_1", "{}", SignedDuration::ZERO).await;
    assert_eq!(answer, StatusCode::BAD_REQUEST);
}

/// What the little service was sent.
type Seen = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

fn service(seen: Seen) -> Router {
    let spent = Arc::new(Mutex::new(false));
    Router::new()
        .route("/access/v1/requests", post(take))
        .route(
            "/access/v1/requests/arq_1/credential",
            post(async || Json(json!({ "credential": "jws" }))),
        )
        .with_state(seen)
        .route("/access/v1/credentials/redeem", post(redeem).with_state(spent))
}

async fn take(
    State(seen): State<Seen>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let refused = body["requested_access"]["scope"] == "report:read";
    seen.lock().unwrap().push((headers, body));
    if refused {
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": "unknown scope" })));
    }
    let task = json!({ "task": { "id": "arq_1", "display": { "number": 42 } } });
    (StatusCode::ACCEPTED, Json(task))
}

async fn redeem(State(spent): State<Arc<Mutex<bool>>>, RawForm(form): RawForm) -> Json<Value> {
    let hash = scenario::transfer_hash().unwrap();
    let wanted = format!("token=jws&params_hash={hash}&sid={}", scenario::SESSION);
    assert_eq!(form, wanted.as_bytes());
    let replayed = std::mem::replace(&mut *spent.lock().unwrap(), true);
    Json(json!({ "active": !replayed }))
}

/// Runs a story beside the little service; nothing outlives it.
async fn beside_a_service<F: Future<Output = ()>>(story: impl FnOnce(Stage, Seen) -> F) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = stage_with(format!("http://{}", listener.local_addr().unwrap()));
    let seen = Seen::default();
    tokio::select! {
        stopped = axum::serve(listener, service(Arc::clone(&seen))) => panic!("{stopped:?}"),
        () = story(stage, seen) => {}
    }
}

#[tokio::test]
async fn asking_sends_the_key_and_reads_the_task() {
    beside_a_service(async |stage, seen: Seen| {
        let asked = stage.server.send(Scenario::DeleteAccount).await.unwrap();
        assert_eq!(asked.request.as_deref(), Some("arq_1"));
        assert_eq!(asked.number.as_deref(), Some("42"));
        let again = stage.server.send(Scenario::ReadReport).await.unwrap();
        assert_eq!((again.status, again.problem.as_deref()), (422, Some("unknown scope")));
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].0["authorization"], "Bearer cs_demo_key");
        assert_ne!(seen[0].0["idempotency-key"], seen[1].0["idempotency-key"]);
        assert_eq!(stage.server.log().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_approved_transfer_is_spent_once() {
    beside_a_service(async |stage, _| {
        stage.server.send(Scenario::Transfer).await.unwrap();
        assert!(stage.server.spendable().is_empty(), "not approved yet");
        call(&stage, "evt_1", BODY_WITH_CREDENTIAL, SignedDuration::ZERO).await;
        assert_eq!(stage.server.spendable(), ["arq_1"]);
        assert!(stage.server.redeem("arq_1").await.unwrap());
        assert!(!stage.server.redeem("arq_1").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn without_a_credential_endpoint_there_is_nothing_to_spend() {
    beside_a_service(async |stage, _| {
        stage.server.send(Scenario::Transfer).await.unwrap();
        call(&stage, "evt_1", BODY, SignedDuration::ZERO).await;
        assert!(stage.server.log().iter().any(|entry| entry.delivered().is_some()));
        assert!(stage.server.spendable().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_an_error() {
    let error = stage().server.send(Scenario::WriteProd).await.unwrap_err();
    assert!(matches!(error, Unanswered::Http(_)));
}
