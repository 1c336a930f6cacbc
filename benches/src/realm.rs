//! A realm of Keycloak with nothing to it: it publishes its key, asks, and takes every answer. What
//! it asks is signed beforehand.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Json, Router,
    http::StatusCode,
    routing::{get, post},
};
use countersign::clock::Clock;
use countersign_sandbox::demo;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet},
};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::failure::Failure;

/// What the service must have in the path.
pub(crate) const PATH_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// How long it remembers a request.
pub(crate) const EXPIRES_IN_S: i64 = 600;
/// A PKCS #8 key of this kind wraps the PKCS #1 key that is wanted in a prefix of this length.
const WRAPPING: usize = 26;
const KEY_ID: &str = "realm-key";

/// A listening realm; gone when dropped.
pub(crate) struct Realm {
    address: SocketAddr,
    key: EncodingKey,
    _server: JoinSet<()>,
}

impl Realm {
    /// Listens on a free port.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256)?.serialize_der();
        let key = EncodingKey::from_rsa_der(pair.get(WRAPPING..).unwrap_or_default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let routes = routes(published(&key)?);
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                anstream::eprintln!("the realm has stopped: {error}");
            }
        });
        Ok(Self { address, key, _server: server })
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}/realms/bench", self.address)
    }

    /// Authentication requests as Keycloak sends them, of one client for one user, no two alike.
    pub(crate) fn asks(&self, to: SocketAddr, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
        (0..count).map(|number| self.ask(to, number)).collect()
    }

    fn ask(&self, to: SocketAddr, number: usize) -> Result<Vec<u8>, Failure> {
        let body = json!({
            "scope": "openid prod:orders:write profile email",
            "login_hint": "dana",
            "binding_message": format!("order-{number}"),
            "is_consent_required": false,
        })
        .to_string();
        Ok(format!(
            "POST /keycloak/main/{PATH_SECRET} HTTP/1.1\r\nhost: {to}\r\n\
             authorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.bearer(number)?,
            body.len()
        )
        .into_bytes())
    }

    fn bearer(&self, number: usize) -> Result<String, Failure> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(KEY_ID.to_owned());
        let (now, issuer) = (Clock::system().now().as_second(), self.issuer());
        let claims = json!({
            "exp": now + EXPIRES_IN_S, "iat": now, "jti": format!("request-{number}"),
            "iss": issuer, "aud": issuer, "sub": "cbba7493-25fe-498b-81c5-da4099409cec",
            "typ": "Bearer", "azp": demo::CLIENT_ID,
        });
        Ok(encode(&header, &claims, &self.key)?)
    }
}

fn published(key: &EncodingKey) -> Result<JwkSet, Failure> {
    let mut key = Jwk::from_encoding_key(key, Algorithm::RS256)?;
    key.common.key_id = Some(KEY_ID.to_owned());
    Ok(JwkSet { keys: vec![key] })
}

fn routes(keys: JwkSet) -> Router {
    let below = "/realms/bench/protocol/openid-connect";
    Router::new()
        .route(&format!("{below}/certs"), get(|| async { Json(keys) }))
        .route(&format!("{below}/ext/ciba/auth/callback"), post(|| async { StatusCode::OK }))
}

impl std::fmt::Debug for Realm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realm").field("address", &self.address).finish_non_exhaustive()
    }
}
