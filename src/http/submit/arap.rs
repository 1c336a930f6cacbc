//! Submission by a client that follows AuthZEN's access request profile to the letter: about what was
//! denied, and nothing else. The doors stand in one order: what a key was used for before, then
//! whether the denial binds, then the policy.

mod preview;
mod shape;
mod wire;

use axum::{
    Json,
    body::Bytes,
    http::HeaderMap,
    response::{IntoResponse, Response},
};

pub(in crate::http) use self::{
    preview::ArapPreview,
    shape::{BUSINESS_JUSTIFICATION, JUSTIFICATION},
    wire::ArapRequest,
};
use super::{answer, json, understood, wire::Wish};
use crate::{
    domain::access::open::KeyUse,
    http::{AppState, caller::Caller, problem::Problem},
};

pub(super) async fn submit(
    state: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
    body: &Bytes,
    key: Option<KeyUse>,
    wish: Wish,
) -> Result<Response, Problem> {
    let client = &caller.client;
    let request: ArapRequest = json(headers, body)?;
    let asked = shape::asked(request, client)?;
    if let Some(key) = &key
        && wish == Wish::Open
        && let Some(view) = state.service.repeated(client, key).await?
    {
        return Ok(answer(state, client, &view).await.into_response());
    }
    let now = state.service.parts.clock.now();
    let mut draft = understood(asked.plain, client, state.registry.servers(), now)?;
    draft.binding.frames = asked.denied.iter().map(|one| one.tuple.frame()).collect();
    if wish == Wish::Preview {
        let plans = state.service.preview_denied(client, draft.clone(), &asked.denied).await?;
        return Ok(Json(ArapPreview::of(&draft.items, &plans)).into_response());
    }
    let view = state.service.open_denied(client, draft, &asked.denied, key).await?;
    Ok(answer(state, client, &view).await)
}
