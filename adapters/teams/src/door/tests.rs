//! Who gets in, and how little those learn who do not.

use serde_json::{Value, json};

use super::*;
use crate::{
    fakes::{KEYS, Stage, settings, sign, teams},
    samples::at,
};

async fn knock(stage: &Stage, authorization: Option<&str>, body: &str) -> (u16, Value) {
    stage.post(authorization, body.to_owned()).await
}

#[tokio::test]
async fn nobody_enters_without_a_token_and_nobody_learns_why() {
    let stage = Stage::empty().await;
    let body = stage.click("approve", &json!({})).to_string();
    let mut late = stage.claims();
    late["exp"] = 1.into();
    let late = format!("Bearer {}", sign(&KEYS[0], &late));
    for (authorization, status) in [
        (None, 401),
        (Some("Basic eDp5"), 401),
        (Some("Bearer "), 401),
        (Some("Bearer x"), 403),
        (Some(late.as_str()), 403),
    ] {
        let answer = knock(&stage, authorization, &body).await;
        assert_eq!(answer, (status, Value::Null), "{authorization:?}");
    }
    assert!(stage.access.ballots.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let stage = Stage::installed().await;
    let token = sign(&KEYS[0], &stage.claims());
    let body = stage.click("approve", &json!({})).to_string();
    assert_eq!(knock(&stage, Some(&format!("bearer {token}")), &body).await.0, 200);
}

#[tokio::test]
async fn the_token_speaks_for_the_channel_and_address_of_the_activity() {
    let stage = Stage::installed().await;
    let good = stage.click("approve", &json!({}));
    for (member, value) in [
        ("channelId", "webchat"),
        ("channelId", ""),
        ("serviceUrl", "http://127.0.0.1:1/_connector"),
        ("serviceUrl", "https://evil.example/"),
    ] {
        let mut other = good.clone();
        other[member] = value.into();
        assert_eq!(stage.send(&other).await, (403, Value::Null), "{member} {value}");
    }
    assert!(stage.access.ballots.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_off_the_list_is_refused_though_the_token_names_it() {
    let stage = Stage::empty().await;
    let mut claims = stage.claims();
    claims["serviceurl"] = "https://evil.example/".into();
    let mut activity = stage.click("approve", &json!({}));
    activity["serviceUrl"] = "https://evil.example/".into();
    let token = format!("Bearer {}", sign(&KEYS[0], &claims));
    assert_eq!(knock(&stage, Some(&token), &activity.to_string()).await.0, 403);
}

#[tokio::test]
async fn a_body_is_small_and_json() {
    let stage = Stage::empty().await;
    let token = format!("Bearer {}", sign(&KEYS[0], &stage.claims()));
    let large = format!("\"{}\"", "x".repeat(MAX_BODY_BYTES));
    assert_eq!(knock(&stage, Some(&token), &large).await.0, 413);
    assert_eq!(knock(&stage, Some(&token), "{").await.0, 400);
}

#[tokio::test]
async fn a_local_client_needs_no_token_and_gets_none() {
    let mut stage = Stage::installed().await;
    let now = std::sync::Arc::new(std::sync::Mutex::new(at(crate::fakes::NOW)));
    let local = crate::settings::Settings { auth: Auth::InsecureLocal, ..settings(&stage.address) };
    assert!(local.is_local("127.0.0.1:8080".parse().unwrap()));
    assert!(!local.is_local("0.0.0.0:8080".parse().unwrap()));
    stage.teams = teams(local, &stage.memory, &now);
    let body = stage.click("approve", &json!({})).to_string();
    assert_eq!(knock(&stage, None, &body).await.0, 200);
    assert_eq!(stage.microsoft.asked("/login").len(), 0);
    assert!(stage.microsoft.asked("/members").iter().all(|call| call.token.is_none()));
}
