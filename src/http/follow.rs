//! Follow a request that one has made, and withdraw it.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    AppState,
    caller::Caller,
    prefer,
    problem::{self, Problem, ProblemDetails},
    submit::json,
};
use crate::{
    domain::{
        access::slice::View,
        client::{Client, Mode},
        id::RequestId,
        outcome::Status,
        right::Right,
        task::{TaskResponse, arap},
    },
    refusal::Refusal,
};

/// When to ask again about a request that people have not decided.
const RETRY_AFTER_SECONDS: u64 = 5;

/// How to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Following {
    /// Wait up to so many seconds for a version other than the one in `If-None-Match`, or for the
    /// end where there is none. More than 60 count as 60.
    #[param(minimum = 0, example = 30)]
    wait: Option<u32>,
}

/// Why a request is withdrawn.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    #[schema(max_length = 100, example = "user_cancelled")]
    reason: Option<String>,
    /// For the people who were asked.
    #[schema(max_length = 500)]
    comment: Option<String>,
}

/// Where a request stands. Ask until it is no longer `pending`; the answer never disagrees with a
/// callback that was sent.
#[utoipa::path(
    get,
    path = "/access/v1/requests/{id}",
    tag = "access",
    params(
        ("id" = String, Path, description = "The id of the task", example = "arq_01m8459zdv0adekrpvv3qvsyjr4n8c2w7x5t"),
        Following,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that you have"),
    ),
    responses(
        (status = 200, description = "Where it stands; `Retry-After` while it is pending. Clients in \
         the mode `arap` get it in the words of the profile: `ArapResponse`",
         body = TaskResponse, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "You have this version already"),
        (status = 400, description = "`wait` is no number", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: this client has not the right `read`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request, or it is not yours",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 410, description = "`task_expired`: it ended long ago", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
pub(super) async fn follow(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    query: Result<Query<Following>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.need(Right::Read)?;
    let Query(following) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let id = known_id(&id)?;
    let seen = prefer::seen(&headers);
    let wanted = prefer::seconds_to_wait(u64::from(following.wait.unwrap_or(0)));
    // Without a place among the waiting the answer comes at once.
    let place = caller.wait();
    let wait = if place.is_some() { wanted } else { Duration::ZERO };
    let view = state.service.follow(&caller.client, &id, seen, wait).await?;
    let kept = arap::kept_until(&view);
    if caller.client.mode == Mode::Arap
        && kept <= state.service.parts.clock.now()
        && view.outcome.is_some()
    {
        return Err(Refusal::TaskExpired.into());
    }
    let mut answer = answer(&state, &caller.client, &view, seen).await;
    if !wanted.is_zero() {
        // Whoever waits here may ask again at once.
        answer.headers_mut().remove(header::RETRY_AFTER);
    }
    Ok(answer)
}

/// Withdraws a request that is still pending. Only the client that made it may.
#[utoipa::path(
    post,
    path = "/access/v1/requests/{id}/cancel",
    tag = "access",
    params(("id" = String, Path, description = "The id of the task", example = "arq_01m8459zdv0adekrpvv3qvsyjr4n8c2w7x5t")),
    request_body(content = Option<Withdrawal>, description = "May be left out"),
    responses(
        (status = 200, description = "It is cancelled", body = TaskResponse),
        (status = 400, description = "The body does not fit", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: this client has not the right `cancel`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request, or it is not yours",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It has ended already; `task` says how",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
pub(super) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    caller.need(Right::Cancel)?;
    let id = known_id(&id)?;
    let withdrawal = match body.trim_ascii() {
        b"" | b"null" => Withdrawal::default(),
        _ => json(&headers, &body)?,
    };
    let reason = withdrawal.words()?;
    match state.service.cancel(&caller.client, &id, reason).await {
        Ok(view) => Ok(answer(&state, &caller.client, &view, None).await),
        Err(refusal @ Refusal::InvalidTaskState { .. }) => {
            let view = state.service.view(&caller.client, &id).await?;
            if view.request.binding.mode == Mode::Arap {
                return Err(refusal.into());
            }
            let task = state.service.task(&view).task;
            Err(Problem::from(refusal).with_task(task))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

impl Withdrawal {
    /// Reason and comment in one line.
    fn words(self) -> Result<Option<String>, Problem> {
        let long = |text: &Option<String>, most: usize| {
            text.as_ref().is_some_and(|text| text.chars().count() > most)
        };
        if long(&self.reason, 100) || long(&self.comment, 500) {
            return Err(Problem::invalid(
                "a reason has up to 100 characters, a comment up to 500: say it shorter",
            ));
        }
        let words: Vec<String> = [self.reason, self.comment].into_iter().flatten().collect();
        Ok((!words.is_empty()).then(|| words.join(": ")))
    }
}

/// An id that cannot be is as unknown as one that is not.
pub(super) fn known_id(text: &str) -> Result<RequestId, Problem> {
    text.parse().map_err(|_| Refusal::UnknownTask.into())
}

/// The task as it is now, or nothing where the caller has it already.
async fn answer(state: &AppState, client: &Client, view: &View, seen: Option<i64>) -> Response {
    let task = state.service.task(view);
    let headers = headers(&task);
    if seen == Some(view.version) {
        return (problem::NOT_MODIFIED, headers).into_response();
    }
    (headers, worded(state, client, view, task).await).into_response()
}

/// A task in the words of the client that asked, with what it may have of it.
pub(super) async fn worded(
    state: &AppState,
    client: &Client,
    view: &View,
    task: TaskResponse,
) -> Response {
    match view.request.binding.mode {
        Mode::Direct => {
            let task = task.within(&client.may);
            Json(state.service.with_state(view, task).await).into_response()
        }
        Mode::Arap => Json(state.service.arap(view).await.within(&client.may)).into_response(),
    }
}

/// The version, and when to come back.
pub(super) fn headers(task: &TaskResponse) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(tag) = HeaderValue::from_str(&prefer::tag(task.task.version)) {
        headers.insert(header::ETAG, tag);
    }
    if task.task.status == Status::Pending {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    headers
}
