//! One question, one answer.

use axum::{Json, body::Bytes, extract::State, http::HeaderMap};

use super::{
    body, plain,
    wire::{self, Desk, EvaluationRequest, EvaluationResponse},
};
use crate::{
    domain::{client::Client, right::Right},
    http::{
        AppState,
        caller::Caller,
        meter,
        problem::{Problem, ProblemDetails},
        submit,
    },
    refusal::Refusal,
    service::evaluate::{Answer, Evaluation},
};

/// Whether something may be done now: the policy approves it at once, or people have granted exactly
/// this. Nothing is stored; the same question has the same answer until something changes.
#[utoipa::path(
    post,
    path = "/access/v1/evaluation",
    tag = "authzen",
    request_body(content = EvaluationRequest, description = "I-JSON of at most 64 KiB; what is not known is ignored"),
    responses(
        (status = 200, description = "Yes or no. Whatever the catalogue does not know is a no",
         body = EvaluationResponse),
        (status = 400, description = "Not JSON, or a member is missing or of the wrong type",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: this client has not the right `evaluate`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "No answer just now: take it for a no", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
pub(super) async fn evaluation(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<EvaluationResponse>, Problem> {
    caller.need(Right::Evaluate)?;
    let request: EvaluationRequest = body(&headers, &bytes)?;
    Ok(Json(answer(&state, &caller.client, request).await?))
}

/// The answer to one question; a refusal where it is none.
pub(super) async fn answer(
    state: &AppState,
    client: &Client,
    request: EvaluationRequest,
) -> Result<EvaluationResponse, Refusal> {
    let tuple = request.tuple()?;
    let reference = wire::reference(&tuple.context);
    let now = state.service.parts.clock.now();
    let asked = plain::asked(&tuple, client);
    let answer = match submit::understood(asked, client, state.registry.servers(), now) {
        Ok(draft) => {
            let evaluation = Evaluation { draft, tuple, reference };
            state.service.evaluate(client, evaluation).await?
        }
        // What cannot even be asked for is not allowed.
        Err(_) => Answer::no(),
    };
    let desk = Desk { public_url: &state.service.parts.public_url, mode: client.mode };
    let response = EvaluationResponse::of(answer, desk, now);
    meter::evaluated(response.decision);
    Ok(response)
}
