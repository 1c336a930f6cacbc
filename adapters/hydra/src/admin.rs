//! Hydra's admin API: what a challenge is about, and the two answers to it. Where Hydra wants the
//! browser to go next is believed only if it is Hydra's own public address.

use countersign_egress::{
    Egress,
    exchange::{Answer, DOCUMENT_BYTES, EgressError, Keep, Request},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::settings::Settings;

const CONSENT: &str = "admin/oauth2/auth/requests/consent";

/// What a client wants, and for whom.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) challenge: String,
    #[serde(default)]
    pub(crate) requested_scope: Vec<String>,
    #[serde(default)]
    pub(crate) requested_access_token_audience: Vec<String>,
    pub(crate) subject: String,
    pub(crate) client: Client,
    /// How the login page says that the subject has signed in.
    pub(crate) acr: Option<String>,
    /// What else the login page hands on.
    #[serde(default)]
    context: Value,
}

impl Wanted {
    /// When the subject has signed in: Hydra hands no time on, but the login page may.
    pub(crate) fn signed_in_at(&self) -> Option<Timestamp> {
        let at = self.context.get("auth_time").and_then(Value::as_i64);
        at.and_then(|at| Timestamp::from_second(at).ok())
    }
}

/// The OAuth client.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) client_name: Option<String>,
}

/// What Hydra knows of a challenge.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    Wanted(Box<Wanted>),
    /// It has been answered; the browser goes on there.
    Answered(Url),
}

/// Why Hydra was of no help. Never holds a challenge or an address with one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoHelp {
    #[error("Hydra does not know the challenge")]
    Unknown,
    #[error("Hydra was not reached: {0}")]
    NotReached(String),
    #[error("Hydra answered {0}")]
    Refused(u16),
    #[error("Hydra's answer is not understood")]
    Malformed,
    /// Somebody else would get the browser, and what it carries.
    #[error("Hydra wants the browser sent to `{0}`, which is not its `issuer`")]
    Foreign(String),
}

#[derive(Deserialize)]
struct Redirect {
    redirect_to: Url,
}

/// The API of one Hydra.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    pub(crate) egress: Egress,
    pub(crate) settings: Settings,
}

impl Admin {
    /// What is wanted.
    pub(crate) async fn wanted(&self, challenge: &str) -> Result<Known, NoHelp> {
        let answer = self.call(Method::GET, "", challenge, None).await?;
        match answer.status {
            StatusCode::GONE => self.next(&answer).map(Known::Answered),
            StatusCode::NOT_FOUND => Err(NoHelp::Unknown),
            status if status.is_success() => {
                let wanted: Wanted = read(&answer)?;
                let is_same = wanted.challenge == challenge;
                is_same.then(|| Known::Wanted(Box::new(wanted))).ok_or(NoHelp::Malformed)
            }
            status => Err(NoHelp::Refused(status.as_u16())),
        }
    }

    /// Grants so much, and says where the browser goes on.
    pub(crate) async fn accept(&self, challenge: &str, grant: &Value) -> Result<Url, NoHelp> {
        self.answer("/accept", challenge, grant).await
    }

    /// Grants nothing, and says where the browser goes on.
    pub(crate) async fn reject(&self, challenge: &str, why: &Value) -> Result<Url, NoHelp> {
        self.answer("/reject", challenge, why).await
    }

    async fn answer(&self, verb: &str, challenge: &str, body: &Value) -> Result<Url, NoHelp> {
        let answer = self.call(Method::PUT, verb, challenge, Some(body)).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(NoHelp::Unknown),
            status if status.is_success() || status == StatusCode::GONE => self.next(&answer),
            status => Err(NoHelp::Refused(status.as_u16())),
        }
    }

    fn next(&self, answer: &Answer) -> Result<Url, NoHelp> {
        let Redirect { redirect_to } = read(answer)?;
        if self.settings.is_own(&redirect_to) {
            return Ok(redirect_to);
        }
        Err(NoHelp::Foreign(redirect_to.origin().ascii_serialization()))
    }

    async fn call(
        &self,
        method: Method,
        verb: &str,
        challenge: &str,
        body: Option<&Value>,
    ) -> Result<Answer, NoHelp> {
        let mut url = self.settings.admin_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{CONSENT}{verb}"));
        url.query_pairs_mut().clear().append_pair("consent_challenge", challenge);
        let unreached = |why: String| NoHelp::NotReached(why);
        let url = self.egress.check(&url).map_err(|blocked| unreached(blocked.to_string()))?;
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let body = body.map(Value::to_string).unwrap_or_default().into();
        let keep = Keep::Whole(DOCUMENT_BYTES);
        let answer = self.egress.send(Request { method, url, headers, body, keep }).await;
        answer.map_err(|error: EgressError| unreached(error.to_string()))
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, NoHelp> {
    serde_json::from_slice(&answer.body).map_err(|_| NoHelp::Malformed)
}
