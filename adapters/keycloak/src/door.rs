//! Keycloak's way in: one address for each connection, with a secret in its path. Anything but a
//! `201` fails the client's request, and Keycloak waits five seconds for it.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::post,
};
use countersign_json::{gate::Limits, intake};
use countersign_port::{
    self as port,
    body::{self, Unread},
    clock::Now,
    delegation::{Delegated, Delegations, NotTaken},
    text::Untrusted,
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    bearer::{Claims, Mistrust},
    realm::{Connections, Known},
    settings::{Connection, Realm, SubjectFrom},
};

/// A longer request, or a longer bearer, is nobody's.
const MAX_BYTES: usize = 16 * 1024;

/// A binding message that begins so names a request that is open.
const REQUEST: &str = "arq_";

#[derive(Clone)]
struct Door {
    connections: Connections,
    delegations: Arc<dyn Delegations>,
    now: Now,
}

/// What Keycloak sends. Members that are not known here are the client's own.
#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    scope: String,
    login_hint: Option<String>,
    binding_message: Option<String>,
    acr_values: Option<String>,
}

/// Why it gets another answer than `201`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refused {
    /// No such connection, or another secret: one is like the other.
    Nowhere,
    Bearer(Mistrust),
    TooLarge,
    Malformed(&'static str),
    NotTaken(NotTaken),
}

pub(crate) fn routes(
    connections: Connections,
    delegations: Arc<dyn Delegations>,
    now: Now,
) -> Router {
    let door = Door { connections, delegations, now };
    Router::new()
        .route("/keycloak/{connection}/{secret}", post(delegate))
        .layer(middleware::map_response(once))
        .with_state(door)
}

/// Keycloak keeps connections, and fails the client's request where it writes into one that we have
/// closed since, at a restart: it gets a new one for each request.
async fn once(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn delegate(
    State(door): State<Door>,
    Path((connection, secret)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let known = match known(&door.connections, &connection, &secret) {
        Ok(known) => known,
        Err(refused) => return refused.into_response(),
    };
    match door.take(known, &headers, body).await {
        Ok(()) => StatusCode::CREATED.into_response(),
        Err(refused) => {
            tracing::warn!(connection, why = %refused, "Keycloak was turned away");
            refused.into_response()
        }
    }
}

/// The connection of that name, for who knows its secret.
fn known<'a>(connections: &'a Connections, name: &str, secret: &str) -> Result<&'a Known, Refused> {
    let known = connections.get(name).ok_or(Refused::Nowhere)?;
    known.connection.path_secret.matches(secret).then_some(known).ok_or(Refused::Nowhere)
}

impl Door {
    async fn take(&self, known: &Known, headers: &HeaderMap, body: Body) -> Result<(), Refused> {
        let body = body::read(headers, body, MAX_BYTES).await.map_err(|why| match why {
            Unread::TooLarge => Refused::TooLarge,
            Unread::Broken => Refused::Malformed("the body broke off"),
        })?;
        let token = bearer(headers)?;
        let now = self.now.get();
        let (realm, claims) = known.verify(token, now).await.map_err(Refused::Bearer)?;
        let delegated = delegated(&known.connection, realm, claims, token, &body)?;
        self.delegations.take(delegated).await.map_err(Refused::NotTaken)
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refused> {
    let token = port::bearer::token(headers).map_err(|_| Refused::Bearer(Mistrust::Absent))?;
    if token.len() > MAX_BYTES { Err(Refused::TooLarge) } else { Ok(token) }
}

fn delegated(
    connection: &Connection,
    realm: &Realm,
    claims: Claims,
    token: &str,
    body: &Bytes,
) -> Result<Delegated, Refused> {
    let limits = Limits { max_bytes: MAX_BYTES, ..Limits::INTAKE };
    let asked: Asked = intake::parse(body, &limits)
        .map_err(|_| Refused::Malformed("the body is not what Keycloak sends"))?;
    let (acr, signed_in_at) = (claims.acr(), claims.signed_in_at());
    let subject = match connection.subject_from {
        SubjectFrom::Sub => Some(claims.sub),
        SubjectFrom::Username => asked.login_hint.clone(),
    };
    let subject = subject.filter(|subject| !subject.is_empty());
    let joins = asked.binding_message.clone().filter(|message| message.starts_with(REQUEST));
    Ok(Delegated {
        connection: connection.name.clone(),
        issuer: realm.issuer.clone(),
        endpoint: realm.callback().into(),
        key: claims.jti,
        body_sha256: hex::encode(Sha256::digest(body)),
        client: claims.azp,
        subject: subject.ok_or(Refused::Malformed("no `login_hint` says who it is about"))?,
        login_hint: asked.login_hint.map(Untrusted::new),
        scopes: scopes(&asked.scope, &connection.ignore_scopes),
        binding_message: asked.binding_message.map(Untrusted::new),
        acr_values: asked.acr_values,
        acr,
        signed_in_at,
        joins,
        expires_at: forgotten_at(connection, claims.iat, claims.exp)?,
        bearer: SecretString::from(token),
    })
}

/// Each once, without those that nobody is asked about.
fn scopes(text: &str, ignored: &[String]) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
        if !ignored.iter().any(|other| other == scope) && !scopes.iter().any(|other| other == scope)
        {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// A longer `requested_expiry` makes the bearer live longer, and not the memory of the realm.
fn forgotten_at(connection: &Connection, iat: i64, exp: i64) -> Result<Timestamp, Refused> {
    let forgotten = iat.saturating_add(connection.realm_expires_in.as_secs());
    Timestamp::from_second(exp.min(forgotten))
        .map_err(|_| Refused::Malformed("the bearer's times are out of range"))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Nowhere => StatusCode::NOT_FOUND,
            Self::Bearer(_) => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotTaken(why) => match why {
                NotTaken::UnknownClient { .. } | NotTaken::NotJoinable => StatusCode::FORBIDDEN,
                NotTaken::KeyReused => StatusCode::CONFLICT,
                NotTaken::TooMany => StatusCode::TOO_MANY_REQUESTS,
                NotTaken::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
        .into_response()
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nowhere => f.write_str("no such connection, or another secret"),
            Self::Bearer(why) => write!(f, "bearer: {why}"),
            Self::TooLarge => f.write_str("longer than 16 KiB"),
            Self::Malformed(why) => f.write_str(why),
            Self::NotTaken(why) => write!(f, "{why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_asked_for_once_and_not_at_all_where_it_is_ignored() {
        let ignored = ["openid".to_owned(), "email".to_owned()];
        let all = "openid orders:write email  orders:write orders:read openid";
        assert_eq!(scopes(all, &ignored), ["orders:write", "orders:read"]);
        assert!(scopes("", &ignored).is_empty());
    }
}
