//! Whether all is well with Slack: tokens and their scopes, channels, the clock, Socket Mode. Posts
//! nothing and renews nothing.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use countersign_egress::{
    Egress,
    exchange::{Answer, DOCUMENT_BYTES, EgressError, Keep, Request},
};
use countersign_port::{
    access::{Identity, RefusalKind},
    clock::{Asked, Skew},
    finding::Finding,
};
use http::{HeaderMap, Method, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    address,
    core::Core,
    failure::Failure,
    oauth::{OAuthError, bearer, endpoint, read},
    payload::Claim,
    socket::SocketMode,
    web::{Channel, User},
    who,
};

mod words;

const DEADLINE: Duration = Duration::from_secs(10);
/// Slack counts by the minute.
const SLOWEST: Duration = Duration::from_mins(1);
/// Which scopes a token has, parted by commas.
const SCOPES_HEADER: &str = "x-oauth-scopes";
/// What a token begins with that ends after twelve hours.
const ROTATING: &str = "xoxe.";

/// Asks Slack how things are.
pub(crate) struct Doctor {
    pub core: Arc<Core>,
    pub egress: Egress,
}

/// What Slack says of a token.
struct Test {
    /// Whose it is: `T…`, or `E…` of an organisation.
    installation: Option<String>,
    scopes: Option<Vec<String>>,
    skew: Option<Skew>,
}

#[derive(Deserialize)]
struct Told {
    team_id: Option<String>,
    enterprise_id: Option<String>,
    #[serde(default)]
    is_enterprise_install: bool,
}

impl Doctor {
    /// Looks at everything, and at these channels.
    pub(crate) async fn examine(
        &self,
        channels: &[String],
        socket: Option<&SocketMode>,
    ) -> Vec<Finding> {
        let mut findings = self.installations().await;
        for channel in channels {
            findings.push(self.channel(channel).await);
        }
        if let Some(socket) = socket {
            findings.push(words::socket(socket.test().await));
        }
        findings
    }

    async fn installations(&self) -> Vec<Finding> {
        let all = match self.core.tokens.roll_call().await {
            Ok(all) if all.is_empty() => return vec![words::nowhere()],
            Ok(all) => all,
            Err(lost) => return vec![words::unreadable(&lost)],
        };
        let mut findings = Vec::new();
        for (name, token) in all {
            findings.extend(match token {
                Ok(token) => self.installation(&name, &token, findings.is_empty()).await,
                Err(no_token) => vec![words::no_token(&name, &no_token)],
            });
        }
        findings
    }

    /// The clock is looked at once; all workspaces are asked at the same place.
    async fn installation(&self, name: &str, token: &SecretString, first: bool) -> Vec<Finding> {
        let test = match self.test(token).await {
            Ok(test) => test,
            Err(error) => return vec![words::refused(name, &error)],
        };
        let mut findings =
            vec![self.token(name, token, &test), words::scopes(name, test.scopes.as_deref())];
        findings.extend(test.skew.filter(|_| first).map(|skew| skew.finding("Slack's")));
        findings
    }

    fn token(&self, name: &str, token: &SecretString, test: &Test) -> Finding {
        let in_the_file = self.core.settings.workspaces.iter().any(|each| each.team == name);
        match &test.installation {
            Some(other) if other != name => words::mixed_up(name, other),
            Some(_) | None if in_the_file && token.expose_secret().starts_with(ROTATING) => {
                words::ends_soon(name)
            }
            Some(_) | None => words::installed(name),
        }
    }

    async fn channel(&self, address: &str) -> Finding {
        let (installation, channel) = address::channel(address);
        let only = self.core.tokens.only().await;
        let Some(installation) = installation.map(str::to_owned).or(only) else {
            return words::ambiguous(address);
        };
        let now = self.core.now.get();
        let present = self.core.moves.present(&installation, channel, now).await;
        if present != channel {
            return words::moved(address, &present);
        }
        match self.core.web.channel(&installation, channel).await {
            Ok(channel) => {
                let is_ext_shared = channel.is_ext_shared && !self.core.rooms.may_share(address);
                words::channel(address, &Channel { is_ext_shared, ..channel })
            }
            Err(failure) => words::no_channel(address, &failure),
        }
    }

    /// Looks at accounts of people, one after the other: Slack counts how often it is asked.
    pub(crate) async fn accounts(&self, accounts: &[Identity]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for account in accounts {
            let Err(why) = self.account(account).await else { continue };
            findings.push(Finding::account(account, why));
            // Where nobody answers, asking about all the others would say the same of each.
            if why == RefusalKind::IdentityUnknown {
                break;
            }
        }
        findings
    }

    async fn account(&self, account: &Identity) -> Result<(), RefusalKind> {
        let tokens = &self.core.tokens;
        // Of a workspace of an organisation the people file does not say which organisation it is.
        let own = tokens.covers(None, Some(&account.tenant)).await;
        let above = tokens.only().await.filter(|only| who::is_organisation(only));
        let installation = own.or(above).ok_or(RefusalKind::Stranger)?;
        let user = self.user(&installation, &account.subject).await;
        let user = user.map_err(|failure| who::unknown(&failure))?;
        who::judge(&user, &Claim::of(account), &installation)
    }

    /// Asked once more where Slack asks to slow down.
    async fn user(&self, installation: &str, user: &str) -> Result<User, Failure> {
        match self.core.web.user(installation, user).await {
            Err(Failure::TooFast(after)) => {
                tokio::time::sleep(after.unwrap_or(DEADLINE).min(SLOWEST)).await;
                self.core.web.user(installation, user).await
            }
            told => told,
        }
    }

    async fn test(&self, token: &SecretString) -> Result<Test, OAuthError> {
        let url = endpoint(&self.core.settings.api_url, "auth.test");
        let request = Request {
            method: Method::POST,
            url: self.egress.check(&url).map_err(EgressError::from)?,
            headers: HeaderMap::from_iter([(AUTHORIZATION, bearer(token)?)]),
            body: Bytes::new(),
            keep: Keep::Whole(DOCUMENT_BYTES),
        };
        let asked_at = self.core.now.get();
        let answer = tokio::time::timeout(DEADLINE, self.egress.send(request)).await;
        let answer = answer.map_err(|_| OAuthError::Lost("no answer in time".to_owned()))??;
        let told: Told = read(&answer)?;
        let asked = Asked { at: asked_at, answered_at: self.core.now.get() };
        Ok(Test {
            installation: if told.is_enterprise_install {
                told.enterprise_id
            } else {
                told.team_id
            },
            scopes: scopes(&answer),
            skew: asked.skew(&answer.headers),
        })
    }
}

fn scopes(answer: &Answer) -> Option<Vec<String>> {
    let text = answer.headers.get(SCOPES_HEADER)?.to_str().ok()?;
    Some(text.split(',').map(|scope| scope.trim().to_owned()).collect())
}

impl fmt::Debug for Doctor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doctor")
    }
}
