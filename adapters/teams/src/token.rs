//! The token that we call the connector with: one for the whole bot, asked for by one call at a
//! time and kept until shortly before its end. Who waits for the login may lose patience; the
//! question stands, and whoever comes next hears its answer.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_egress::{
    Egress,
    exchange::{Answer, DOCUMENT_BYTES, Keep, Request},
};
use countersign_port::clock::{Asked, Now, Skew};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
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
/// A token that is good yet waits no longer for the one that takes its place.
const SPARE: Duration = Duration::from_millis(300);

/// The one token.
pub(crate) struct Tokens {
    login: Arc<Login>,
    now: Now,
    held: Mutex<Held>,
}

/// Who we are at Microsoft's login, and where it is.
struct Login {
    egress: Egress,
    authority: Authority,
    app_id: String,
    credential: Credential,
}

#[derive(Default)]
struct Held {
    token: Option<(SecretString, Timestamp)>,
    failed: Option<(Failure, Timestamp)>,
    /// The question that the login has not answered yet, and when it was put.
    asked: Option<(Question, Timestamp)>,
}

/// Everybody who waits hears the same answer; while nobody does, it waits for them.
type Question = Shared<BoxFuture<'static, Result<Granted, Failure>>>;

/// What there is without waiting, or what to wait for.
enum Token {
    Good(SecretString),
    Failed(Failure),
    /// With the old one, where it is good yet.
    Asked(Question, Option<SecretString>),
}

/// A token that was asked for as a test.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LoggedIn {
    pub took: SignedDuration,
    /// How far our clock is from the login's.
    pub skew: Option<Skew>,
}

#[derive(Clone, Deserialize)]
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
        let login = Login {
            egress,
            authority: settings.authority.clone(),
            app_id: settings.app_id.clone(),
            credential: settings.credential.clone(),
        };
        Self { login: Arc::new(login), now, held: Mutex::default() }
    }

    /// The token to call with now.
    pub(crate) async fn get(&self) -> Result<SecretString, Failure> {
        let (question, old) = match self.look() {
            Token::Good(token) => return Ok(token),
            Token::Failed(failure) => return Err(failure),
            Token::Asked(question, old) => (question, old),
        };
        let Some(old) = old else { return self.hear(&question, question.clone().await) };
        // The old one is good for some minutes yet, and a click waits behind this.
        match tokio::time::timeout(SPARE, question.clone()).await {
            Ok(answer) => Ok(self.hear(&question, answer).unwrap_or(old)),
            Err(_) => Ok(old),
        }
    }

    /// What there is, or the one question to the login that everybody waits for.
    fn look(&self) -> Token {
        let now = self.now.get();
        let mut held = self.held();
        let good = held.token.clone().filter(|(_, ends_at)| now < *ends_at);
        if let Some((token, _)) = good.as_ref().filter(|(_, ends_at)| now + EARLY < *ends_at) {
            return Token::Good(token.clone());
        }
        let old = good.map(|(token, _)| token);
        if let Some((failure, at)) = &held.failed
            && now.duration_since(*at) < FAILED
        {
            return old.map_or_else(|| Token::Failed(failure.clone()), Token::Good);
        }
        // Nobody was there to hear the answer.
        held.asked.take_if(|(_, at)| now.duration_since(*at).unsigned_abs() > PATIENCE);
        let (question, _) = held.asked.get_or_insert_with(|| {
            let login = Arc::clone(&self.login);
            let asking = async move { granted(&login.ask().await?) };
            (asking.boxed().shared(), now)
        });
        Token::Asked(question.clone(), old)
    }

    /// Keeps what the login has said, once for all who have heard it.
    fn hear(
        &self,
        question: &Question,
        answer: Result<Granted, Failure>,
    ) -> Result<SecretString, Failure> {
        let mut held = self.held();
        if let Some((_, at)) = held.asked.take_if(|(asked, _)| asked.ptr_eq(question)) {
            match &answer {
                Ok(granted) => {
                    let life = SignedDuration::from_secs(granted.expires_in.into());
                    held.token = Some((granted.access_token.clone(), at + life));
                }
                Err(failure) => held.failed = Some((failure.clone(), self.now.get())),
            }
        }
        answer.map(|granted| granted.access_token)
    }

    /// Asks for a token, whether there is one or not.
    pub(crate) async fn test(&self) -> Result<LoggedIn, Failure> {
        let at = self.now.get();
        let answer = self.login.ask().await?;
        let answered_at = self.now.get();
        let skew = Asked { at, answered_at }.skew(&answer.headers);
        granted(&answer).map(|_| LoggedIn { took: answered_at.duration_since(at), skew })
    }

    /// The connector did not accept this token: the next one is a new one.
    pub(crate) fn refused(&self, token: &SecretString) {
        let mut held = self.held();
        let same = held
            .token
            .as_ref()
            .is_some_and(|(kept, _)| kept.expose_secret() == token.expose_secret());
        if same {
            held.token = None;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Login {
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
        let answer = answer.map_err(|_| Failure::LoginSilent)?;
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
        f.debug_struct("Tokens").field("app_id", &self.login.app_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
