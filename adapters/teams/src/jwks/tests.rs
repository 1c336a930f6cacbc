//! When the keys of the issuer are asked for, and how long they are believed.

use http::Method;
use serde_json::json;

use super::*;
use crate::fakes::{KEYS, Stage, egress};

fn keys(stage: &Stage) -> Keys {
    Keys::new(egress(), format!("{}/openid", stage.address).parse().unwrap(), stage.now())
}

#[tokio::test]
async fn keys_are_asked_for_once_a_day() {
    let stage = Stage::empty().await;
    let keys = keys(&stage);
    assert!(keys.find("key-1").await.is_some());
    assert!(keys.find("key-1").await.is_some());
    assert_eq!(stage.microsoft.asked("/keys").len(), 1);
    stage.passes(SignedDuration::from_hours(25));
    assert!(keys.find("key-1").await.is_some());
    assert_eq!(stage.microsoft.asked("/keys").len(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_thirty_seconds() {
    let stage = Stage::empty().await;
    let keys = keys(&stage);
    assert!(keys.find("key-2").await.is_none());
    assert!(keys.find("key-2").await.is_none());
    assert_eq!(stage.microsoft.asked("/keys").len(), 1);
    stage.microsoft.keys.lock().unwrap().push(KEYS[1].published(&json!(["msteams"])));
    stage.passes(SignedDuration::from_secs(30));
    assert!(keys.find("key-2").await.is_some());
}

#[tokio::test]
async fn what_is_known_stays_while_nobody_answers() {
    let stage = Stage::empty().await;
    let keys = keys(&stage);
    assert!(keys.find("key-1").await.is_some());
    stage.passes(SignedDuration::from_hours(25));
    stage.microsoft.answers(Method::GET, "/openid", 503, json!({}));
    assert!(keys.find("key-1").await.is_some());
    stage.passes(SignedDuration::from_secs(30));
    stage.microsoft.answers(Method::GET, "/keys", 200, json!({ "keys": [] }));
    assert!(keys.find("key-1").await.is_some());
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_gone() {
    let stage = Stage::empty().await;
    let keys = keys(&stage);
    assert!(keys.find("key-1").await.is_some());
    *stage.microsoft.keys.lock().unwrap() = vec![KEYS[1].published(&json!(["msteams"]))];
    stage.passes(SignedDuration::from_hours(25));
    assert!(keys.find("key-1").await.is_none());
}

#[tokio::test]
async fn keys_of_other_kinds_are_passed_over() {
    let stage = Stage::empty().await;
    let good = KEYS[0].published(&json!(["msteams"]));
    let mut short = good.clone();
    (short["kid"], short["n"]) = ("short".into(), "AQAB".into());
    let mut elliptic = good.clone();
    (elliptic["kid"], elliptic["kty"]) = ("ec".into(), "EC".into());
    *stage.microsoft.keys.lock().unwrap() = vec![json!(7), json!({}), short, elliptic, good];
    let keys = keys(&stage);
    assert!(keys.find("key-1").await.is_some());
    assert!(keys.find("short").await.is_none());
    assert!(keys.find("ec").await.is_none());
}
