//! What a token endpoint is sent, and which of its answers are tokens.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use tokio::net::TcpListener;

use super::*;
use crate::{Settings, target::Allow};

/// A token endpoint that keeps what it was sent.
#[derive(Clone)]
struct Login {
    answer: (u16, &'static str),
    seen: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

async fn asked(proof: Proof, answer: (u16, &'static str)) -> (Result<Granted, NoToken>, Login) {
    let login = Login { answer, seen: Arc::default() };
    let give = |State(login): State<Login>, headers: HeaderMap, body: String| async move {
        login.seen.lock().unwrap().push((headers, body));
        (StatusCode::from_u16(login.answer.0).unwrap(), login.answer.1)
    };
    let router = Router::new().route("/token", post(give)).with_state(login.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = ClientCredentials {
        token_url: url.parse().unwrap(),
        client_id: "counter sign".to_owned(),
        proof,
        scope: Some("hooks.write".to_owned()),
        resource: Some("https://crm.example/".to_owned()),
    };
    let allow = Allow { networks: vec!["127.0.0.1/32".parse().unwrap()], ports: Vec::new() };
    let egress = Egress::new(Settings { allow, ..Settings::default() }).unwrap();
    (client.ask(&egress).await, login)
}

const GOOD: (u16, &str) = (200, r#"{"access_token":"at-1","token_type":"bearer","expires_in":60}"#);
const SCOPE: &str = "scope=hooks.write&resource=https%3A%2F%2Fcrm.example%2F";

#[tokio::test]
async fn a_client_proves_itself_in_one_place() {
    let (granted, login) = asked(Proof::Basic("p:ä".into()), GOOD).await;
    assert_eq!(granted.unwrap().life, Duration::from_mins(1));
    let (headers, form) = login.seen.lock().unwrap().pop().unwrap();
    assert_eq!(form, format!("grant_type=client_credentials&{SCOPE}"));
    let pair = STANDARD.encode("counter+sign:p%3A%C3%A4");
    assert_eq!(headers[AUTHORIZATION], format!("Basic {pair}"));

    let (granted, login) = asked(Proof::Post("s3cr3t".into()), GOOD).await;
    assert_eq!(granted.unwrap().access_token.expose_secret(), "at-1");
    let (headers, form) = login.seen.lock().unwrap().pop().unwrap();
    let wanted = format!(
        "grant_type=client_credentials&client_id=counter+sign&{SCOPE}&client_secret=s3cr3t"
    );
    assert_eq!(form, wanted);
    assert!(!headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn an_assertion_is_read_each_time() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "ey.assertion\n").unwrap();
    let (granted, login) = asked(Proof::Assertion(file.path().to_owned()), GOOD).await;
    granted.unwrap();
    let (_, form) = login.seen.lock().unwrap().pop().unwrap();
    assert!(form.ends_with("&client_assertion=ey.assertion"), "{form}");
    let (granted, login) = asked(Proof::Assertion("/nowhere".into()), GOOD).await;
    assert!(matches!(granted, Err(NoToken::NoAssertion(_))), "{granted:?}");
    assert!(login.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_bearer_token_is_none() {
    for (status, answer, why) in [
        (200, "", "the answer is no bearer token"),
        (200, "{}", "the answer is no bearer token"),
        (200, r#"{"access_token":""}"#, "the answer is no bearer token"),
        (200, r#"{"access_token":"a","token_type":"DPoP"}"#, "the answer is no bearer token"),
        (200, r#"{"access_token":"a","expires_in":-1}"#, "the answer is no bearer token"),
        (302, "", "the answer was 302 ``"),
        (400, r#"{"error":"invalid_client"}"#, "the answer was 400 `invalid_client`"),
        (401, r#"{"error":"see <secret>"}"#, "the answer was 401 ``"),
        (503, "away", "the answer was 503 ``"),
    ] {
        let (granted, _) = asked(Proof::Basic("s".into()), (status, answer)).await;
        assert_eq!(granted.unwrap_err().to_string(), why, "{status} {answer}");
    }
    let (granted, _) = asked(Proof::Basic("s".into()), (200, r#"{"access_token":"a"}"#)).await;
    assert_eq!(granted.unwrap().life, Duration::from_mins(5));
}

#[tokio::test]
async fn an_endpoint_that_is_ours_is_not_called() {
    let client = ClientCredentials {
        token_url: "https://10.0.0.1/token".parse().unwrap(),
        client_id: "c".to_owned(),
        proof: Proof::Basic("canary".into()),
        scope: None,
        resource: None,
    };
    let egress = Egress::new(Settings::default()).unwrap();
    let refused = client.ask(&egress).await;
    assert!(matches!(refused, Err(NoToken::Blocked(_))), "{refused:?}");
    assert!(!format!("{client:?} {refused:?}").contains("canary"));
}
