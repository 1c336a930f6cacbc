//! A token endpoint that gives a new access token each time, takes one back, and is away on demand.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the client proves itself with.
pub(crate) const SECRET: &str = "canary-secret-of-the-token-client";

/// A listener on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) endpoint: String,
    state: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    given: usize,
    asked: usize,
    is_away: bool,
}

impl Login {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/token", listener.local_addr().unwrap());
        let state: Arc<Mutex<Inner>> = Arc::default();
        let router = Router::new().route("/token", post(give)).with_state(Arc::clone(&state));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, state }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    pub(crate) fn goes_away(&self) {
        self.state.lock().unwrap().is_away = true;
    }

    pub(crate) fn comes_back(&self) {
        self.state.lock().unwrap().is_away = false;
    }
}

/// The header that carries the token of that number.
pub(crate) fn bearer(number: usize) -> String {
    format!("Bearer {}", token(number))
}

pub(crate) fn token(number: usize) -> String {
    format!("canary-access-token-{number:04}")
}

async fn give(
    State(state): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    form: String,
) -> (StatusCode, Json<Value>) {
    assert_eq!(form, "grant_type=client_credentials&scope=hooks");
    let pair = STANDARD.encode(format!("countersign:{SECRET}"));
    assert_eq!(headers["authorization"], format!("Basic {pair}"));
    let mut inner = state.lock().unwrap();
    inner.asked += 1;
    if inner.is_away {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    inner.given += 1;
    let token = token(inner.given);
    (
        StatusCode::OK,
        Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 })),
    )
}
