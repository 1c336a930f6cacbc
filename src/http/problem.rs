//! Problems (RFC 9457): the one place that knows status codes of refusals, their types and titles.
//! A problem leaves its handler without words; the edge adds the request id and writes it.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{policy::step_up::StepUp, task::Task},
    refusal::Refusal,
};

/// What a request that was not carried out is answered with.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    retry_after_seconds: Option<u64>,
    /// How the caller may prove who it is, where it did not.
    challenge: Option<&'static str>,
    task: Option<Box<Task>>,
    step_up: Option<StepUp>,
}

/// A problem on the wire: `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// A stable URI; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    #[schema(example = "urn:countersign:error:invalid_scope")]
    pub kind: &'static str,
    pub title: Cow<'static, str>,
    #[schema(example = 422)]
    pub status: u16,
    /// What happened, to which thing, and what to do next.
    pub detail: Cow<'static, str>,
    /// Name it when you ask for help; also the `X-Request-ID` of the answer.
    pub request_id: String,
    /// Where the request stands, when it has ended already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Box<Task>>,
    /// The contexts of which the subject must sign in with one, with a space between two, as an
    /// authorization request takes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// How many seconds ago the subject may have signed in, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    InvalidRequest,
    NotIJson,
    InvalidScope,
    InvalidCallback,
    Forbidden,
    ForbiddenClaim,
    NoMatchingRule,
    Unjustified,
    StepUp,
    Unroutable,
    Unauthenticated,
    Duplicate,
    InvalidDenialBinding,
    InvalidTransactionChallenge,
    ExpiredDenial,
    NotRequestable,
    TaskExpired,
    UnknownTask,
    InvalidTaskState,
    NotClaimable,
    RateLimited,
    Unavailable,
    TooLarge,
    NotJson,
    Broken,
}

/// A row of the table: type, status, title.
type Row = (&'static str, StatusCode, &'static str);

/// The status of a request that took too long.
pub(super) const TOO_SLOW: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// The status of a request that opened a task: policy decided at once, or people must.
pub(super) const fn opened(ended: Ended) -> StatusCode {
    match ended {
        Ended::Yes => StatusCode::CREATED,
        Ended::No => StatusCode::ACCEPTED,
    }
}

/// Whether a task has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Yes,
    No,
}

/// The answer to somebody who has the present version already.
pub(super) const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;

/// The answer where there is nothing.
pub(super) const NOTHING: StatusCode = StatusCode::NOT_FOUND;

/// The status of what cannot be read.
pub(super) const INVALID: StatusCode = StatusCode::BAD_REQUEST;

