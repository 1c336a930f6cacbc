//! Who clicked: whether the account that Slack names is one whose clicks may count here at all. The
//! first failure refuses. What the person may decide is the service's business.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use countersign_port::access::{Identity, RefusalKind};
use jiff::{SignedDuration, Timestamp};

use crate::{
    failure::Failure,
    payload::Claim,
    token::Tokens,
    web::{User, Web},
};

/// The name of the platform in identities and in the policy.
pub const PLATFORM: &str = "slack";

/// How long what Slack says of an account is believed.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// So many accounts are remembered.
const MAX_ACCOUNTS: usize = 10_000;

/// The accounts that were looked up lately, by installation and user.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<HashMap<(String, String), (Timestamp, User)>>);

/// Everything that an account is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registry<'a> {
    pub app_id: Option<&'a str>,
    pub accounts: &'a Accounts,
    pub web: &'a Web,
    pub now: Timestamp,
}

impl Claim {
    /// The account as the service knows it, whether it may act or not.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            provider: PLATFORM.to_owned(),
            tenant: self.user_team.clone().unwrap_or_else(|| "unknown".to_owned()),
            subject: self.user.clone(),
        }
    }

    /// The installation that the payload belongs to.
    pub(crate) async fn installation(&self, tokens: &Tokens) -> Option<String> {
        match self.installed_team.as_deref() {
            Some(organisation) if organisation.starts_with('E') => {
                tokens.covers(Some(organisation), None).await
            }
            Some(team) => tokens.covers(self.enterprise.as_deref(), Some(team)).await,
            None => tokens.covers(self.enterprise.as_deref(), self.team.as_deref()).await,
        }
    }

    /// An account as the people file has it, in its own workspace.
    pub(crate) fn of(account: &Identity) -> Self {
        Self {
            team: Some(account.tenant.clone()),
            user_team: Some(account.tenant.clone()),
            user: account.subject.clone(),
            ..Self::default()
        }
    }

    /// Whether the account belongs to the workspace or organisation of the installation.
    fn is_at_home(&self, installation: &str) -> Result<(), RefusalKind> {
        let team = self.user_team.as_deref().ok_or(RefusalKind::IdentityUnknown)?;
        let home =
            if is_organisation(installation) { self.enterprise.as_deref() } else { Some(team) };
        if home == Some(installation) { Ok(()) } else { Err(RefusalKind::Stranger) }
    }
}

impl Registry<'_> {
    /// Whether the click may count, and the address that Slack has of the account. `installation` is
    /// the one that the payload belongs to.
    pub(crate) async fn admit(
        self,
        claim: &Claim,
        installation: Option<&str>,
    ) -> Result<Option<String>, RefusalKind> {
        if self.app_id.is_some_and(|ours| claim.app.as_deref() != Some(ours)) {
            return Err(RefusalKind::UnknownButton);
        }
        let installation = installation.ok_or(RefusalKind::Stranger)?;
        claim.is_at_home(installation)?;
        let user = self.user(installation, &claim.user).await?;
        judge(&user, claim, installation)?;
        Ok(user.profile.email)
    }

    async fn user(self, installation: &str, user: &str) -> Result<User, RefusalKind> {
        let key = (installation.to_owned(), user.to_owned());
        if let Some(user) = self.accounts.fresh(&key, self.now) {
            return Ok(user);
        }
        match self.web.user(installation, user).await {
            Ok(user) => {
                self.accounts.keep(key, user.clone(), self.now);
                Ok(user)
            }
            Err(failure) => {
                tracing::warn!(%failure, "Slack could not say who clicked");
                Err(unknown(&failure))
            }
        }
    }
}

/// Slack does not show us people of other companies whom we share no channel with.
pub(crate) fn unknown(failure: &Failure) -> RefusalKind {
    let unseen = ["user_not_found", "user_not_visible"].map(Failure::code);
    if unseen.contains(failure) { RefusalKind::Stranger } else { RefusalKind::IdentityUnknown }
}

pub(crate) fn judge(user: &User, claim: &Claim, installation: &str) -> Result<(), RefusalKind> {
    let home = user.enterprise_user.as_ref();
    let agrees = if is_organisation(installation) {
        home.is_some_and(|home| home.enterprise_id == installation)
    } else {
        user.team_id == claim.user_team
            || home.is_some_and(|home| home.teams.iter().any(|team| team == installation))
    };
    if user.id != claim.user {
        Err(RefusalKind::IdentityUnknown)
    } else if user.is_stranger || !agrees {
        Err(RefusalKind::Stranger)
    } else if user.deleted || user.is_bot || user.is_workflow_bot {
        Err(RefusalKind::NotAPerson)
    } else if user.is_restricted || user.is_ultra_restricted {
        Err(RefusalKind::Guest)
    } else {
        Ok(())
    }
}

pub(crate) fn is_organisation(installation: &str) -> bool {
    installation.starts_with('E')
}

impl Accounts {
    fn fresh(&self, key: &(String, String), now: Timestamp) -> Option<User> {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen_at, user) = accounts.get(key)?;
        is_fresh(*seen_at, now).then(|| user.clone())
    }

    fn keep(&self, key: (String, String), user: User, now: Timestamp) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_ACCOUNTS {
            accounts.retain(|_, (seen_at, _)| is_fresh(*seen_at, now));
        }
        if accounts.len() < MAX_ACCOUNTS {
            accounts.insert(key, (now, user));
        }
    }
}

/// A clock that was set back makes nothing fresh.
fn is_fresh(seen_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(seen_at);
    !age.is_negative() && age < FRESH
}

#[cfg(test)]
mod tests;
