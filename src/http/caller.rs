//! Who calls. One middleware admits integrators: it reads the raw body, checks the proof, paces the
//! client, and only then lets a handler see anything. Handlers get a [`Caller`] and nothing else.

pub mod registry;
pub(super) mod challenge;
mod pace;
pub(super) mod token;

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, request::Parts},
    middleware::Next,
    response::Response,
};
use countersign_json::gate::Limits;
use countersign_port::{
    bearer::{self, NoToken},
    body::{self, Unread},
    webhook_signature::{Headers, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, WINDOW_S},
};
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use self::registry::{Party, Registry};
use super::{AppState, problem::Problem};
use crate::{
    domain::{access::revoke::Holder, client::Client, right::Right},
    refusal::{self, Refusal},
    store::upkeep::Seen,
};

/// The client that signed the request.
const CLIENT_HEADER: HeaderName = HeaderName::from_static("countersign-client");

/// A body that takes longer to arrive is given up.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// How long a signed message is remembered: as long as its signature could be used again.
const REMEMBERED_US: i64 = 2 * WINDOW_S * 1_000_000;

const CHALLENGE: &str = "Bearer realm=\"countersign\"";
const BAD_TOKEN: &str = "Bearer realm=\"countersign\", error=\"invalid_token\"";

/// The integrator that made the request, proven and admitted.
#[derive(Debug, Clone)]
pub struct Caller {
    pub client: Arc<Client>,
    waits: Arc<Semaphore>,
}

/// The resource server that made the request, proven by its API key and admitted.
#[derive(Debug, Clone)]
pub struct Server {
    pub id: Arc<str>,
}

/// Whoever may ask about a credential: the client that claimed it, or the server that it is meant
/// for.
#[derive(Debug, Clone)]
pub struct Asking(pub Holder);

/// A reader of decisions and of the log, proven by its API key.
#[derive(Debug, Clone)]
pub struct Auditor {
    pub id: Arc<str>,
}

/// What a request brings to prove who sent it.
#[derive(Debug, Clone, Copy)]
enum Proof<'a> {
    ApiKey(&'a str),
    Token(&'a str),
    Signature { client: &'a str, headers: Headers<'a> },
}

/// Why a caller is not known. Callers learn no more than that, and how to do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stranger {
    NoProof,
    TwoProofs,
    BadKey,
    BadToken,
    BadSignature,
}

impl Caller {
    /// Whether it may do this at all, whatever it is about.
    pub(super) fn need(&self, right: Right) -> Result<(), Refusal> {
        refusal::need(&self.client, right)
    }

    /// A place among the waiting, if this client has one left.
    pub(super) fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waits).try_acquire_owned().ok()
    }
}

/// Lets a client or a resource server in, or answers in its place.
pub(super) async fn admit(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let _place = state.registry.crowd.try_acquire().map_err(|_| {
        Problem::unavailable("more requests are under way than the service takes: slow down")
    })?;
    let body = read(&parts.headers, body).await?;
    let now = state.service.parts.clock.now();
    let proof = proof(&parts.headers)?;
    let admitted = identify(&state.registry, proof, &body, now).await?;
    admitted.check_pace()?;
    let speaker = match admitted {
        Party::Client(speaker) => speaker,
        Party::ResourceServer(keyed) => {
            parts.extensions.insert(Server { id: Arc::clone(&keyed.id) });
            return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
        }
    };
    if let Proof::Signature { headers, .. } = proof {
        remember(&state, speaker.client, headers.id, now).await?;
    }
    let caller =
        Caller { client: Arc::clone(speaker.client), waits: Arc::clone(&speaker.known.waits) };
    parts.extensions.insert(caller.clone());
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    response.extensions_mut().insert(caller);
    Ok(response)
}

/// Why a provider is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAdmitted {
    Stranger,
    /// And after how many seconds it may come again.
    TooFast(u64),
}

/// The provider whose API key a call brings.
pub(super) fn provider(state: &AppState, headers: &HeaderMap) -> Result<Arc<str>, NotAdmitted> {
    let Ok(Proof::ApiKey(key)) = proof(headers) else { return Err(NotAdmitted::Stranger) };
    let keyed = state.registry.provider_by_key(key).ok_or(NotAdmitted::Stranger)?;
    match keyed.pace.check() {
        Err(Refusal::RateLimited { retry_after_seconds, .. }) => {
            Err(NotAdmitted::TooFast(retry_after_seconds))
        }
        Ok(()) | Err(_) => Ok(Arc::clone(&keyed.id)),
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    match timeout(BODY_PATIENCE, body::read(headers, body, Limits::INTAKE.max_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Unread::TooLarge)) => Err(Problem::too_large()),
        Ok(Err(Unread::Broken)) => Err(Problem::invalid("the body broke off: send it again")),
        Err(_) => Err(Problem::invalid("the body did not arrive in time: send it again")),
    }
}

