//! Rotation: tokens that end are renewed at half life, by one replica, and kept before they are
//! used. A refresh token works once, so what Slack answered is never thrown away.

use std::{collections::HashMap, time::Duration};

use countersign_port::memory::Lost;

use super::{
    Kept,
    installation::{Installation, PREFIX},
};
use crate::oauth::OAuthError;

/// Longer than two calls to Slack and a write can take.
const LEASE: Duration = Duration::from_mins(1);

/// What Slack says of a refresh token that will never work again.
const FINAL: [&str; 5] =
    ["invalid_refresh_token", "token_revoked", "token_expired", "account_inactive", "invalid_auth"];

/// Renewed by Slack, not yet kept; good over one version of the record.
pub(super) struct Unsaved {
    installation: Installation,
    over: i64,
}

impl Kept {
    pub(super) async fn refresh_due(&self) {
        let mut unsaved = self.renewing.lock().await;
        let book = match self.read().await {
            Ok(book) => book,
            Err(lost) => {
                tracing::warn!(%lost, "cannot see which tokens of Slack are to be renewed");
                return;
            }
        };
        for (name, installation) in &book.installations {
            if installation.due(self.now.get()).is_none() {
                continue;
            }
            if let Err(lost) = self.renew(name, &mut unsaved).await {
                tracing::warn!(installation = name, %lost, "a token of Slack was not renewed yet");
            }
        }
    }

    pub(super) async fn renew(
        &self,
        name: &str,
        unsaved: &mut HashMap<String, Unsaved>,
    ) -> Result<(), Lost> {
        let record = format!("{PREFIX}{name}");
        if !self.memory.lease(&record, LEASE).await? {
            return Ok(());
        }
        let renewed = self.renew_leased(name, &record, unsaved).await;
        let released = self.memory.release(&record).await;
        renewed.and(released)
    }

    async fn renew_leased(
        &self,
        name: &str,
        record: &str,
        unsaved: &mut HashMap<String, Unsaved>,
    ) -> Result<(), Lost> {
        let given = unsaved.remove(name);
        let Some(record) = self.memory.load(record).await? else { return Ok(()) };
        let given = given.filter(|given| given.over == record.version);
        let installation = match given {
            Some(given) => given.installation,
            None => match self.exchange(name, &Installation::open(&record)?).await {
                Some(next) => next,
                None => return Ok(()),
            },
        };
        let sealed = installation.seal()?;
        match self.memory.save(&record.name, &sealed, record.version).await {
            // INVARIANT: a token is used once it is kept: `read` alone hands it out.
            Ok(Some(_)) => self.read().await.map(|_| ()),
            Ok(None) => {
                tracing::warn!(installation = name, "it was installed or removed meanwhile");
                Ok(())
            }
            Err(lost) => {
                unsaved.insert(name.to_owned(), Unsaved { installation, over: record.version });
                Err(lost)
            }
        }
    }

    /// What the installation becomes, if anything is known to have changed.
    async fn exchange(&self, name: &str, old: &Installation) -> Option<Installation> {
        let asked_at = self.now.get();
        // Nothing is due if another replica was faster.
        let refresh_token = old.due(asked_at)?;
        let mut answer = self.oauth.refresh(refresh_token).await;
        if matches!(answer, Err(OAuthError::Lost(_))) {
            // Slack may have done it. For a short while it takes the old refresh token again.
            answer = self.oauth.refresh(refresh_token).await;
        }
        match answer {
            Ok(grant) if grant.installation == name && grant.app_id == old.app_id => {
                Some(Installation::new(grant, asked_at))
            }
            Ok(_) => {
                tracing::error!(installation = name, "Slack renewed a token of another place");
                None
            }
            Err(OAuthError::Refused(error)) if FINAL.contains(&error.as_str()) => {
                tracing::error!(installation = name, error, "the app must be installed again");
                Some(old.without_refresh())
            }
            Err(error) => {
                tracing::warn!(installation = name, %error, "a token of Slack was not renewed yet");
                None
            }
        }
    }
}
