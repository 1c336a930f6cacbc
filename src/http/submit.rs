//! Submit a request: through the gate, into a draft, to the service. Nothing is answered before it
//! is durable.

pub(super) mod arap;
mod draft;
mod preview;
mod scope;
mod wire;

use std::{collections::BTreeSet, time::Duration};

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use countersign_json::{
    canonical::canonical_text,
    gate::Limits,
    intake::{self, Rejected},
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(super) use self::draft::{MAX_JUSTIFICATION_CHARS, is_thumbprint};
pub(crate) use self::preview::preview_of;
use self::{
    draft::Asker,
    preview::PreviewResponse,
    wire::{DryRun, SubmitRequest, Wish},
};
use super::{
    AppState,
    caller::Caller,
    follow, prefer,
    problem::{self, Ended, Problem, ProblemDetails},
    room::Place,
};
use crate::{
    domain::{
        access::{open::KeyUse, slice::View},
        client::{Client, Mode},
        outcome::Status,
        request::Draft,
        right::Right,
        task::TaskResponse,
    },
    refusal::Refusal,
};

/// Asks for access. People decide, or the policy at once.
#[utoipa::path(
    post,
    path = "/access/v1/requests",
    tag = "access",
    request_body(content = SubmitRequest, description = "I-JSON of at most 64 KiB. Clients in the \
        mode `arap` send an `ArapRequest` and are answered with an `ArapResponse`"),
    params(
        DryRun,
        ("Idempotency-Key" = Option<String>, Header,
         description = "The same key with the same body gives the same request again"),
        ("Prefer" = Option<String>, Header,
         description = "`wait=N`: answer when it is decided, or after N seconds (at most 60)"),
    ),
    responses(
        (status = 200, description = "What would happen (`dry_run`); in the mode `arap` an `ArapPreview`", body = PreviewResponse),
        (status = 201, description = "Decided: the task has ended", body = TaskResponse,
         headers(("Location" = String, description = "Where to follow it"),
                 ("ETag" = String, description = "Its version"))),
        (status = 202, description = "People must decide; `Retry-After` says when to ask again",
         body = TaskResponse,
         headers(("Location" = String, description = "Where to follow it"),
                 ("ETag" = String, description = "Its version"))),
        (status = 400, description = "`invalid_request`, `not_i_json`, `invalid_callback` or `invalid_transaction_challenge`; of a \
         denial, `invalid_denial_binding` or `not_requestable`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden_claim`; `no_matching_rule`: the policy says no; \
         `insufficient_user_authentication`: the subject must sign in anew first; or `forbidden`: \
         this client has not the right `request`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The key or the signed message was used before",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 410, description = "`expired_denial`: have it evaluated once more",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 422, description = "`invalid_scope`: unknown scope, action or parameter; or \
         `unroutable`: nobody can be asked; or `justification_required`", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast, too many pending, or a guardrail holds the client back", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not recorded: send the same again", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
pub(super) async fn submit(
    State(state): State<AppState>,
    caller: Caller,
    Extension(room): Extension<Place>,
    headers: HeaderMap,
    query: Result<Query<DryRun>, QueryRejection>,
    body: Bytes,
) -> Result<Response, Problem> {
    caller.need(Right::Request)?;
    let Query(DryRun { dry_run }) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let dry_run = if dry_run { Wish::Preview } else { Wish::Open };
    let key = prefer::idempotency_key(&headers)?;
    if caller.client.mode == Mode::Arap {
        let key = key.map(|key| key_use(key, &body)).transpose()?;
        return arap::submit(&state, &caller, &headers, &body, key, dry_run).await;
    }
    let request: SubmitRequest = json(&headers, &body)?;
    let key = key.map(|key| key_use(key, &body)).transpose()?;
    let wish = request.wish().or(dry_run);
    let denied = request.denied();
    let now = state.service.parts.clock.now();
    let claims = match &request.subject_token {
        Some(token) => Some(state.registry.subject_claims(token, now).await?),
        None => None,
    };
    let challenge = match &request.transaction_challenge {
        // What was lost on its way back is had again when the challenge is long over.
        Some(_) if let Some(view) = repeated(&state, &caller, key.as_ref()).await? => {
            return Ok(answer(&state, &caller.client, &view).await);
        }
        Some(token) => Some(state.registry.challenge(token, now).await?),
        None => None,
    };
    let asker = Asker { client: &caller.client, claims, challenge };
    let draft = draft::draft(request, asker, state.registry.servers(), now)?;
    match wish {
        Wish::Preview => Ok(preview(&state, &caller, draft).await?.into_response()),
        Wish::Open => {
            let wait = prefer::wait(&headers);
            let denied = denied?;
            let view = state.service.open_denied(&caller.client, draft, &denied, key).await?;
            // Whoever waits for people keeps nobody out.
            drop(room);
            opened_or_decided(&state, &caller, view, wait).await
        }
    }
}

async fn opened_or_decided(
    state: &AppState,
    caller: &Caller,
    view: View,
    wait: Duration,
) -> Result<Response, Problem> {
    // Whoever may not follow does not wait for the end either.
    let place = caller.wait().filter(|_| caller.client.may.has(Right::Read));
    if view.outcome.is_none() && !wait.is_zero() && place.is_some() {
        let id = &view.request.id;
        let view = state.service.follow(&caller.client, id, None, wait).await?;
        return Ok(answer(state, &caller.client, &view).await);
    }
    Ok(answer(state, &caller.client, &view).await)
}

/// The request that was made with the same key and body before.
async fn repeated(
    state: &AppState,
    caller: &Caller,
    key: Option<&KeyUse>,
) -> Result<Option<View>, Problem> {
    match key {
        Some(key) => Ok(state.service.repeated(&caller.client, key).await?),
        None => Ok(None),
    }
}

async fn preview(
    state: &AppState,
    caller: &Caller,
    draft: Draft,
) -> Result<Json<PreviewResponse>, Problem> {
    let preview = state.service.preview(&caller.client, draft).await?;
    Ok(Json(PreviewResponse::of(preview, caller.client.approvers)?))
}

async fn answer(state: &AppState, client: &Client, view: &View) -> Response {
    let task = state.service.task(view);
    let ended = if task.task.status == Status::Pending { Ended::No } else { Ended::Yes };
    let mut headers = follow::headers(&task);
    if let Ok(location) = HeaderValue::from_str(&task.task.status_endpoint) {
        headers.insert(header::LOCATION, location);
    }
    (problem::opened(ended), headers, follow::worded(state, client, view, task).await)
        .into_response()
}

/// A body as its type.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    if !is_json(headers) {
        return Err(Problem::not_json());
    }
    Ok(typed(body)?)
}

/// A body as a request of a client, judged as it is when it comes over the wire.
pub(crate) fn read(
    body: &[u8],
    client: &Client,
    servers: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Draft, Refusal> {
    draft::draft(typed(body)?, Asker::alone(client), servers, now)
}

/// A request in the words of this API, as its type and as it is judged for a client.
pub(super) fn understood(
    plain: Value,
    client: &Client,
    servers: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Draft, Refusal> {
    let body = serde_path_to_error::deserialize(plain).map_err(|error| {
        Refusal::InvalidRequest { detail: format!("at `{}`: {}", error.path(), error.inner()) }
    })?;
    draft::draft(body, Asker::alone(client), servers, now)
}

fn typed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    match intake::parse(body, &Limits::INTAKE) {
        Ok(typed) => Ok(typed),
        Err(Rejected::Gate(refused)) => {
            let detail = format!("rule `{}`: {refused}", refused.rule.code());
            Err(Refusal::NotIJson { detail })
        }
        Err(Rejected::Shape(_)) => explained(body),
    }
}

/// Read once more, keeping the way to what does not fit.
fn explained<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let invalid = |detail| Refusal::InvalidRequest { detail };
    let value: Value = serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
    serde_path_to_error::deserialize(&value)
        .map_err(|error| invalid(format!("at `{}`: {}", error.path(), error.inner())))
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let (media_type, parameter) = value.split_once(';').unwrap_or((value, ""));
    let charset = parameter.trim().to_ascii_lowercase().replace('"', "");
    media_type.trim().eq_ignore_ascii_case("application/json")
        && matches!(charset.as_str(), "" | "charset=utf-8")
}

/// The digest is of the canonical body: spaces and the order of members make no difference.
fn key_use(key: String, body: &[u8]) -> Result<KeyUse, Problem> {
    let canonical = canonical_text(body).map_err(|error| Problem::invalid(error.to_string()))?;
    Ok(KeyUse { key, body_sha256: hex::encode(Sha256::digest(canonical)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        let is = |value: &str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]))
        };
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(is(good), "{good}");
        }
        for bad in ["", "text/plain", "application/json; charset=latin1", "application/jsonp"] {
            assert!(!is(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn the_same_request_in_other_bytes_uses_the_same_key() {
        let digest = |text: &str| key_use("k".to_owned(), text.as_bytes());
        let one = digest(r#"{"a":1,"b":[1.0]}"#).unwrap();
        assert_eq!(digest(r#"{ "b": [1], "a": 1 }"#).unwrap(), one);
        assert_ne!(digest(r#"{"a":1,"b":[2]}"#).unwrap(), one);
    }
}
