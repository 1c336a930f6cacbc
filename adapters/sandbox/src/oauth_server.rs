//! The sample OAuth server of the demo: asks over the public API with its key, takes callbacks on
//! a route of its own, verifies them, and spends single-use credentials. It uses nothing of the
//! service but HTTP.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, header, header::InvalidHeaderValue},
};
use countersign_egress::{
    Egress,
    exchange::{EgressError, Request},
};
use countersign_port::webhook_signature::key::Secret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

use self::{
    log::{Call, Entry, Log},
    scenario::Scenario,
};
use crate::{clock::Clock, pulse::Pulse};

mod callback;
pub mod log;
pub mod scenario;

const JSON: &str = "application/json";
const APPROVED: &str = "access_request.approved";

/// The server. A clone is another handle to the same one.
#[derive(Clone)]
pub struct OauthServer(Arc<Inner>);

struct Inner {
    settings: Settings,
    state: Mutex<State>,
}

struct State {
    answering: Switch,
    log: Log,
    credentials: HashMap<String, String>,
    asked: u64,
}

/// What the server is set up with.
pub struct Settings {
    /// Where the service listens: `http://127.0.0.1:8717`.
    pub service: String,
    /// Its key as the client [`crate::demo::CLIENT_ID`].
    pub api_key: SecretString,
    /// The key of the bank, the resource server that carries out a transfer.
    pub resource_key: SecretString,
    /// The secret that callbacks are signed with.
    pub webhook_secret: Secret,
    /// Where [`OauthServer::routes`] listen, with the path `/callback`.
    pub callback_endpoint: String,
    /// The one outbound client. It must be allowed to call this machine.
    pub egress: Egress,
    pub clock: Arc<dyn Clock>,
    /// Beats when there is something new in the log.
    pub pulse: Pulse,
}

/// Whether something works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    Up,
    Down,
}

impl Switch {
    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Finds a position by its name.
    pub fn find(name: &str) -> Option<Self> {
        [Self::Up, Self::Down].into_iter().find(|switch| switch.as_str() == name)
    }
}

/// What the service answered to a request for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The HTTP status.
    pub status: u16,
    /// The request's id, where the service took it.
    pub request: Option<String>,
    /// The number for the requester's screen, where an approver must type it.
    pub number: Option<String>,
    /// The service's own words, where it did not take it.
    pub problem: Option<String>,
}