fn proof(headers: &HeaderMap) -> Result<Proof<'_>, Stranger> {
    let bearer = match bearer::token(headers) {
        Ok(token) => Some(token),
        Err(NoToken::Absent) => None,
        Err(NoToken::Several) => return Err(Stranger::TwoProofs),
        Err(NoToken::Other) => return Err(Stranger::NoProof),
    };
    match (bearer, text(headers, &CLIENT_HEADER)?) {
        (None, None) => Err(Stranger::NoProof),
        (Some(_), Some(_)) => Err(Stranger::TwoProofs),
        (Some(key), None) if key.starts_with("cs_") => Ok(Proof::ApiKey(key)),
        (Some(token), None) => Ok(Proof::Token(token)),
        (None, Some(client)) => {
            let need = |name: &'static str| {
                text(headers, &HeaderName::from_static(name))?.ok_or(Stranger::BadSignature)
            };
            let id = need(ID_HEADER)?;
            let timestamp = need(TIMESTAMP_HEADER)?;
            let signature = need(SIGNATURE_HEADER)?;
            Ok(Proof::Signature { client, headers: Headers { id, timestamp, signature } })
        }
    }
}

/// The one value of a header; two values prove nothing.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Stranger> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Stranger::TwoProofs);
    }
    first.map(|value| value.to_str().map_err(|_| Stranger::NoProof)).transpose()
}

async fn identify<'r>(
    registry: &'r Registry,
    proof: Proof<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Party<'r>, Stranger> {
    let speaker = match proof {
        Proof::ApiKey(key) => return registry.party_by_key(key).ok_or(Stranger::BadKey),
        Proof::Token(token) => registry.client_by_token(token, now).await.map_err(|why| {
            tracing::info!(why = why.as_str(), "an access token was refused");
            Stranger::BadToken
        }),
        Proof::Signature { client, headers } => {
            registry.client_by_signature(client, &headers, body, now).map_err(|why| {
                tracing::info!(%why, "a signature was refused");
                Stranger::BadSignature
            })
        }
    };
    speaker.map(Party::Client)
}

/// A signed message counts once, whichever replica sees it.
async fn remember(
    state: &AppState,
    client: &Client,
    id: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let expires_us = now.as_microsecond().saturating_add(REMEMBERED_US);
    let name = format!("client/{}/{id}", client.id);
    let seen = state.service.parts.store.remember(&name, expires_us).await;
    match seen.map_err(Refusal::from)? {
        Seen::First => Ok(()),
        Seen::Again => Err(Refusal::Duplicate {
            detail: "this `webhook-id` was used before: sign every request with a new one, and \
                     send an `Idempotency-Key` to ask for the same thing again"
                .to_owned(),
        }),
    }
}

impl From<Stranger> for Problem {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::NoProof => Self::unauthenticated(
                "say who you are: an API key or an access token as `authorization: Bearer …`, or \
                 `countersign-client` with a Standard Webhooks signature",
                CHALLENGE,
            ),
            Stranger::TwoProofs => Self::unauthenticated(
                "there is more than one proof of who you are: send exactly one",
                CHALLENGE,
            ),
            Stranger::BadKey => Self::unauthenticated(
                "this API key is not registered for this address: check it against the configuration",
                BAD_TOKEN,
            ),
            Stranger::BadToken => Self::unauthenticated(
                "this access token is not accepted: check issuer, audience, expiry and the `tokens` \
                 of your client; the log of the service says which",
                BAD_TOKEN,
            ),
            Stranger::BadSignature => Self::unauthenticated(
                "this signature is not accepted: sign id, time and body with your webhook secret, \
                 within 5 minutes; the log of the service says more",
                CHALLENGE,
            ),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Stranger::BadKey.into())
    }
}

impl<S: Sync> FromRequestParts<S> for Server {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Stranger::BadKey.into())
    }
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>();
        caller.map_or(Ok(()), |caller| caller.need(Right::Result))?;
        let client = caller.map(|caller| caller.client.id.clone());
        let server = parts.extensions.get::<Server>().map(|server| server.id.to_string());
        let holder = client.map(Holder::Client).or(server.map(Holder::ResourceServer));
        holder.map(Self).ok_or_else(|| Stranger::NoProof.into())
    }
}

impl FromRequestParts<AppState> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match proof(&parts.headers)? {
            Proof::ApiKey(key) => {
                let reading = state.registry.auditor_by_key(key).ok_or(Stranger::BadKey)?;
                reading.pace.check()?;
                Ok(Self { id: Arc::clone(&reading.id) })
            }
            Proof::Token(_) | Proof::Signature { .. } => Err(Stranger::BadKey.into()),
        }
    }
}
