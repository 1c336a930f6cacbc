//! What every answer has in common: a request id, words for every refusal, security headers, a log
//! line and a count. Panics and endless waits end here.

use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use super::{
    AppState,
    caller::Caller,
    meter,
    problem::{self, Problem},
    room::Place,
};
use crate::refusal::Refusal;

/// Longer than the longest wait that a client may ask for.
const TIMEOUT: Duration = Duration::from_secs(75);

/// Longer ids are replaced by our own.
const MAX_ID_CHARS: usize = 200;

/// The one route that brings new work.
const SUBMIT: &str = "/access/v1/requests";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers that an answer gets unless its handler knew better.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts the edge around a router.
pub(super) fn around(router: Router, state: &AppState) -> Router {
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(problem::TOO_SLOW, TIMEOUT))
        .layer(middleware::from_fn_with_state(state.clone(), pass))
}

async fn pass(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let given = given_id(request.headers());
    let id = given.unwrap_or_else(|| fresh_id(&state));
    let method = meter::method(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    if is_submit(method, matched.as_ref()) {
        match place(&state) {
            Some(place) => _ = request.extensions_mut().insert(place),
            None => return turned_away(&id, started),
        }
    }
    let response = next.run(request).await;
    let client = response.extensions().get::<Caller>().map(|caller| Arc::clone(&caller.client));
    let mut response = problem::worded(response, &id);
    adorn(response.headers_mut(), &id);
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    meter::count(method, route, status, started.elapsed());
    let client = client.as_ref().map(|client| client.id.as_str());
    tracing::info!(
        request.id = id,
        client,
        http.method = method,
        http.route = route,
        http.status = status,
        "answered"
    );
    response
}

fn place(state: &AppState) -> Option<Place> {
    if state.service.parts.ledger.is_full() { None } else { state.room.enter() }
}

/// Under more load than there is room for, a refusal has to cost less than an answer: nothing of the
/// request is read, and what is counted is not logged as well.
fn turned_away(id: &str, started: Instant) -> Response {
    let mut response = problem::worded(Problem::from(Refusal::Unavailable).into_response(), id);
    adorn(response.headers_mut(), id);
    meter::count("POST", SUBMIT, response.status().as_u16(), started.elapsed());
    response
}

fn is_submit(method: &str, matched: Option<&MatchedPath>) -> bool {
    method == "POST" && matched.is_some_and(|matched| matched.as_str() == SUBMIT)
}

/// The caller's own id, given back as it came.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    (1..=MAX_ID_CHARS).contains(&id.len()).then(|| id.to_owned())
}

fn fresh_id(state: &AppState) -> String {
    let parts = &state.service.parts;
    let ulid = parts.seeds.seed().ids(parts.clock.now()).ulid();
    format!("req_{}", ulid.to_string().to_ascii_lowercase())
}

fn adorn(headers: &mut HeaderMap, id: &str) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("no words"), "a handler panicked");
    Problem::broken().into_response()
}