impl Kind {
    const fn row(self) -> Row {
        match self {
            Self::InvalidRequest => (
                "urn:countersign:error:invalid_request",
                StatusCode::BAD_REQUEST,
                "Invalid request",
            ),
            Self::NotIJson => {
                ("urn:countersign:error:not_i_json", StatusCode::BAD_REQUEST, "Not I-JSON")
            }
            Self::InvalidScope => (
                "urn:countersign:error:invalid_scope",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Unknown scope, action or parameter",
            ),
            Self::InvalidCallback => (
                "urn:countersign:error:invalid_callback",
                StatusCode::BAD_REQUEST,
                "Callback not registered",
            ),
            Self::Forbidden => FORBIDDEN,
            Self::ForbiddenClaim => {
                ("urn:countersign:error:forbidden_claim", StatusCode::FORBIDDEN, "Forbidden claim")
            }
            Self::NoMatchingRule => NO_MATCHING_RULE,
            Self::Unjustified => UNJUSTIFIED,
            Self::StepUp => STEP_UP,
            Self::Unroutable => UNROUTABLE,
            Self::Unauthenticated => (
                "urn:countersign:error:unauthenticated",
                StatusCode::UNAUTHORIZED,
                "Not authenticated",
            ),
            Self::Duplicate => (
                "urn:openid:authzen:access-request:error:duplicate_request",
                StatusCode::CONFLICT,
                "Used before",
            ),
            Self::InvalidDenialBinding => INVALID_DENIAL_BINDING,
            Self::InvalidTransactionChallenge => INVALID_TRANSACTION_CHALLENGE,
            Self::ExpiredDenial => EXPIRED_DENIAL,
            Self::NotRequestable => NOT_REQUESTABLE,
            Self::TaskExpired => TASK_EXPIRED,
            Self::UnknownTask => (
                "urn:openid:authzen:access-request:error:unknown_task",
                StatusCode::NOT_FOUND,
                "No such request",
            ),
            Self::InvalidTaskState => (
                "urn:openid:authzen:access-request:error:invalid_task_state",
                StatusCode::CONFLICT,
                "Already ended",
            ),
            Self::NotClaimable => NOT_CLAIMABLE,
            Self::RateLimited => (
                "urn:countersign:error:rate_limited",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
            ),
            Self::Unavailable => (
                "urn:countersign:error:unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available just now",
            ),
            Self::TooLarge => (BLANK, StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
            Self::NotJson => (BLANK, StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"),
            Self::Broken => (BLANK, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }
}

const FORBIDDEN: Row = (
    "urn:countersign:error:forbidden",
    StatusCode::FORBIDDEN,
    "Not among the rights of this client",
);

const NO_MATCHING_RULE: Row =
    ("urn:countersign:error:no_matching_rule", StatusCode::FORBIDDEN, "Refused by the policy");

/// The word of RFC 9470; not its status, because the caller itself has proven who it is.
const STEP_UP: Row = (
    "urn:countersign:error:insufficient_user_authentication",
    StatusCode::FORBIDDEN,
    "A better sign-in is needed",
);

const UNJUSTIFIED: Row = (
    "urn:countersign:error:justification_required",
    StatusCode::UNPROCESSABLE_ENTITY,
    "A reason is needed",
);

const UNROUTABLE: Row =
    ("urn:countersign:error:unroutable", StatusCode::UNPROCESSABLE_ENTITY, "Nobody can be asked");

const INVALID_DENIAL_BINDING: Row = (
    "urn:openid:authzen:access-request:error:invalid_denial_binding",
    INVALID,
    "Not what was denied",
);

const INVALID_TRANSACTION_CHALLENGE: Row =
    ("urn:countersign:error:invalid_transaction_challenge", INVALID, "Challenge not accepted");

const EXPIRED_DENIAL: Row = (
    "urn:openid:authzen:access-request:error:expired_denial",
    StatusCode::GONE,
    "The denial has run out",
);

const NOT_REQUESTABLE: Row =
    ("urn:openid:authzen:access-request:error:not_requestable", INVALID, "Asking would not help");

const TASK_EXPIRED: Row =
    ("urn:openid:authzen:access-request:error:task_expired", StatusCode::GONE, "No longer kept");

const NOT_CLAIMABLE: Row =
    ("urn:countersign:error:not_claimable", StatusCode::CONFLICT, "No credential to claim");

const BLANK: &str = "about:blank";

/// When to come back after the store or the service was not available.
const RECOVERY_SECONDS: u64 = 5;

impl Problem {
    fn of(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { kind, detail, retry_after_seconds: None, challenge: None, task: None, step_up: None }
    }

    fn after(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// Something in the request that does not fit its description.
    pub(super) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::InvalidRequest, detail)
    }

    pub(super) fn unauthenticated(detail: &'static str, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..Self::of(Kind::Unauthenticated, detail) }
    }

    pub(super) fn too_large() -> Self {
        Self::of(Kind::TooLarge, "the body is longer than 64 KiB: ask for less in one request")
    }

    pub(super) fn not_json() -> Self {
        Self::of(Kind::NotJson, "send the body as `content-type: application/json`")
    }

    pub(super) fn broken() -> Self {
        Self::of(
            Kind::Broken,
            "a fault of the service, and logged: try once more, then send its operators the request id",
        )
    }

    pub(super) fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::Unavailable, detail).after(RECOVERY_SECONDS)
    }

    /// Says where the request stands.
    pub(super) fn with_task(self, task: Task) -> Self {
        Self { task: Some(Box::new(task)), ..self }
    }

    fn details(self, request_id: &str) -> ProblemDetails {
        let (kind, status, title) = self.kind.row();
        let step_up = self.step_up.as_ref();
        ProblemDetails {
            kind,
            title: title.into(),
            status: status.as_u16(),
            detail: self.detail,
            request_id: request_id.to_owned(),
            task: self.task,
            acr_values: step_up.map(|wanted| wanted.acr.join(" ")).filter(|acr| !acr.is_empty()),
            max_age: step_up.and_then(|wanted| wanted.max_age_seconds),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::InvalidRequest { .. } => Self::of(Kind::InvalidRequest, detail),
            Refusal::NotIJson { .. } => Self::of(Kind::NotIJson, detail),
            Refusal::InvalidScope { .. } => Self::of(Kind::InvalidScope, detail),
            Refusal::InvalidCallback { .. } => Self::of(Kind::InvalidCallback, detail),
            Refusal::Forbidden { .. } => Self::of(Kind::Forbidden, detail),
            Refusal::ForbiddenClaim { .. } => Self::of(Kind::ForbiddenClaim, detail),
            Refusal::NoMatchingRule { .. } => Self::of(Kind::NoMatchingRule, detail),
            Refusal::Unjustified => Self::of(Kind::Unjustified, detail),
            Refusal::StepUp { wanted, .. } => {
                Self { step_up: Some(wanted), ..Self::of(Kind::StepUp, detail) }
            }
            Refusal::Unroutable { .. } => Self::of(Kind::Unroutable, detail),
            Refusal::Unauthenticated { .. } => Self::of(Kind::Unauthenticated, detail),
            Refusal::Duplicate { .. } => Self::of(Kind::Duplicate, detail),
            Refusal::InvalidDenialBinding { .. } => Self::of(Kind::InvalidDenialBinding, detail),
            Refusal::InvalidTransactionChallenge { .. } => {
                Self::of(Kind::InvalidTransactionChallenge, detail)
            }
            Refusal::ExpiredDenial => Self::of(Kind::ExpiredDenial, detail),
            Refusal::NotRequestable { .. } => Self::of(Kind::NotRequestable, detail),
            Refusal::TaskExpired => Self::of(Kind::TaskExpired, detail),
            Refusal::UnknownTask => Self::of(Kind::UnknownTask, detail),
            Refusal::InvalidTaskState { .. } => Self::of(Kind::InvalidTaskState, detail),
            Refusal::NotClaimable { .. } => Self::of(Kind::NotClaimable, detail),
            Refusal::RateLimited { retry_after_seconds, .. } => {
                Self::of(Kind::RateLimited, detail).after(retry_after_seconds)
            }
            Refusal::Unavailable => Self::unavailable(detail),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (_, status, _) = self.kind.row();
        let mut response = status.into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes a problem out. So is an error that has no words at all, such as the router's own.
pub(super) fn worded(mut response: Response, request_id: &str) -> Response {
    let details = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.details(request_id),
        None if is_silent(&response) => generic(response.status(), request_id),
        None => return response,
    };
    let (mut parts, _) = response.into_parts();
    let body = serde_json::to_vec(&details).unwrap_or_default();
    let content_type = HeaderValue::from_static("application/problem+json");
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, content_type);
    Response::from_parts(parts, body.into())
}

fn is_silent(response: &Response) -> bool {
    use axum::body::HttpBody;

    let failed = response.status().is_client_error() || response.status().is_server_error();
    failed && response.body().size_hint().exact() == Some(0)
}

fn generic(status: StatusCode, request_id: &str) -> ProblemDetails {
    let detail = match status {
        StatusCode::NOT_FOUND => "there is nothing at this address: see /docs for what there is",
        StatusCode::METHOD_NOT_ALLOWED => {
            "this address takes other methods: see the header `Allow`"
        }
        TOO_SLOW => "this took too long: send the same again in a moment",
        _ => "the request was not carried out",
    };
    ProblemDetails {
        kind: BLANK,
        title: status.canonical_reason().unwrap_or("Error").into(),
        status: status.as_u16(),
        detail: detail.into(),
        request_id: request_id.to_owned(),
        task: None,
        acr_values: None,
        max_age: None,
    }
}
