//! The route on which the workspace calls in: one button, one form.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use countersign_port::access::Access;

use crate::{visit::Visit, workspace::Sandbox};

/// Far more than a form with 500 characters of text.
const MAX_BODY_BYTES: usize = 16 * 1024;

#[derive(Clone)]
struct Press {
    sandbox: Sandbox,
    access: Arc<dyn Access>,
}

/// The routes, still without their door.
pub(crate) fn routes(sandbox: Sandbox, access: Arc<dyn Access>) -> Router {
    Router::new()
        .route("/demo/press", post(press))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Press { sandbox, access })
}

/// A refusal is an answer too: it waits on the page for the one who clicked.
async fn press(State(press): State<Press>, body: Bytes) -> Response {
    match press.sandbox.press(press.access.as_ref(), &body).await {
        Ok(Ok(_) | Err(_)) => Redirect::to(&Visit::from_form(&body).address()).into_response(),
        Err(no_click) => (StatusCode::BAD_REQUEST, no_click.to_string()).into_response(),
    }
}
