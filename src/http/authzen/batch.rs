//! Several questions in one call.

use axum::{Json, body::Bytes, extract::State, http::HeaderMap};

use super::{
    body, evaluate,
    wire::{
        EvaluationRequest, EvaluationResponse, EvaluationsRequest, EvaluationsResponse, Semantic,
    },
};
use crate::{
    domain::{client::Client, right::Right},
    http::{
        AppState,
        caller::Caller,
        problem::{self, Problem, ProblemDetails},
    },
    refusal::Refusal,
};

/// Each question may cost a signature.
const MOST: usize = 50;

/// Several questions at once, answered in their order. An entry that is no question is a no, and says
/// why; the others are answered all the same.
#[utoipa::path(
    post,
    path = "/access/v1/evaluations",
    tag = "authzen",
    request_body(content = EvaluationsRequest, description = "I-JSON of at most 64 KiB; what is not known is ignored"),
    responses(
        (status = 200, description = "The answers; one without `evaluations` where none were sent",
         body = EvaluationsResponse),
        (status = 400, description = "Not JSON, too many entries, or a member is of the wrong type",
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
pub(super) async fn evaluations(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<EvaluationsResponse>, Problem> {
    caller.need(Right::Evaluate)?;
    let EvaluationsRequest { subject, action, resource, context, evaluations, options } =
        body(&headers, &bytes)?;
    let defaults = EvaluationRequest { subject, action, resource, context };
    if evaluations.is_empty() {
        let one = evaluate::answer(&state, &caller.client, defaults).await?;
        return Ok(Json(EvaluationsResponse::One(Box::new(one))));
    }
    if evaluations.len() > MOST {
        return Err(Problem::invalid(format!(
            "there are more than {MOST} evaluations: ask in several calls"
        )));
    }
    let mut answers = Vec::with_capacity(evaluations.len());
    for entry in evaluations {
        let answer = match serde_json::from_value::<EvaluationRequest>(entry) {
            Ok(entry) => answered(&state, &caller.client, entry.or(&defaults)).await?,
            Err(error) => {
                EvaluationResponse::faulty(problem::INVALID, format!("no evaluation: {error}"))
            }
        };
        let decision = answer.decision;
        answers.push(answer);
        if options.evaluations_semantic.ends_with(decision) {
            break;
        }
    }
    Ok(Json(EvaluationsResponse::Many { evaluations: answers }))
}

async fn answered(
    state: &AppState,
    client: &Client,
    entry: EvaluationRequest,
) -> Result<EvaluationResponse, Refusal> {
    match evaluate::answer(state, client, entry).await {
        Err(Refusal::InvalidRequest { detail }) => {
            Ok(EvaluationResponse::faulty(problem::INVALID, detail))
        }
        other => other,
    }
}

impl EvaluationRequest {
    /// What is left out comes from the defaults, object by object.
    fn or(self, defaults: &Self) -> Self {
        Self {
            subject: self.subject.or_else(|| defaults.subject.clone()),
            action: self.action.or_else(|| defaults.action.clone()),
            resource: self.resource.or_else(|| defaults.resource.clone()),
            context: self.context.or_else(|| defaults.context.clone()),
        }
    }
}

impl Semantic {
    /// Whether an answer is the last that is wanted.
    const fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}
