//! One installation as it is kept: a sealed record with its tokens and the state they are in.

use countersign_port::memory::{Lost, Record};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::NoToken;
use crate::oauth::Grant;

/// What the names of the records begin with.
pub(super) const PREFIX: &str = "installation/";

/// The app in one workspace, or in all of an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Installation {
    /// `T…`; absent for a whole organisation.
    pub team: Option<String>,
    /// `E…`, on Enterprise Grid.
    pub enterprise: Option<String>,
    pub bot_user: String,
    pub app_id: String,
    #[serde(serialize_with = "exposed")]
    access_token: SecretString,
    #[serde(serialize_with = "exposed_if_any")]
    refresh_token: Option<SecretString>,
    expires_at: Option<Timestamp>,
    /// When half of the token's life is over.
    refresh_at: Option<Timestamp>,
    pub state: State,
}

/// Whether the tokens can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Live,
    /// The app was removed from the workspace.
    Dead,
    /// Slack no longer takes the refresh token.
    ReinstallNeeded,
}

impl State {
    pub(super) const ALL: [Self; 3] = [Self::Live, Self::Dead, Self::ReinstallNeeded];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Dead => "dead",
            Self::ReinstallNeeded => "reinstall_needed",
        }
    }
}

impl Installation {
    /// `asked_at` is before the call, so that the token is never thought to live longer than it does.
    pub(super) fn new(grant: Grant, asked_at: Timestamp) -> Self {
        let lifetime = grant.lifetime.and_then(|life| SignedDuration::try_from(life).ok());
        let after = |time: SignedDuration| asked_at.checked_add(time).ok();
        Self {
            team: grant.team,
            enterprise: grant.enterprise,
            bot_user: grant.bot_user,
            app_id: grant.app_id,
            access_token: grant.access_token,
            refresh_token: grant.refresh_token,
            expires_at: lifetime.and_then(after),
            refresh_at: lifetime.and_then(|life| after(life / 2)),
            state: State::Live,
        }
    }

    /// Opens a record. The parser's words are left out: they would quote a token.
    pub(super) fn open(record: &Record) -> Result<Self, Lost> {
        serde_json::from_str(record.secret.expose_secret())
            .map_err(|_| Lost { cause: format!("the record `{}` makes no sense", record.name) })
    }

    pub(super) fn seal(&self) -> Result<SecretString, Lost> {
        let text = serde_json::to_string(self);
        text.map(SecretString::from).map_err(|error| Lost { cause: error.to_string() })
    }

    /// The token, if it can be used now.
    pub(super) fn token(&self, name: &str, now: Timestamp) -> Result<SecretString, NoToken> {
        match self.state {
            State::Dead => Err(NoToken::Removed(name.to_owned())),
            State::ReinstallNeeded if self.is_over(now) => {
                Err(NoToken::ReinstallNeeded(name.to_owned()))
            }
            State::Live if self.is_over(now) => Err(NoToken::Expired(name.to_owned())),
            State::Live | State::ReinstallNeeded => Ok(self.access_token.clone()),
        }
    }

    /// The token, if it can be used now and does not end for good.
    pub(super) fn lasting_token(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<SecretString, NoToken> {
        match self.state {
            State::ReinstallNeeded => Err(NoToken::ReinstallNeeded(name.to_owned())),
            State::Live | State::Dead => self.token(name, now),
        }
    }

    /// What the token is renewed with, if that is due.
    pub(super) fn due(&self, now: Timestamp) -> Option<&SecretString> {
        let is_due = self.state == State::Live && self.refresh_at.is_some_and(|at| at <= now);
        self.refresh_token.as_ref().filter(|_| is_due)
    }

    pub(super) fn access_token(&self) -> &SecretString {
        &self.access_token
    }

    /// Slack takes the refresh token no longer; the access token works to its end.
    pub(super) fn without_refresh(&self) -> Self {
        Self { refresh_token: None, state: State::ReinstallNeeded, ..self.clone() }
    }

    /// Nothing that could be used is kept.
    pub(super) fn dead(&self) -> Self {
        Self {
            access_token: SecretString::default(),
            refresh_token: None,
            state: State::Dead,
            ..self.clone()
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn exposed_if_any<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}
