//! A Hydra that keeps its contract: a challenge is known until it is answered, answering it again is
//! harmless until the browser has used the answer, and then it says `410` and where to go on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Public and admin API at one address.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    challenges: BTreeMap<String, Value>,
    /// Where the browser goes on, once it was told.
    told: BTreeMap<String, String>,
    answers: Vec<(String, Value)>,
    /// Where it sends browsers instead of to itself.
    elsewhere: Option<String>,
    version: Option<String>,
}

type Fields = BTreeMap<String, String>;

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { url, state: Arc::default() };
        let base = "/admin/oauth2/auth/requests/consent";
        let router = Router::new()
            .route(base, get(wanted))
            .route(&format!("{base}/{{verb}}"), put(answered))
            .route("/health/ready", get(ready))
            .route("/version", get(version))
            .route("/admin/clients", get(clients))
            .with_state(fake.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// What the version is said to be.
    pub(crate) fn is_version(&self, version: &str) {
        self.state().version = Some(version.to_owned());
    }

    pub(crate) fn forget(&self) {
        *self.state() = Inner::default();
    }

    pub(crate) fn asks(&self, challenge: &str, subject: &str, scope: &str) {
        self.asks_for(challenge, "shop-admin", subject, scope);
    }

    pub(crate) fn asks_for(&self, challenge: &str, client: &str, subject: &str, scope: &str) {
        let scopes: Vec<&str> = scope.split(' ').collect();
        let wanted = json!({
            "challenge": challenge, "requested_scope": scopes, "subject": subject,
            "requested_access_token_audience": ["https://api.example/"], "skip": false,
            "client": { "client_id": client, "client_name": "Shop <Admin>" }, "context": {},
        });
        self.state().challenges.insert(challenge.to_owned(), wanted);
    }

    /// What the login page says of the sign-in.
    pub(crate) fn signed_in(&self, challenge: &str, acr: &Value, auth_time: &Value) {
        let mut state = self.state();
        let wanted = state.challenges.get_mut(challenge).unwrap();
        wanted["acr"] = acr.clone();
        wanted["context"]["auth_time"] = auth_time.clone();
    }

    pub(crate) fn redirects_to(&self, url: &str) {
        self.state().elsewhere = Some(url.to_owned());
    }

    /// What it was told, in order.
    pub(crate) fn answers(&self) -> Vec<(String, Value)> {
        self.state().answers.clone()
    }

    fn state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap()
    }
}

async fn wanted(State(fake): State<Fake>, Query(query): Query<Fields>) -> Response {
    let state = fake.state();
    let challenge = &query["consent_challenge"];
    if let Some(next) = state.told.get(challenge) {
        return (StatusCode::GONE, Json(json!({ "redirect_to": next }))).into_response();
    }
    match state.challenges.get(challenge) {
        Some(wanted) => Json(wanted.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "not_found" }))).into_response(),
    }
}

async fn answered(
    State(fake): State<Fake>,
    Path(verb): Path<String>,
    Query(query): Query<Fields>,
    Json(body): Json<Value>,
) -> Response {
    assert!(["accept", "reject"].contains(&verb.as_str()), "{verb}");
    let mut state = fake.state();
    let challenge = query["consent_challenge"].clone();
    assert!(state.challenges.contains_key(&challenge), "{challenge}");
    state.answers.push((verb, body));
    let own = format!("{}/oauth2/auth?verified={challenge}", fake.url);
    let next = state.elsewhere.clone().unwrap_or(own);
    state.told.insert(challenge, next.clone());
    Json(json!({ "redirect_to": next })).into_response()
}

async fn ready() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn version(State(fake): State<Fake>) -> Json<Value> {
    let version = fake.state().version.clone();
    Json(json!({ "version": version.unwrap_or("v2.3.0".to_owned()) }))
}

async fn clients() -> Json<Value> {
    Json(json!([]))
}

/// The public side at an address of its own, which calls itself so; otherwise by its address.
pub(crate) async fn public_side(named: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let issuer = named.map_or(format!("{url}/"), str::to_owned);
    let metadata = move || async move { Json(json!({ "issuer": issuer })) };
    let router = Router::new().route("/.well-known/openid-configuration", get(metadata));
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}
