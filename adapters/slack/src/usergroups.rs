//! Slack user groups as groups of the policy: `S…`, or `T…/S…` where there are several workspaces.
//! Whatever is not a whole answer is no answer; nobody is taken for a stranger by a failed call.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use countersign_port::{
    access::Identity,
    directory::{Directory, NoAnswer},
};

use crate::{oauth::is_id, token::Tokens};

#[cfg(test)]
mod tests;

/// The key under which the policy's groups name it.
pub const SOURCE: &str = "slack_usergroup";

/// Asks Slack.
#[async_trait]
pub trait GroupCalls: Send + Sync {
    /// `usergroups.users.list` with the token of the installation and without disabled groups; the
    /// ids of all users, or what went wrong. Slack wants `team` where the installation is that of
    /// an organisation, and passes over it elsewhere.
    async fn users(
        &self,
        installation: &str,
        team: &str,
        group: &str,
    ) -> Result<Vec<String>, String>;
}

/// The user groups of all workspaces in which the app is installed.
pub struct UserGroups {
    tokens: Arc<Tokens>,
    calls: Arc<dyn GroupCalls>,
}

impl UserGroups {
    /// `tokens` says where the app is installed.
    pub fn new(tokens: Arc<Tokens>, calls: Arc<dyn GroupCalls>) -> Self {
        Self { tokens, calls }
    }

    /// Workspace and group of an address in the policy.
    async fn place(&self, address: &str) -> Result<(String, String), NoAnswer> {
        let (team, group) = match address.split_once('/') {
            Some((team, group)) => (team.to_owned(), group),
            None => match self.tokens.only().await {
                Some(only) => (only, address),
                None => return no_answer("there is not exactly one workspace, write `T…/S…`"),
            },
        };
        if is_id(group, 'S') && is_id(&team, 'T') {
            return Ok((team, group.to_owned()));
        }
        no_answer("not a user group such as `S…`, or `T…/S…` with its workspace")
    }

    /// Its own installation, or that of the only organisation there is.
    async fn installation(&self, team: &str) -> Result<String, NoAnswer> {
        if let Some(own) = self.tokens.covers(None, Some(team)).await {
            return Ok(own);
        }
        match self.tokens.only().await.filter(|only| is_id(only, 'E')) {
            Some(organisation) => Ok(organisation),
            None => no_answer(&format!("the app is not installed in `{team}`")),
        }
    }
}

#[async_trait]
impl Directory for UserGroups {
    fn source(&self) -> &'static str {
        SOURCE
    }

    async fn members(&self, address: &str) -> Result<Vec<Identity>, NoAnswer> {
        let (team, group) = self.place(address).await?;
        let installation = self.installation(&team).await?;
        let users = match self.calls.users(&installation, &team, &group).await {
            Ok(users) => users,
            Err(cause) => return no_answer(&format!("Slack did not list `{address}`: {cause}")),
        };
        // A group of Slack has somebody in it until it is disabled.
        if users.is_empty() {
            return no_answer(&format!("the user group `{address}` is empty or disabled"));
        }
        if !users.iter().all(|user| is_id(user, 'U') || is_id(user, 'W')) {
            return no_answer(&format!("Slack listed in `{address}` what is no user"));
        }
        Ok(users.into_iter().map(|user| identity(&team, user)).collect())
    }
}

fn identity(team: &str, user: String) -> Identity {
    Identity { provider: "slack".to_owned(), tenant: team.to_owned(), subject: user }
}

fn no_answer<T>(cause: &str) -> Result<T, NoAnswer> {
    Err(NoAnswer { cause: cause.to_owned() })
}

impl fmt::Debug for UserGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserGroups").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
