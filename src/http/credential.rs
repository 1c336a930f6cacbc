//! Single-use credentials over HTTP: claim, redeem, introspect (RFC 7662), revoke (RFC 7009), and the
//! keys to verify them with. Whatever is wrong with a credential, the answer is the same bytes.

use axum::{
    Form, Json,
    body::Bytes,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use countersign_verify::claims;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AppState,
    caller::{Asking, Caller, Server},
    follow::known_id,
    prefer,
    problem::{Problem, ProblemDetails},
    submit::{is_thumbprint, json},
};
use crate::{domain::right::Right, refusal::Refusal, service::credential::Presented};

/// Verifiers fetch the keys so often, in seconds; every key is published a day before it signs.
const KEYS_FRESH: &str = "public, max-age=300";

/// Behind [`super::caller::admit`].
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(redeem))
        .routes(routes!(introspect))
        .routes(routes!(revoke))
}

/// To what the credential is to be bound besides.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimBody {
    /// SHA-256 of the base token, in base64url without padding (the `ath` of RFC 9449).
    #[schema(min_length = 43, max_length = 43)]
    ath: Option<String>,
}

/// A credential to hand to whoever makes the call, and to nobody else.
#[derive(Debug, Serialize, ToSchema)]
struct ClaimResponse {
    /// A JWS with the `typ` `countersign-action+jwt`. It travels in the header `Countersign-Action`.
    credential: String,
    /// In seconds.
    expires_in: i64,
    jti: String,
}

/// A credential, and the call that it came with.
#[derive(Debug, Deserialize, ToSchema)]
struct RedeemForm {
    token: String,
    /// Of what is about to be executed: SHA-256 of the canonical JSON of action, resource and
    /// parameters, in base64url.
    params_hash: String,
    /// Session of the base token, where the credential has one.
    sid: Option<String>,
    /// SHA-256 of the base token, where the credential has one.
    ath: Option<String>,
    /// Thumbprint of the key that the caller has proven, where the credential has one.
    cnf: Option<String>,
    /// Subject of the base token; compared if it is given.
    sub: Option<String>,
    /// Client of the base token; compared if it is given.
    client_id: Option<String>,
}

/// A token, as RFC 7662 and RFC 7009 send it.
#[derive(Debug, Deserialize, ToSchema)]
struct TokenForm {
    token: String,
}

/// Whether a credential is good, and then what it says.
#[derive(Debug, Serialize, ToSchema)]
struct Activity {
    active: bool,
    #[serde(flatten)]
    #[schema(value_type = Option<Object>)]
    claims: Option<claims::Credential>,
}

/// Claims the single-use credential of an approved action, while the approval is live. There is one at
/// a time; one that expired unredeemed can be replaced once.
#[utoipa::path(
    post,
    path = "/access/v1/requests/{id}/credential",
    tag = "credential",
    params(("id" = String, Path, description = "The id of the task", example = "arq_01m8459zdv0adekrpvv3qvsyjr4n8c2w7x5t")),
    request_body(content = Option<ClaimBody>, description = "May be left out"),
    responses(
        (status = 200, description = "Here it is; it lives for a minute or so", body = ClaimResponse),
        (status = 400, description = "The body does not fit", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden_claim`: it would be bound to nothing; \
         `no_matching_rule`: today's policy says no; or `forbidden`: this client has not the right \
         `result`", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 404, description = "There is no such request, or it is not yours",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "`not_claimable`: not approved, over, or one is alive",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 422, description = "Today's catalogue or policy does not know it any more",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
async fn claim(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ClaimResponse>, Problem> {
    caller.need(Right::Result)?;
    let id = known_id(&id)?;
    let body: ClaimBody = match body.trim_ascii() {
        b"" | b"null" => ClaimBody::default(),
        _ => json(&headers, &body)?,
    };
    if body.ath.as_ref().is_some_and(|ath| !is_thumbprint(ath)) {
        return Err(Problem::invalid(
            "`ath` is SHA-256 of the base token in base64url: 43 characters",
        ));
    }
    let claimed = state.service.claim(&caller.client, &id, body.ath).await?;
    Ok(Json(ClaimResponse {
        credential: claimed.credential,
        expires_in: claimed.expires_in_seconds,
        jti: claimed.jti,
    }))
}

/// Redeems a credential: `active` is true once, for the resource server that it is meant for and the
/// call that it was issued for. Otherwise it is false, and only the audit log says why. The same
/// `Idempotency-Key` within 30 seconds has the same answer.
#[utoipa::path(
    post,
    path = "/access/v1/credentials/redeem",
    tag = "credential",
    request_body(content = RedeemForm, content_type = "application/x-www-form-urlencoded"),
    params(("Idempotency-Key" = Option<String>, Header,
            description = "So that a lost answer does not burn the action")),
    responses(
        (status = 200, description = "Yes, once; or no", body = Activity),
        (status = 400, description = "The form does not fit", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
async fn redeem(
    State(state): State<AppState>,
    server: Server,
    headers: HeaderMap,
    form: Result<Form<RedeemForm>, FormRejection>,
) -> Result<Json<Activity>, Problem> {
    let key = prefer::idempotency_key(&headers)?;
    let Form(form) = form.map_err(|error| Problem::invalid(error.body_text()))?;
    let presented = Presented {
        token: form.token,
        params_hash: form.params_hash,
        sid: form.sid,
        ath: form.ath,
        cnf: form.cnf,
        sub: form.sub,
        client_id: form.client_id,
        key,
    };
    let claims = state.service.redeem(&server.id, presented).await?;
    Ok(Json(Activity { active: claims.is_some(), claims }))
}

/// Whether a credential could be redeemed now. Nothing changes. For the client that claimed it and
/// the resource server that it is meant for.
#[utoipa::path(
    post,
    path = "/access/v1/credentials/introspect",
    tag = "credential",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Yes, with what it says; or no", body = Activity),
        (status = 400, description = "The form does not fit", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: this client has not the right `result`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
async fn introspect(
    State(state): State<AppState>,
    Asking(holder): Asking,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Json<Activity>, Problem> {
    let Form(form) = form.map_err(|error| Problem::invalid(error.body_text()))?;
    let claims = state.service.introspect(&holder, &form.token).await?;
    Ok(Json(Activity { active: claims.is_some(), claims }))
}

/// Revokes a credential that was not redeemed. The answer is the same whether there was one.
#[utoipa::path(
    post,
    path = "/access/v1/credentials/revoke",
    tag = "credential",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is good for nothing, or never was"),
        (status = 400, description = "The form does not fit", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: this client has not the right `result`",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
async fn revoke(
    State(state): State<AppState>,
    Asking(holder): Asking,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<(), Problem> {
    let Form(form) = form.map_err(|error| Problem::invalid(error.body_text()))?;
    Ok(state.service.revoke(holder, &form.token).await?)
}

/// The public keys that credentials and approvals are verified with (RFC 7517). A key is here a day
/// before it signs, and for a month after.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "credential",
    security(()),
    responses(
        (status = 200, description = "A JWK set", body = Object),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
pub(super) async fn jwks(State(state): State<AppState>) -> Result<Response, Problem> {
    let keys = state.service.parts.signing.published().await.map_err(Refusal::from)?;
    let fresh = [(header::CACHE_CONTROL, HeaderValue::from_static(KEYS_FRESH))];
    Ok((fresh, Json(keys)).into_response())
}
