//! The service over HTTP: its keys, and the redemption that makes a credential work once. The client
//! is yours: give it a timeout, a root store, a proxy as your house has them.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{call::Call, claims::Credential, keys::Keys};

/// Between two fetches of the keys, so that unknown key ids cannot flood the service.
const PAUSE: Duration = Duration::from_secs(30);

/// Why the service gave no yes. Everything here is a no.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Spent, expired, revoked, or not for this call. The service does not say which.
    #[error("the credential is not active")]
    NotActive,
    /// Nothing is known: the same idempotency key may be tried again for 30 seconds.
    #[error("the service could not be asked")]
    Unreachable(#[source] reqwest::Error),
    #[error("the service answered {0}")]
    Refused(StatusCode),
}

/// A Countersign service, and who asks it.
#[derive(Debug)]
pub struct Service {
    http: Client,
    url: String,
    api_key: SecretString,
    fetched: Mutex<Option<Instant>>,
}

/// Claims stand beside it where it is true.
#[derive(Debug, Deserialize)]
struct Activity {
    active: bool,
    #[serde(flatten)]
    claims: Value,
}

impl Service {
    /// `url` is the public address of the service, without a slash at its end; `api_key` that of an
    /// entry under `resource_servers:`.
    pub fn new(url: impl Into<String>, api_key: impl Into<SecretString>, http: Client) -> Self {
        Self { http, url: url.into(), api_key: api_key.into(), fetched: Mutex::default() }
    }

    /// The keys, or `None` where they were asked for less than 30 seconds ago.
    pub async fn keys(&self) -> Result<Option<Keys>, Failed> {
        let mut fetched = self.fetched.lock().await;
        if fetched.is_some_and(|at| at.elapsed() < PAUSE) {
            return Ok(None);
        }
        *fetched = Some(Instant::now());
        let url = format!("{}/.well-known/jwks.json", self.url);
        let answer = self.http.get(url).send().await.map_err(Failed::Unreachable)?;
        let answer = answer.error_for_status().map_err(Failed::Unreachable)?;
        let set = answer.json().await.map_err(Failed::Unreachable)?;
        Ok(Some(Keys::of(&set)))
    }

    /// Spends a credential. Yes comes once; again within 30 seconds for the same `idempotency_key`,
    /// so that a lost answer does not burn the action.
    pub async fn redeem(
        &self,
        token: &str,
        call: &Call<'_>,
        params_hash: &str,
        idempotency_key: &str,
    ) -> Result<Credential, Failed> {
        let mut form = vec![
            ("token", token),
            ("params_hash", params_hash),
            ("sub", call.subject),
            ("client_id", call.client_id),
        ];
        let bound = [("sid", call.sid), ("ath", call.ath), ("cnf", call.key)];
        form.extend(bound.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let asked = self
            .http
            .post(format!("{}/access/v1/credentials/redeem", self.url))
            .bearer_auth(self.api_key.expose_secret())
            .header("idempotency-key", idempotency_key)
            .form(&form);
        let answer = asked.send().await.map_err(Failed::Unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(Failed::Refused(answer.status()));
        }
        let Activity { active, claims } = answer.json().await.map_err(Failed::Unreachable)?;
        if !active {
            return Err(Failed::NotActive);
        }
        serde_json::from_value(claims).map_err(|_| Failed::NotActive)
    }
}
