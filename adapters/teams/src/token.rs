//! The token that we call the connector with: one for the whole bot, asked for by one call at a
//! time and kept until shortly before its end. Who waits for the login may lose patience; the
//! question stands, and whoever comes next hears its answer.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_egress::{
    Egress,
    token::{ClientCredentials, Granted, NoToken, PATIENCE, Proof},
};
use countersign_port::clock::{Asked, Now, Skew};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    failure::Failure,
    settings::{Credential, Settings},
};

/// A token is replaced so long before its end.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// What failed a moment ago fails for everybody who waited for it.
const FAILED: SignedDuration = SignedDuration::from_secs(2);
/// A token that is good yet waits no longer for the one that takes its place.
const SPARE: Duration = Duration::from_millis(300);

/// The one token.
pub(crate) struct Tokens {
    login: Arc<Login>,
    now: Now,
    held: Mutex<Held>,
}

/// Who we are at Microsoft's login.
struct Login {
    egress: Egress,
    client: ClientCredentials,
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

impl Tokens {
    pub(crate) fn new(egress: Egress, settings: &Settings, now: Now) -> Self {
        let client = ClientCredentials {
            token_url: settings.authority.token_url.clone(),
            client_id: settings.app_id.clone(),
            proof: match settings.credential.clone() {
                Credential::Secret(secret) => Proof::Post(secret),
                Credential::Assertion(path) => Proof::Assertion(path),
            },
            scope: Some(settings.authority.scope.clone()),
            resource: None,
        };
        let login = Login { egress, client };
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
            let asking = async move { login.ask().await };
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
                    held.token = Some((granted.access_token.clone(), at + granted.life));
                }
                Err(failure) => held.failed = Some((failure.clone(), self.now.get())),
            }
        }
        answer.map(|granted| granted.access_token)
    }

    /// Asks for a token, whether there is one or not.
    pub(crate) async fn test(&self) -> Result<LoggedIn, Failure> {
        let at = self.now.get();
        let granted = self.login.ask().await?;
        let answered_at = self.now.get();
        let skew = Asked { at, answered_at }.skew(&granted.headers);
        Ok(LoggedIn { took: answered_at.duration_since(at), skew })
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
    async fn ask(&self) -> Result<Granted, Failure> {
        self.client.ask(&self.egress).await.map_err(failure)
    }
}

/// Why the login gave nothing. A token that was lost on its way is no loss: the next one is as good.
fn failure(why: NoToken) -> Failure {
    match why {
        NoToken::Blocked(blocked) => Failure::Blocked(blocked.to_string()),
        NoToken::TimedOut => Failure::LoginSilent,
        why @ NoToken::NotReached(_) => Failure::NotSent(why.to_string()),
        NoToken::Denied { code, .. } => Failure::login(&code),
        NoToken::Malformed => Failure::login("malformed"),
        NoToken::NoAssertion(kind) => {
            tracing::error!(%kind, "cannot read the assertion");
            Failure::login("no_assertion")
        }
        NoToken::Unsendable | NoToken::NotSigned => Failure::login("unsendable"),
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("app_id", &self.login.client.client_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
