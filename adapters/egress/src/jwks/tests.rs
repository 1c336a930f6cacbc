//! Which keys are used, and how often an issuer is asked for them.

use std::sync::{
    Mutex as Slot,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::get};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::{Settings, target::Allow};

/// An Ed25519 public key (RFC 8037, appendix A.2).
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn key(kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": kid, "alg": "EdDSA", "use": "sig" })
}

fn set(keys: &[Value]) -> JwkSet {
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

/// An issuer that counts how often it is asked.
#[derive(Clone, Default)]
struct Sso {
    asked: Arc<AtomicUsize>,
    /// What it answers; nothing good where there is none.
    keys: Arc<Slot<Option<Value>>>,
}

impl Sso {
    async fn listen(&self) -> Jwks {
        let answer = |State(sso): State<Self>| async move {
            sso.asked.fetch_add(1, Ordering::SeqCst);
            Json(sso.keys.lock().unwrap().clone())
        };
        let router = Router::new().route("/keys", get(answer)).with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        let networks = vec!["127.0.0.1/32".parse().unwrap()];
        let allow = Allow { networks, ports: Vec::new() };
        let egress = Egress::new(Settings { allow, ..Settings::default() }).unwrap();
        Jwks::fetched(url.parse().unwrap(), Algorithm::EdDSA, egress)
    }

    fn publish(&self, keys: &[Value]) {
        *self.keys.lock().unwrap() = Some(json!({ "keys": keys }));
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[test]
fn only_keys_for_the_algorithm_of_the_issuer_are_used() {
    let mut to_encrypt = key("enc");
    to_encrypt["use"] = json!("enc");
    let mut of_another = key("es256");
    of_another["alg"] = json!("ES256");
    let mut nameless = key("x");
    nameless.as_object_mut().unwrap().remove("kid");
    let secret = json!({ "kty": "oct", "k": "AAAA", "kid": "secret", "alg": "HS256" });
    let keys = set(&[key("good"), to_encrypt, of_another, nameless, secret]);
    let usable = usable(&keys, Algorithm::EdDSA);
    assert_eq!(usable.keys().collect::<Vec<_>>(), ["good"]);
    let many: Vec<Value> = (0..60).map(|number| key(&number.to_string())).collect();
    assert_eq!(super::usable(&set(&many), Algorithm::EdDSA).len(), MAX_KEYS);
}

#[tokio::test]
async fn a_hundred_unknown_keys_cost_one_question() {
    let sso = Sso::default();
    sso.publish(&[key("k1")]);
    let jwks = sso.listen().await;
    let names: Vec<String> = (0..100).map(|number| format!("unknown-{number}")).collect();
    let found = join_all(names.iter().map(|kid| jwks.key(kid))).await;
    assert!(found.iter().all(Option::is_none));
    assert!(jwks.key("k1").await.is_some());
    assert_eq!(sso.asked(), 1);
}

#[tokio::test]
async fn a_failed_question_keeps_the_known_keys_and_is_not_repeated_at_once() {
    let sso = Sso::default();
    sso.publish(&[key("k1")]);
    let jwks = sso.listen().await;
    assert!(jwks.key("k1").await.is_some());
    *sso.keys.lock().unwrap() = None;
    // As if the pause had passed.
    *jwks.fetched.lock().await = None;
    assert!(jwks.key("k2").await.is_none());
    assert!(jwks.key("k2").await.is_none());
    assert!(jwks.key("k1").await.is_some());
    assert_eq!(sso.asked(), 2);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_goes() {
    let sso = Sso::default();
    sso.publish(&[key("k1")]);
    let jwks = sso.listen().await;
    assert!(jwks.key("k1").await.is_some());
    sso.publish(&[key("k2")]);
    *jwks.fetched.lock().await = None;
    assert!(jwks.key("k2").await.is_some());
    assert!(jwks.key("k1").await.is_none());
}
