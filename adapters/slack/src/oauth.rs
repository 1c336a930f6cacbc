//! The OAuth calls of Slack: a code for a token, a refresh token for a new one, and whether a token
//! is good. Keeps nothing, tries nothing twice, and lets no secret into an error.

use std::{fmt, time::Duration};

use bytes::Bytes;
use countersign_egress::{
    Egress,
    exchange::{Answer, DOCUMENT_BYTES, EgressError, Keep, Request, Sent},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

use crate::settings::Settings;

#[cfg(test)]
pub(crate) mod fakes;
#[cfg(test)]
mod tests;

/// Until a token call is given up.
const DEADLINE: Duration = Duration::from_secs(10);
/// A test stands between Slack's event and our answer to it.
const TEST_DEADLINE: Duration = Duration::from_secs(2);
const MAX_ERROR_BYTES: usize = 64;

/// Speaks for our app.
#[derive(Clone)]
pub struct OAuth {
    egress: Egress,
    api_url: Url,
    client_id: String,
    client_secret: SecretString,
}

/// What Slack gives for a code or a refresh token.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `T…` of a workspace, `E…` where the app was installed for a whole organisation.
    pub installation: String,
    /// `T…`; absent where the app was installed for a whole organisation.
    pub team: Option<String>,
    /// `E…`, on Enterprise Grid.
    pub enterprise: Option<String>,
    /// Whose app it is for: `A…`.
    pub app_id: String,
    /// The user that our messages come from.
    pub bot_user: String,
    /// `xoxb-…` or `xoxe.xoxb-…`.
    pub access_token: SecretString,
    /// Present where the app rotates its tokens; good for one use.
    pub refresh_token: Option<SecretString>,
    /// How long the access token lives, where it ends at all.
    pub lifetime: Option<Duration>,
}

/// Why there is no token. Holds nothing that was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// Slack said no, in its own word for it.
    #[error("Slack refused: `{0}`")]
    Refused(String),
    /// Nothing has happened; later it may work.
    #[error("not done: {0}")]
    NotDone(String),
    /// It may have happened, and the answer is lost.
    #[error("the answer was lost: {0}")]
    Lost(String),
}

impl OAuth {
    /// Absent where the configuration has no credentials of the app.
    pub fn new(egress: Egress, settings: &Settings) -> Option<Self> {
        let install = settings.install.as_ref()?;
        Some(Self {
            egress,
            api_url: settings.api_url.clone(),
            client_id: install.client_id.clone(),
            client_secret: install.client_secret.clone(),
        })
    }

    /// The code of an installation for its token. A code can be used once.
    pub async fn redeem(&self, code: &str, redirect_uri: &str) -> Result<Grant, OAuthError> {
        self.access(&[("code", code), ("redirect_uri", redirect_uri)]).await
    }

    /// A refresh token for a new token. The old one works again for a short while only.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, OAuthError> {
        let refresh_token = refresh_token.expose_secret();
        self.access(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Whether a token still works.
    pub async fn test(&self, access_token: &SecretString) -> Result<(), OAuthError> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer(access_token)?)]);
        self.call::<Nothing>("auth.test", headers, Bytes::new(), TEST_DEADLINE).await.map(|_| ())
    }

    async fn access(&self, fields: &[(&str, &str)]) -> Result<Grant, OAuthError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", self.client_secret.expose_secret())
            .extend_pairs(fields)
            .finish();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        self.call::<Given>("oauth.v2.access", headers, body.into(), DEADLINE).await?.grant()
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        headers: HeaderMap,
        body: Bytes,
        deadline: Duration,
    ) -> Result<T, OAuthError> {
        let url = endpoint(&self.api_url, method);
        let url = self.egress.check(&url).map_err(EgressError::from)?;
        let keep = Keep::Whole(DOCUMENT_BYTES);
        let request = Request { method: Method::POST, url, headers, body, keep };
        let answer = tokio::time::timeout(deadline, self.egress.send(request)).await;
        read(&answer.map_err(|_| OAuthError::Lost("no answer in time".to_owned()))??)
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The address of a method of the Web API.
pub(crate) fn endpoint(api_url: &Url, method: &str) -> Url {
    let mut url = api_url.clone();
    let path = format!("{}/{method}", api_url.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// The header that carries a token, marked so that nobody prints it.
pub(crate) fn bearer(token: &SecretString) -> Result<HeaderValue, OAuthError> {
    let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| OAuthError::NotDone("the token cannot stand in a header".to_owned()))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Reads the envelope in which Slack puts every answer.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, OAuthError> {
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(OAuthError::NotDone("too many calls".to_owned()));
    }
    // The parser's own words would quote what it read, and that may be a token.
    let unclear = || OAuthError::Lost(format!("the answer {} makes no sense", answer.status));
    let envelope: Envelope = serde_json::from_slice(&answer.body).map_err(|_| unclear())?;
    match (envelope.ok, envelope.error) {
        (true, _) => serde_json::from_slice(&answer.body).map_err(|_| unclear()),
        (false, Some(error)) => Err(refusal(&error)),
        (false, None) => Err(unclear()),
    }
}

/// Slack's errors that say nothing about what we asked.
fn refusal(error: &str) -> OAuthError {
    let is_word = error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match error {
        "ratelimited" => OAuthError::NotDone("too many calls".to_owned()),
        "internal_error" | "fatal_error" | "request_timeout" | "service_unavailable" => {
            OAuthError::Lost(error.to_owned())
        }
        _ if is_word && error.len() <= MAX_ERROR_BYTES => OAuthError::Refused(error.to_owned()),
        _ => OAuthError::Refused("unreadable".to_owned()),
    }
}

impl From<EgressError> for OAuthError {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Blocked(_)
            | EgressError::Connect(_)
            | EgressError::Tls(_)
            | EgressError::TimedOut(Sent::No) => Self::NotDone(error.to_string()),
            EgressError::TimedOut(Sent::Unknown)
            | EgressError::Broken(_)
            | EgressError::TooLarge(_) => Self::Lost(error.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Given {
    app_id: String,
    token_type: String,
    bot_user_id: String,
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_in: Option<u64>,
    team: Option<Named>,
    enterprise: Option<Named>,
    #[serde(default)]
    is_enterprise_install: bool,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Given {
    fn grant(self) -> Result<Grant, OAuthError> {
        let team = self.team.map(|team| team.id).filter(|id| is_id(id, 'T'));
        let enterprise = self.enterprise.map(|named| named.id).filter(|id| is_id(id, 'E'));
        let installation = if self.is_enterprise_install { &enterprise } else { &team };
        let Some(installation) = installation.clone().filter(|_| self.token_type == "bot") else {
            return Err(OAuthError::Lost("the answer names no installation of a bot".to_owned()));
        };
        Ok(Grant {
            installation,
            team: team.filter(|_| !self.is_enterprise_install),
            enterprise,
            app_id: self.app_id,
            bot_user: self.bot_user_id,
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            lifetime: self.expires_in.map(Duration::from_secs),
        })
    }
}

/// Whether a text is an id of Slack of this kind. Ids become names of records.
pub(crate) fn is_id(text: &str, kind: char) -> bool {
    let usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    text.starts_with(kind) && (2..=32).contains(&text.len()) && text.chars().all(usual)
}
