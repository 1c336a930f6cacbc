//! When the login is asked for a token, and what happens while it is away.

use futures::FutureExt;
use http::Method;
use serde_json::json;

use super::*;
use crate::fakes::{APP, Stage, egress, settings};

fn tokens(stage: &Stage) -> Tokens {
    Tokens::new(egress(), &settings(&stage.address), stage.now())
}

async fn token(tokens: &Tokens) -> Result<String, Failure> {
    tokens.get().await.map(|token| token.expose_secret().to_owned())
}

#[tokio::test]
async fn one_token_serves_until_five_minutes_before_its_end() {
    let stage = Stage::empty().await;
    let tokens = tokens(&stage);
    let (first, second) = tokio::join!(token(&tokens), token(&tokens));
    assert_eq!((first.unwrap(), second.unwrap()), ("token-1".to_owned(), "token-1".to_owned()));
    stage.passes(SignedDuration::from_mins(54));
    assert_eq!(token(&tokens).await.unwrap(), "token-1");
    stage.passes(SignedDuration::from_mins(2));
    assert_eq!(token(&tokens).await.unwrap(), "token-2");
    let asked = stage.microsoft.asked("/login/token");
    assert_eq!(asked.len(), 2);
    let form = asked[0].body.as_str().unwrap();
    assert_eq!(
        form,
        format!(
            "grant_type=client_credentials&client_id={APP}\
             &scope=https%3A%2F%2Fapi.botframework.com%2F.default&client_secret=s3cr3t"
        )
    );
}

#[tokio::test]
async fn while_the_login_is_away_the_old_token_serves_to_its_end() {
    let stage = Stage::empty().await;
    let tokens = tokens(&stage);
    assert_eq!(token(&tokens).await.unwrap(), "token-1");
    stage.passes(SignedDuration::from_mins(57));
    stage.microsoft.answers(Method::POST, "/login/token", 503, json!({}));
    assert_eq!(token(&tokens).await.unwrap(), "token-1");
    stage.passes(SignedDuration::from_mins(4));
    let denied = json!({ "error": "unauthorized_client" });
    stage.microsoft.answers(Method::POST, "/login/token", 400, denied);
    assert_eq!(token(&tokens).await, Err(Failure::login("unauthorized_client")));
    // What failed a moment ago is not asked again.
    assert_eq!(token(&tokens).await, Err(Failure::login("unauthorized_client")));
    stage.passes(SignedDuration::from_secs(3));
    assert_eq!(token(&tokens).await.unwrap(), "token-2");
}

#[tokio::test]
async fn who_loses_patience_leaves_the_question_to_the_next() {
    let stage = Stage::empty().await;
    let tokens = tokens(&stage);
    for _ in 0..3 {
        // Polled once: the question is on its way, and whoever put it is gone.
        assert!(tokens.get().now_or_never().is_none());
    }
    let all = futures::future::join_all((0..8).map(|_| token(&tokens))).await;
    assert!(all.iter().all(|one| *one == Ok("token-1".to_owned())), "{all:?}");
    assert_eq!(stage.microsoft.asked("/login/token").len(), 1);
}

#[tokio::test]
async fn an_assertion_is_read_from_its_file_each_time() {
    let stage = Stage::empty().await;
    let path = std::env::temp_dir().join(format!("countersign-teams-{}", std::process::id()));
    let credential = Credential::Assertion(path.clone());
    let settings = Settings { credential, ..settings(&stage.address) };
    let tokens = Tokens::new(egress(), &settings, stage.now());
    assert_eq!(token(&tokens).await, Err(Failure::login("no_assertion")));
    std::fs::write(&path, "ey.assertion\n").unwrap();
    stage.passes(SignedDuration::from_secs(3));
    assert_eq!(token(&tokens).await.unwrap(), "token-1");
    std::fs::remove_file(path).unwrap();
    let form = stage.microsoft.asked("/login/token")[0].body.clone();
    let form = form.as_str().unwrap();
    assert!(form.ends_with("&client_assertion=ey.assertion"), "{form}");
    assert!(!form.contains("client_secret"));
}