/// The service could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("the address of the service is malformed: {0}")]
    Address(#[from] url::ParseError),
    #[error("the key cannot be sent: {0}")]
    Key(#[from] InvalidHeaderValue),
    #[error("the service did not answer: {0}")]
    Http(#[from] EgressError),
    #[error("the service's answer or our question is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the service gave no credential: status {status}")]
    NoCredential { status: u16 },
}

/// A question to the service.
struct Question<'a> {
    path: &'a str,
    key: &'a SecretString,
    content_type: &'static str,
    idempotency_key: Option<String>,
    body: Vec<u8>,
}

impl OauthServer {
    /// A server that has asked nothing yet.
    pub fn new(settings: Settings) -> Self {
        let state = State {
            answering: Switch::Up,
            log: Log::default(),
            credentials: HashMap::new(),
            asked: 0,
        };
        Self(Arc::new(Inner { settings, state: Mutex::new(state) }))
    }

    /// The route on which the service calls back, for a listener of its own.
    pub fn routes(&self) -> Router {
        callback::routes(self.clone())
    }

    /// What was sent and received, oldest first.
    pub fn log(&self) -> Vec<Entry> {
        self.state().log.entries()
    }

    /// The approved transfers for which the service gives a credential.
    pub fn spendable(&self) -> Vec<String> {
        let log = self.log();
        let transfers = log.iter().filter_map(Entry::transfer);
        let offered = |request: &&str| {
            let told = |call: &Call| call.request == *request && call.gives_credential();
            log.iter().filter_map(Entry::delivered).any(told)
        };
        transfers.filter(offered).map(str::to_owned).collect()
    }

    /// Whether callbacks are taken, or answered with 503.
    pub fn answer_callbacks(&self, switch: Switch) {
        self.state().answering = switch;
        self.0.settings.pulse.beat();
    }

    /// Whether callbacks are taken.
    pub fn answering(&self) -> Switch {
        self.state().answering
    }

    /// Asks for approval.
    pub async fn send(&self, scenario: Scenario) -> Result<Asked, Unanswered> {
        let settings = &self.0.settings;
        let question = Question {
            path: "/access/v1/requests",
            key: &settings.api_key,
            content_type: JSON,
            idempotency_key: Some(self.next_key()),
            body: serde_json::to_vec(&scenario.body(&settings.callback_endpoint))?,
        };
        let (status, answer) = self.ask(question).await?;
        let asked = Asked::read(status, &answer);
        self.note(Entry::Asked { scenario, asked: asked.clone() });
        Ok(asked)
    }

    /// Spends the credential of an approved transfer, as the bank would on executing it. The
    /// second time the same credential is shown again: a replay. Says whether the bank may act.
    pub async fn redeem(&self, request: &str) -> Result<bool, Unanswered> {
        let credential = self.credential(request).await?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", &credential)
            .append_pair("params_hash", &scenario::transfer_hash()?)
            .append_pair("sid", scenario::SESSION)
            .finish();
        let question = Question {
            path: "/access/v1/credentials/redeem",
            key: &self.0.settings.resource_key,
            content_type: "application/x-www-form-urlencoded",
            idempotency_key: None,
            body: form.into_bytes(),
        };
        let (_, answer) = self.ask(question).await?;
        let active = answer.get("active") == Some(&Value::Bool(true));
        self.note(Entry::Redeemed { request: request.to_owned(), active });
        Ok(active)
    }

    /// The credential that was given for a request, claimed the first time.
    async fn credential(&self, request: &str) -> Result<String, Unanswered> {
        let kept = self.state().credentials.get(request).cloned();
        if let Some(credential) = kept {
            return Ok(credential);
        }
        let credential = self.claim(request).await?;
        self.state().credentials.insert(request.to_owned(), credential.clone());
        Ok(credential)
    }

    async fn claim(&self, request: &str) -> Result<String, Unanswered> {
        let question = Question {
            path: &format!("/access/v1/requests/{request}/credential"),
            key: &self.0.settings.api_key,
            content_type: JSON,
            idempotency_key: None,
            body: b"{}".to_vec(),
        };
        let (status, answer) = self.ask(question).await?;
        let credential = answer.get("credential").and_then(Value::as_str);
        credential.map(str::to_owned).ok_or(Unanswered::NoCredential { status })
    }

    async fn ask(&self, question: Question<'_>) -> Result<(u16, Value), Unanswered> {
        let settings = &self.0.settings;
        let url = Url::parse(&format!("{}{}", settings.service, question.path))?;
        let url = settings.egress.check(&url).map_err(EgressError::from)?;
        let request = Request::post(url, question.headers()?, question.body.into());
        let answer = settings.egress.send(request).await?;
        Ok((answer.status.as_u16(), serde_json::from_slice(&answer.body)?))
    }

    /// A key for every press: the same press is never sent twice.
    fn next_key(&self) -> String {
        let mut state = self.state();
        state.asked += 1;
        format!("demo-{}-{}", self.0.settings.clock.now().as_microsecond(), state.asked)
    }

    fn note(&self, entry: Entry) {
        self.state().log.push(entry);
        self.0.settings.pulse.beat();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; a poisoned state is still a whole one.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows no key.
impl fmt::Debug for OauthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthServer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Question<'_> {
    fn headers(&self) -> Result<HeaderMap, InvalidHeaderValue> {
        let bearer = format!("Bearer {}", self.key.expose_secret());
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, bearer.parse()?);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(key) = &self.idempotency_key {
            headers.insert("idempotency-key", key.parse()?);
        }
        Ok(headers)
    }
}

impl Asked {
    fn read(status: u16, answer: &Value) -> Self {
        let text = |pointer| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Self {
            status,
            request: text("/task/id"),
            number: answer
                .pointer("/task/display/number")
                .and_then(Value::as_u64)
                .map(|number| format!("{number:02}")),
            problem: text("/detail"),
        }
    }
}

#[cfg(test)]
mod tests;
