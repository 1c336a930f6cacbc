//! Somebody else's books: a server that answers what a story wants and remembers what it was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify};

#[derive(Debug, Clone)]
pub(crate) struct Books {
    pub(crate) url: String,
    state: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// By path, or by path and query.
    answers: HashMap<String, (u16, Option<&'static str>, Value)>,
    once: HashMap<String, (u16, Option<&'static str>)>,
    asked: Vec<Asked>,
    held: HashMap<String, Arc<Notify>>,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) token: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Books {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<Pages>>::default();
        let router = Router::new().fallback(page).with_state(Arc::clone(&state));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// From now on; a path with a query goes before the path alone.
    pub(crate) fn answer(&self, path: &str, body: Value) {
        self.state.lock().unwrap().answers.insert(path.to_owned(), (200, None, body));
    }

    pub(crate) fn fail(&self, path: &str, status: u16, retry_after: Option<&'static str>) {
        let failure = (status, retry_after, Value::Null);
        self.state.lock().unwrap().answers.insert(path.to_owned(), failure);
    }

    pub(crate) fn fail_once(&self, path: &str, status: u16, retry_after: Option<&'static str>) {
        self.state.lock().unwrap().once.insert(path.to_owned(), (status, retry_after));
    }

    /// The next answer there waits for a word.
    pub(crate) fn hold(&self, path: &str) -> Arc<Notify> {
        let word = Arc::<Notify>::default();
        self.state.lock().unwrap().held.insert(path.to_owned(), Arc::clone(&word));
        word
    }

    pub(crate) fn forget(&self) {
        *self.state.lock().unwrap() = Pages::default();
    }

    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }
}

async fn page(State(state): State<Arc<Mutex<Pages>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let token = parts.headers.get("authorization");
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        token: token.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let whole = format!("{}?{}", asked.path, asked.query);
    let path = asked.path.clone();
    let held = {
        let mut pages = state.lock().unwrap();
        pages.asked.push(asked);
        pages.held.remove(&path)
    };
    if let Some(word) = held {
        word.notified().await;
    }
    let mut pages = state.lock().unwrap();
    if let Some((status, retry_after)) = pages.once.remove(&path) {
        return with(status, retry_after, Value::Null);
    }
    match pages.answers.get(&whole).or_else(|| pages.answers.get(&path)) {
        Some((status, retry_after, body)) => with(*status, *retry_after, body.clone()),
        None => with(404, None, Value::Null),
    }
}

fn with(status: u16, retry_after: Option<&'static str>, body: Value) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.parse().unwrap());
    }
    response
}
