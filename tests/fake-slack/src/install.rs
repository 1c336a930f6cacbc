//! Installations and their tokens: what OAuth leaves behind, rotation included.

use jiff::{SignedDuration, Timestamp};

use crate::{
    state::State,
    world::{Site, Tokens},
};

/// How long an access token lives where tokens rotate.
pub(crate) const ACCESS_LIFETIME: SignedDuration = SignedDuration::from_secs(43_200);
/// How long a refresh token still works after its first use. Slack says that there is such a time,
/// not how long it is.
const REFRESH_GRACE: SignedDuration = SignedDuration::from_secs(60);
/// A third access token revokes the oldest.
const LIVE_TOKENS_MAX: usize = 2;

/// An app in one workspace or organisation.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) site: Site,
    pub(crate) scopes: Vec<String>,
    pub(crate) bot_user: String,
    pub(crate) bot_id: String,
    pub(crate) standing: Standing,
    tokens: Vec<Issued>,
}

/// Whether an installation is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Installed,
    Uninstalled,
}

#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    expires_at: Option<Timestamp>,
    refreshed_at: Option<Timestamp>,
    is_revoked: bool,
}

/// What the consent screen hands out.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) site: Site,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) is_used: bool,
}

impl Installation {
    /// The error that a call with this token gets, if any.
    pub(crate) fn objection(&self, token: &str, now: Timestamp) -> Option<&'static str> {
        let issued = self.tokens.iter().find(|issued| issued.access == token)?;
        if self.standing == Standing::Uninstalled {
            return Some("account_inactive");
        }
        if issued.is_revoked {
            return Some("token_revoked");
        }
        issued.expires_at.filter(|end| now >= *end).map(|_| "token_expired")
    }

    fn knows(&self, token: &str) -> bool {
        self.tokens.iter().any(|issued| issued.access == token)
    }

    /// The newest token that works.
    pub(crate) fn live_token(&self, now: Timestamp) -> Option<&str> {
        let works = |issued: &&Issued| self.objection(&issued.access, now).is_none();
        self.tokens.iter().rev().find(works).map(|issued| issued.access.as_str())
    }

    /// Whether a call may use this scope.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    pub(crate) fn revoke(&mut self, token: &str) {
        for issued in self.tokens.iter_mut().filter(|issued| issued.access == token) {
            issued.is_revoked = true;
        }
    }

    fn issue(&mut self, issued: Issued) {
        self.tokens.push(issued);
        if self.tokens.last().is_some_and(|newest| newest.refresh.is_some()) {
            let live = self.tokens.iter_mut().rev().filter(|issued| !issued.is_revoked);
            live.skip(LIVE_TOKENS_MAX).for_each(|old| old.is_revoked = true);
        }
    }

    /// Whether this refresh token may be exchanged at this moment.
    fn takes(&self, refresh: &str, now: Timestamp) -> bool {
        let in_time = |issued: &Issued| match issued.refreshed_at {
            None => true,
            Some(at) => now.duration_since(at) <= REFRESH_GRACE,
        };
        let known = self.tokens.iter().find(|issued| issued.refresh.as_deref() == Some(refresh));
        self.standing == Standing::Installed && known.is_some_and(in_time)
    }
}

impl State {
    /// The installation that a bot token belongs to.
    pub(crate) fn installation_of(&self, token: &str) -> Option<usize> {
        self.installations.iter().position(|one| one.knows(token))
    }

    pub(crate) fn installation_at(&self, site: &Site) -> Option<&Installation> {
        self.installations.iter().find(|one| one.site == *site && one.standing == INSTALLED)
    }

    /// The installation that has to do with a workspace: its own, or that of its organisation.
    pub(crate) fn installation_for(&self, team: &str) -> Option<&Installation> {
        let there = |one: &&Installation| one.standing == INSTALLED && self.covers(&one.site, team);
        self.installations.iter().find(there)
    }

    pub(crate) fn installation_posting_as(&self, bot_user: &str) -> Option<&Installation> {
        self.installations.iter().find(|one| one.bot_user == bot_user)
    }

    /// Installs the app, or installs it again, and issues tokens.
    pub(crate) fn install(&mut self, site: &Site, scopes: &[String], now: Timestamp) -> Issued {
        let known = self.installations.iter().position(|one| one.site == *site);
        let index = known.unwrap_or_else(|| {
            let (bot_user, bot_id) = (self.id("UB"), self.id("B"));
            self.installations.push(Installation {
                site: site.clone(),
                scopes: Vec::new(),
                bot_user,
                bot_id,
                standing: Standing::Installed,
                tokens: Vec::new(),
            });
            self.installations.len() - 1
        });
        let issued = match self.app.tokens {
            Tokens::Lasting => self.lasting(),
            Tokens::Rotating => self.pair(now),
        };
        if let Some(installation) = self.installations.get_mut(index) {
            if installation.standing == Standing::Uninstalled {
                installation.tokens.clear();
                installation.scopes.clear();
            }
            installation.standing = Standing::Installed;
            let new = scopes.iter().filter(|scope| !installation.scopes.contains(scope));
            let new: Vec<String> = new.cloned().collect();
            installation.scopes.extend(new);
            installation.issue(issued.clone());
        }
        issued
    }

    /// Exchanges a refresh token; its first use starts the grace.
    pub(crate) fn refresh(&mut self, refresh: &str, now: Timestamp) -> Option<(usize, Issued)> {
        let index = self.installations.iter().position(|one| one.takes(refresh, now))?;
        let pair = self.pair(now);
        let installation = self.installations.get_mut(index)?;
        for issued in &mut installation.tokens {
            if issued.refresh.as_deref() == Some(refresh) {
                issued.refreshed_at.get_or_insert(now);
            }
        }
        installation.issue(pair.clone());
        Some((index, pair))
    }

    /// Turns a lasting token into a pair; the lasting one is dead from then on.
    pub(crate) fn exchange(&mut self, token: &str, now: Timestamp) -> Option<(usize, Issued)> {
        let index = self.installation_of(token)?;
        let pair = self.pair(now);
        let installation = self.installations.get_mut(index)?;
        installation.revoke(token);
        installation.issue(pair.clone());
        Some((index, pair))
    }

    pub(crate) fn uninstall(&mut self, site: &Site) {
        for installation in self.installations.iter_mut().filter(|one| one.site == *site) {
            installation.standing = Standing::Uninstalled;
        }
    }

    fn lasting(&mut self) -> Issued {
        let access = format!("xoxb-1000-{}", self.secret());
        Issued { access, refresh: None, expires_at: None, refreshed_at: None, is_revoked: false }
    }

    fn pair(&mut self, now: Timestamp) -> Issued {
        let access = format!("xoxe.xoxb-1-{}", self.secret());
        let refresh = Some(format!("xoxe-1-{}", self.secret()));
        let expires_at = Some(now + ACCESS_LIFETIME);
        Issued { access, refresh, expires_at, refreshed_at: None, is_revoked: false }
    }
}

const INSTALLED: Standing = Standing::Installed;
