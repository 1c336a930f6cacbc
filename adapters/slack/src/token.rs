//! The bot token of each installation: those that stand in the configuration, and those that were
//! installed and are kept sealed. Says as well which installation speaks for a workspace.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_port::{
    clock::Now,
    memory::{Lost, Memory, Record},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use self::{
    installation::{Installation, PREFIX, State},
    rotation::Unsaved,
};
use crate::{
    oauth::{Grant, OAuth},
    settings::{Settings, Workspace},
};

mod installation;
mod rotation;
#[cfg(test)]
pub(crate) mod fakes;
#[cfg(test)]
mod tests;

/// How long what was read is believed. A token that another replica renewed works for hours yet.
const AGE: SignedDuration = SignedDuration::from_secs(15);
/// How often a write is tried over somebody else's.
const TRIES: usize = 3;

/// The tokens of all installations.
pub struct Tokens {
    fixed: BTreeMap<String, SecretString>,
    kept: Option<Kept>,
}

/// Why there is no token to speak with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    #[error("the app is not installed in `{0}`, install it there or give its token")]
    NotInstalled(String),
    #[error("the app was removed from `{0}`, install it there again")]
    Removed(String),
    #[error("Slack no longer renews the token of `{0}`, install the app there again")]
    ReinstallNeeded(String),
    #[error("the token of `{0}` has expired and could not be renewed yet")]
    Expired(String),
    #[error("cannot read the installations: {0}")]
    Unknown(#[from] Lost),
}

/// The installations that are kept.
struct Kept {
    memory: Arc<dyn Memory>,
    oauth: OAuth,
    now: Now,
    book: RwLock<Option<Arc<Book>>>,
    /// One read at a time.
    reading: Mutex<()>,
    /// One renewal at a time; holds what Slack has given and the database has not taken yet.
    renewing: Mutex<HashMap<String, Unsaved>>,
}

/// All installations as they were read last.
struct Book {
    read_at: Timestamp,
    installations: BTreeMap<String, Installation>,
}

impl Tokens {
    /// The tokens of the configuration and no others.
    pub fn fixed(workspaces: &[Workspace]) -> Self {
        let fixed: BTreeMap<_, _> =
            workspaces.iter().map(|each| (each.team.clone(), each.bot_token.clone())).collect();
        for (team, token) in &fixed {
            if token.expose_secret().starts_with("xoxe.") {
                tracing::error!(team, "the token in the configuration ends after 12 hours");
            }
        }
        Self { fixed, kept: None }
    }

    /// The tokens of the configuration, and those that were installed.
    pub fn new(settings: &Settings, memory: Arc<dyn Memory>, oauth: OAuth, now: Now) -> Self {
        let kept = Kept {
            memory,
            oauth,
            now,
            book: RwLock::default(),
            reading: Mutex::default(),
            renewing: Mutex::default(),
        };
        Self { kept: Some(kept), ..Self::fixed(&settings.workspaces) }
    }

    /// The token of an installation, `T…` or `E…`.
    pub async fn bot(&self, installation: &str) -> Result<SecretString, NoToken> {
        if let Some(token) = self.fixed.get(installation) {
            return Ok(token.clone());
        }
        let absent = || NoToken::NotInstalled(installation.to_owned());
        let kept = self.kept.as_ref().ok_or_else(absent)?;
        let book = kept.book().await?;
        let found = book.installations.get(installation).ok_or_else(absent)?;
        found.token(installation, kept.now.get())
    }

    /// Every installation with its token, or with why there is none that lasts.
    pub async fn roll_call(&self) -> Result<Vec<(String, Result<SecretString, NoToken>)>, Lost> {
        let fixed = self.fixed.iter().map(|(name, token)| (name.clone(), Ok(token.clone())));
        let mut all: Vec<_> = fixed.collect();
        let Some(kept) = &self.kept else { return Ok(all) };
        let (book, now) = (kept.book().await?, kept.now.get());
        let kept = book.installations.iter().filter(|(name, _)| !self.fixed.contains_key(*name));
        all.extend(kept.map(|(name, each)| (name.clone(), each.lasting_token(name, now))));
        Ok(all)
    }

    /// The installation, where there is exactly one; none while nobody can tell.
    pub async fn only(&self) -> Option<String> {
        let live = self.live().await.ok()?;
        let [only] = live.as_slice() else { return None };
        Some(only.clone())
    }

    /// The installation that speaks for this workspace: its own, or that of its organisation.
    pub async fn covers(&self, enterprise: Option<&str>, team: Option<&str>) -> Option<String> {
        if let Some(team) = team.filter(|team| self.fixed.contains_key(*team)) {
            return Some(team.to_owned());
        }
        let live = self.live().await.ok()?;
        let own = |id: &&str| live.iter().any(|installation| installation == id);
        team.filter(own).or(enterprise.filter(own)).map(str::to_owned)
    }

