//! What comes in: bad input gets a clear error and leaves nothing behind.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::office::{API_KEY, Answer, Office, answer, client, tell};

fn good(office: &Office) -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop-admin", "name": "Shop Admin" },
        "requested_access": { "scope": "prod:orders:write" },
        "callback": { "endpoint": office.receiver.endpoint },
    })
}

async fn raw(office: &Office, body: impl Into<String>) -> Answer {
    let url = format!("{}/access/v1/requests", office.url);
    let request = client().post(url).bearer_auth(API_KEY);
    answer(request.header("content-type", "application/json").body(body.into())).await
}

fn with(office: &Office, path: &str, value: Value) -> Value {
    let mut body = good(office);
    match path.rsplit_once('/') {
        Some((parent, name)) => body.pointer_mut(parent).unwrap()[name] = value,
        None => body[path] = value,
    }
    body
}

async fn nothing_was_stored(office: &Office) {
    let count: i64 = sqlx::query_scalar("select count(*) from request")
        .fetch_one(&office.store().read)
        .await
        .unwrap();
    assert_eq!(count, 0);
    office.settle().await;
    assert!(office.sandbox.messages("shop-approvals").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_bad_input_has_its_own_problem() {
    tell(|office| async move {
        let invalid = "urn:countersign:error:invalid_request";
        let cases = [
            (with(&office, "colour", json!("red")), 400, invalid),
            (with(&office, "/subject/id", json!(7)), 400, invalid),
            (
                with(&office, "/requested_access/scope", json!("prod:nothing")),
                422,
                "urn:countersign:error:invalid_scope",
            ),
            (
                with(&office, "/callback/endpoint", json!("https://evil.example/x")),
                400,
                "urn:countersign:error:invalid_callback",
            ),
            (
                with(&office, "/subject/properties", json!({ "groups": ["security"] })),
                403,
                "urn:countersign:error:forbidden_claim",
            ),
            (
                with(&office, "/requested_access/requested_until", json!("2020-01-01T00:00:00Z")),
                400,
                invalid,
            ),
        ];
        for (body, status, problem) in cases {
            let answer = office.ask(&body).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (status, problem),
                "{body}\n{}",
                answer.body
            );
            assert!(answer.body["detail"].as_str().unwrap().len() > 10);
        }
        nothing_was_stored(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_i_json_is_refused_before_any_parser() {
    tell(|office| async move {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let bodies = [
            r#"{"subject":{"type":"user","id":"dana"},"subject":{"type":"user","id":"erin"}}"#
                .to_owned(),
            r#"{"context":{"parameters":{"n":9007199254740993}}}"#.to_owned(),
            format!(r#"{{"context":{deep}}}"#),
            "{}{}".to_owned(),
            "[]".to_owned(),
        ];
        for body in bodies {
            let answer = raw(&office, body.clone()).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (400, "urn:countersign:error:not_i_json"),
                "{body}\n{}",
                answer.body
            );
        }
        let large = raw(&office, format!(r#"{{"a":"{}"}}"#, "x".repeat(65 * 1024))).await;
        assert_eq!(large.status, 413, "{}", large.body);
        nothing_was_stored(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_is_told_nothing() {
    tell(|office| async move {
        let url = format!("{}/access/v1/requests", office.url);
        for key in ["", "cs_shop_wrong", "cs_nobody_00000000000000000000000000000000"] {
            let request = client().post(&url).bearer_auth(key).json(&good(&office));
            let answer = answer(request).await;
            assert_eq!(answer.status, 401, "{}", answer.body);
            assert!(answer.headers.contains_key("www-authenticate"));
        }
        let unknown = office.get("arq_00000000000000000000000000").await;
        let malformed = office.get("1%20or%201").await;
        assert_eq!((unknown.status, malformed.status), (404, 404));
        assert_eq!(unknown.body["detail"], malformed.body["detail"]);
        nothing_was_stored(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_body_is_the_same_request() {
    tell(|office| async move {
        let body = good(&office);
        let key = [("idempotency-key", "k-1")];
        let answers = join_all((0..8).map(|_| office.ask_with(&body, &key))).await;
        let first = answers[0].body["task"]["id"].clone();
        for answer in &answers {
            assert_eq!(answer.status, 202, "{}", answer.body);
            assert_eq!(answer.body["task"]["id"], first);
        }
        // Other order and spacing of the same members is the same body.
        let text = serde_json::to_string_pretty(&body).unwrap();
        let url = format!("{}/access/v1/requests", office.url);
        let request = client().post(url).bearer_auth(API_KEY).header("idempotency-key", "\"k-1\"");
        let again = answer(request.header("content-type", "application/json").body(text)).await;
        assert_eq!(again.body["task"]["id"], first);
        let other = with(&office, "/requested_access/scope", json!("report:read"));
        let answer = office.ask_with(&other, &key).await;
        assert_eq!(answer.status, 409, "{}", answer.body);
        assert_eq!(answer.problem(), "urn:openid:authzen:access-request:error:duplicate_request");
        office.settle().await;
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 1);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_a_day_after_the_end() {
    tell(|office| async move {
        let body = good(&office);
        let key = [("idempotency-key", "k-1")];
        let id = |answer: &Answer| answer.body["task"]["id"].as_str().unwrap().to_owned();
        let first = id(&office.ask_with(&body, &key).await);
        office.cancel(&first, &json!({})).await;
        office.settle().await;
        assert_eq!(office.receiver.events(), ["access_request.cancelled"]);
        office.advance(SignedDuration::from_hours(24)).await;
        office.forget().await;
        assert_eq!(id(&office.ask_with(&body, &key).await), first, "a day, to the instant");
        office.advance(SignedDuration::from_secs(1)).await;
        office.forget().await;
        let second = id(&office.ask_with(&body, &key).await);
        assert_ne!(second, first);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_happen_and_stores_nothing() {
    tell(|office| async move {
        let answer = office.ask(&with(&office, "dry_run", json!(true))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.to_string().contains("write to production"), "{}", answer.body);
        nothing_was_stored(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_honest() {
    tell(|office| async move {
        let get = async |path: &str| {
            let response = client().get(format!("{}{path}", office.url)).send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        assert_eq!(get("/livez").await.0, 200);
        assert_eq!(get("/readyz").await.0, 200);
        office.ask(&good(&office)).await;
        let (status, metrics) = get("/metrics").await;
        assert_eq!(status, 200);
        assert!(metrics.contains("countersign_"), "{metrics}");
        assert_eq!(get("/openapi.json").await.0, 200);
        assert_eq!(get("/nothing").await.0, 404);
        office.settle().await;
        office
    })
    .await;
}
