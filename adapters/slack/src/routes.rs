//! The routes that Slack calls. Every one passes the door before a byte of its body is read as
//! anything.

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use countersign_port::access::Unheard;
use url::form_urlencoded;

use crate::{
    dispatch::{Ack, Dispatch},
    door::{self, Outside},
};

/// The routes under `/slack`.
pub(crate) fn routes(dispatch: Dispatch) -> Router {
    Router::new()
        .route("/slack/interactions", post(interactions))
        .route("/slack/commands", post(commands))
        .route("/slack/events", post(events))
        .with_state(dispatch)
}

async fn interactions(
    State(dispatch): State<Dispatch>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Outside> {
    let body = enter(&dispatch, &headers, body).await?;
    let payload = form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let payload = payload.map(|(_, payload)| payload.into_owned()).unwrap_or_default();
    Ok(answer(dispatch.interactive(payload.as_bytes()).await))
}

async fn commands(
    State(dispatch): State<Dispatch>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Outside> {
    let body = enter(&dispatch, &headers, body).await?;
    Ok(answer(dispatch.command(&body).await))
}

async fn events(
    State(dispatch): State<Dispatch>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Outside> {
    let body = enter(&dispatch, &headers, body).await?;
    Ok(match dispatch.event(&body).await {
        Ok(ack) => answer(ack),
        // Slack tells it again.
        Err(Unheard) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
}

async fn enter(dispatch: &Dispatch, headers: &HeaderMap, body: Body) -> Result<Bytes, Outside> {
    let core = &dispatch.core;
    door::enter(headers, body, &core.settings.signing_secret, core.now.get()).await
}

fn answer(ack: Ack) -> Response {
    match ack {
        Some(value) => Json(value).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

#[cfg(test)]
mod tests;