    /// Keeps what was installed, over whatever was known of the same place. Returns its name.
    pub async fn installed(&self, grant: Grant, asked_at: Timestamp) -> Result<String, Lost> {
        let Some(kept) = &self.kept else {
            return Err(Lost { cause: "there is nothing to keep an installation in".to_owned() });
        };
        let name = grant.installation.clone();
        let installation = Installation::new(grant, asked_at);
        kept.overwrite(&name, &installation).await?;
        Ok(name)
    }

    /// Slack says that the app was removed, or its bot token revoked.
    pub async fn uninstalled(&self, installation: &str) {
        let Some(kept) = self.kept.as_ref().filter(|_| !self.fixed.contains_key(installation))
        else {
            tracing::error!(installation, "the app was removed from a workspace of the file");
            return;
        };
        match kept.bury(installation).await {
            Ok(()) => {}
            Err(lost) => tracing::error!(installation, %lost, "a removal could not be recorded"),
        }
    }

    /// Renews every token that has lived half its life. To be called about once a minute, and to be
    /// let finish: what Slack answers is lost with the call.
    pub async fn refresh_due(&self) {
        if let Some(kept) = &self.kept {
            kept.refresh_due().await;
        }
    }

    /// All that can be spoken with.
    async fn live(&self) -> Result<Vec<String>, Lost> {
        let mut live: Vec<String> = self.fixed.keys().cloned().collect();
        let Some(kept) = &self.kept else { return Ok(live) };
        let (book, now) = (kept.book().await?, kept.now.get());
        let usable = book.installations.iter().filter(|(name, each)| each.token(name, now).is_ok());
        live.extend(usable.map(|(name, _)| name.clone()));
        live.sort_unstable();
        live.dedup();
        Ok(live)
    }
}

impl Kept {
    /// What was read a short while ago, else what is read now.
    async fn book(&self) -> Result<Arc<Book>, Lost> {
        if let Some(book) = self.fresh() {
            return Ok(book);
        }
        let _one = self.reading.lock().await;
        match self.fresh() {
            Some(book) => Ok(book),
            None => self.read().await,
        }
    }

    fn fresh(&self) -> Option<Arc<Book>> {
        let now = self.now.get();
        self.last().filter(|book| now.duration_since(book.read_at) < AGE)
    }

    fn last(&self) -> Option<Arc<Book>> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads all records. While they cannot be read, what was read last counts as read: whoever
    /// waits in line behind this must not wait for the same again.
    async fn read(&self) -> Result<Arc<Book>, Lost> {
        let read_at = self.now.get();
        let installations = match self.memory.list(PREFIX).await {
            Ok(records) => opened(&records),
            Err(lost) => self.last().ok_or(lost)?.installations.clone(),
        };
        count(&installations);
        let book = Arc::new(Book { read_at, installations });
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&book));
        Ok(book)
    }

    async fn overwrite(&self, name: &str, installation: &Installation) -> Result<(), Lost> {
        let name = format!("{PREFIX}{name}");
        let sealed = installation.seal()?;
        for _ in 0..TRIES {
            let over = self.memory.load(&name).await?.map_or(0, |record| record.version);
            if self.memory.save(&name, &sealed, over).await?.is_some() {
                return self.read().await.map(|_| ());
            }
        }
        Err(contended(&name))
    }

    async fn bury(&self, installation: &str) -> Result<(), Lost> {
        let name = format!("{PREFIX}{installation}");
        for _ in 0..TRIES {
            let Some(record) = self.memory.load(&name).await? else { return Ok(()) };
            let buried = Installation::open(&record)?;
            // Slack tells again for minutes, and meanwhile the app may have been installed anew.
            if self.oauth.test(buried.access_token()).await.is_ok() {
                tracing::warn!(installation, "a removal is out of date: the token works");
                return Ok(());
            }
            if self.memory.save(&name, &buried.dead().seal()?, record.version).await?.is_some() {
                tracing::error!(installation, "the app was removed from a workspace");
                return self.read().await.map(|_| ());
            }
        }
        Err(contended(&name))
    }
}

/// One that makes no sense costs the others nothing.
fn opened(records: &[Record]) -> BTreeMap<String, Installation> {
    let mut installations = BTreeMap::new();
    for record in records {
        match (record.name.strip_prefix(PREFIX), Installation::open(record)) {
            (Some(name), Ok(installation)) => {
                installations.insert(name.to_owned(), installation);
            }
            (None, _) => {}
            (_, Err(lost)) => tracing::error!(%lost, "an installation cannot be used"),
        }
    }
    installations
}

fn contended(name: &str) -> Lost {
    Lost { cause: format!("others keep writing the record `{name}`") }
}

fn count(installations: &BTreeMap<String, Installation>) {
    for state in State::ALL {
        let count = installations.values().filter(|each| each.state == state).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let gauge = metrics::gauge!("countersign_slack_installations", "state" => state.as_str());
        gauge.set(f64::from(count));
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("fixed", &self.fixed.keys()).finish_non_exhaustive()
    }
}
