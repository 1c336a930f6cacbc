//! What every page of a workspace needs: its style and script, the wait for changes, the answer
//! with the page itself, and the door before all of it.

use std::time::Duration;

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::{door, pulse::Pulse, workspace::Sandbox};

const STYLE: &str = include_str!("../../assets/demo.css");
const SCRIPT: &str = include_str!("../../assets/demo.js");

/// A browser asks again well before a proxy or a person loses patience.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

#[derive(serde::Deserialize)]
struct Since {
    since: u64,
}

/// Puts the routes of a page beside those that every page has, behind one door.
pub(super) fn framed(page: Router, sandbox: &Sandbox) -> Router {
    let frame = Router::new()
        .route("/demo/demo.css", get(style))
        .route("/demo/demo.js", get(script))
        .route("/demo/changes", get(changes))
        .with_state(sandbox.pulse().clone());
    door::guarded(page.merge(frame), sandbox.key())
}

/// The page as HTML, or why it could not be drawn.
pub(super) fn answer<V: Template>(view: Result<V, askama::Error>) -> Response {
    match view.and_then(|view| view.render()) {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

/// Answers with the count of changes, at once if the browser has not seen the last one.
async fn changes(State(pulse): State<Pulse>, Query(Since { since }): Query<Since>) -> String {
    // Running out of time is an answer too: nothing has changed.
    let _ = tokio::time::timeout(LONGEST_WAIT, pulse.after(since)).await;
    pulse.count().to_string()
}
