//! The token that we call the connector with: one for the whole bot, asked for by one call at a
//! time and kept until shortly before its end.

use std::{fmt, path::Path, time::Duration};

use countersign_egress::{
    Egress,
    exchange::{Answer, DOCUMENT_BYTES, Keep, Request},
};
use countersign_port::clock::{Asked, Now, Skew};
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;

use crate::{
    failure::Failure,
    settings::{Authority, Credential, Settings},
};

/// A token is replaced so long before its end.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// What failed a moment ago fails for everybody who waited for it.
const FAILED: SignedDuration = SignedDuration::from_secs(2);
/// The login answers faster than this or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// The one token.
pub(crate) struct Tokens {
    egress: Egress,
    authority: Authority,
    app_id: String,
    credential: Credential,
    now: Now,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<(SecretString, Timestamp)>,
    failed: Option<(Failure, Timestamp)>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u32,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
}

impl Tokens {
    pub(crate) fn new(egress: Egress, settings: &Settings, now: Now) -> Self {
        Self {
            egress,
            authority: settings.authority.clone(),
            app_id: settings.app_id.clone(),
            credential: settings.credential.clone(),
            now,
            held: Mutex::default(),
        }
    }

    /// The token to call with now.
    pub(crate) async fn get(&self) -> Result<SecretString, Failure> {
        let mut held = self.held.lock().await;
        let now = self.now.get();
        if let Some((token, _)) = held.token.as_ref().filter(|(_, ends_at)| now + EARLY < *ends_at)
        {
            return Ok(token.clone());
        }
        let failed = match &held.failed {
            Some((failure, at)) if now.duration_since(*at) < FAILED => failure.clone(),
            Some(_) | None => match self.ask().await.and_then(|answer| granted(&answer)) {
                Ok(granted) => {
                    let life = SignedDuration::from_secs(granted.expires_in.into());
                    held.token = Some((granted.access_token.clone(), now + life));
                    return Ok(granted.access_token);
                }
                Err(failure) => failure,
            },
        };
        held.failed = Some((failed.clone(), now));
        // The old one is good for some minutes yet.
        let last = held.token.as_ref().filter(|(_, ends_at)| now < *ends_at);
        last.map(|(token, _)| token.clone()).ok_or(failed)
    }

    /// Asks for a token, whether there is one or not, and says how far our clock is from the login's.
    pub(crate) async fn test(&self) -> Result<Option<Skew>, Failure> {
        let at = self.now.get();
        let answer = self.ask().await?;
        let asked = Asked { at, answered_at: self.now.get() };
        granted(&answer).map(|_| asked.skew(&answer.headers))
    }

    /// The connector did not accept this token: the next one is a new one.
    pub(crate) async fn refused(&self, token: &SecretString) {
        let mut held = self.held.lock().await;
        let same = held
            .token
            .as_ref()
            .is_some_and(|(kept, _)| kept.expose_secret() == token.expose_secret());
        if same {
            held.token = None;
        }
    }

    async fn ask(&self) -> Result<Answer, Failure> {
        let body = self.form().await?.into();
        let url = self.egress.check(&self.authority.token_url);
        let url = url.map_err(|why| Failure::Blocked(why.to_string()))?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        let keep = Keep::Whole(DOCUMENT_BYTES);
        let request = Request { method: Method::POST, url, headers, body, keep };
        let answer = tokio::time::timeout(PATIENCE, self.egress.send(request)).await;
        // A token that was lost on its way is no loss: the next one is as good.
        let answer = answer.map_err(|_| Failure::NotSent("no answer in time".to_owned()))?;
        answer.map_err(|error| Failure::NotSent(error.to_string()))
    }

    async fn form(&self) -> Result<String, Failure> {
        let assertion = match &self.credential {
            Credential::Secret(_) => None,
            Credential::Assertion(path) => Some(read(path).await?),
        };
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.app_id)
            .append_pair("scope", &self.authority.scope);
        match (&self.credential, &assertion) {
            (Credential::Secret(secret), _) => {
                form.append_pair("client_secret", secret.expose_secret());
            }
            (Credential::Assertion(_), assertion) => {
                let assertion = assertion.as_ref().map_or("", |text| text.expose_secret().trim());
                form.append_pair("client_assertion_type", ASSERTION_TYPE)
                    .append_pair("client_assertion", assertion);
            }
        }
        Ok(form.finish())
    }
}

/// What the login gave, or why it gave nothing.
fn granted(answer: &Answer) -> Result<Granted, Failure> {
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|_| Failure::login("malformed"));
    }
    let denied = serde_json::from_slice::<Denied>(&answer.body);
    Err(Failure::login(&denied.map(|denied| denied.error).unwrap_or_default()))
}

async fn read(path: &Path) -> Result<SecretString, Failure> {
    let text = tokio::fs::read_to_string(path).await.map_err(|error| {
        tracing::error!(path = %path.display(), %error, "cannot read the assertion");
        Failure::login("no_assertion")
    })?;
    Ok(text.into())
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
