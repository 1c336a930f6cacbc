//! Where the app is installed: one record for the tenant, shared by all replicas. A bot cannot ask
//! Teams for this; it has to remember what it was told.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_port::{
    clock::Now,
    memory::{Lost, Memory, Record},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{
    connector::{Channel, STANDARD},
    failure::Failure,
};

/// How long what was read is believed.
const AGE: SignedDuration = SignedDuration::from_secs(15);
/// How often a write is tried over somebody else's.
const TRIES: usize = 5;

/// The installations of one tenant.
pub(crate) struct Registry {
    memory: Arc<dyn Memory>,
    name: String,
    now: Now,
    read: RwLock<Option<(Timestamp, Arc<Installed>)>>,
    /// One read or write at a time.
    busy: Mutex<()>,
}

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installed {
    /// The service address of the latest activity.
    #[serde(default)]
    pub service_url: Option<String>,
    /// By team.
    #[serde(default)]
    pub teams: BTreeMap<String, Team>,
}

/// A team that has the app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Team {
    pub service_url: String,
    /// The channels that we know of, and of what type they are.
    #[serde(default)]
    pub channels: BTreeMap<String, Option<String>>,
}

impl Registry {
    pub(crate) fn new(memory: Arc<dyn Memory>, tenant: &str, now: Now) -> Self {
        let name = format!("tenant/{tenant}");
        Self { memory, name, now, read: RwLock::default(), busy: Mutex::default() }
    }

    /// The service address of a channel.
    pub(crate) async fn route(&self, channel: &str) -> Result<String, Failure> {
        let installed = self.installed().await?;
        let team = installed.teams.values().find(|team| team.channels.contains_key(channel));
        let Some(team) = team else {
            // A channel may be newer than what we know of its team.
            let known = installed.service_url.clone().filter(|_| !installed.teams.is_empty());
            return known.ok_or_else(|| Failure::NotInstalled(channel.to_owned()));
        };
        match team.channels.get(channel) {
            Some(Some(kind)) if kind != STANDARD => {
                Err(Failure::NotInstalled(format!("{channel} is a {kind} channel")))
            }
            Some(_) | None => Ok(team.service_url.clone()),
        }
    }

    /// Every team with its service address.
    pub(crate) async fn teams(&self) -> Result<Vec<(String, String)>, Failure> {
        let installed = self.installed().await?;
        let address = |(id, team): (&String, &Team)| (id.clone(), team.service_url.clone());
        Ok(installed.teams.iter().map(address).collect())
    }

    /// Whether an activity from there tells something new. If so, this process goes by it at once;
    /// [`Registry::seen`] writes it down.
    pub(crate) async fn is_news(&self, team: Option<&str>, service_url: &str) -> bool {
        let Ok(before) = self.installed().await else { return false };
        let mut installed = Installed::clone(&before);
        installed.moved(team, service_url);
        let is_news = installed != *before;
        if is_news {
            let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, known)) = read.as_mut() {
                *known = Arc::new(installed);
            }
        }
        is_news
    }

    /// An activity came from there.
    pub(crate) async fn seen(&self, team: Option<&str>, service_url: &str) -> Result<(), Lost> {
        self.write(|installed: &mut Installed| installed.moved(team, service_url)).await
    }

    /// The app is in this team, which has at least these channels.
    pub(crate) async fn installed_in(
        &self,
        team: &str,
        service_url: &str,
        channels: &[String],
    ) -> Result<(), Lost> {
        let change = |installed: &mut Installed| {
            installed.service_url = Some(service_url.to_owned());
            let team = installed.teams.entry(team.to_owned()).or_default();
            service_url.clone_into(&mut team.service_url);
            for channel in channels {
                team.channels.entry(channel.clone()).or_default();
            }
        };
        self.write(change).await
    }

    /// These are all the channels of the team.
    pub(crate) async fn channels_of(&self, team: &str, channels: &[Channel]) -> Result<(), Lost> {
        let all = channels.iter().map(|channel| (channel.id.clone(), channel.kind.clone()));
        let all: BTreeMap<_, _> = all.collect();
        let change = |installed: &mut Installed| {
            if let Some(team) = installed.teams.get_mut(team) {
                team.channels.clone_from(&all);
            }
        };
        self.write(change).await
    }

    /// The app is no longer in this team.
    pub(crate) async fn removed_from(&self, team: &str) -> Result<(), Lost> {
        self.write(|installed: &mut Installed| drop(installed.teams.remove(team))).await
    }

    /// What was read a short while ago, else what is read now.
    async fn installed(&self) -> Result<Arc<Installed>, Lost> {
        if let Some(installed) = self.fresh() {
            return Ok(installed);
        }
        let _one = self.busy.lock().await;
        if let Some(installed) = self.fresh() {
            return Ok(installed);
        }
        // While it cannot be read, what was read last is as good as it was.
        match self.load().await {
            Ok((_, installed)) => Ok(self.keep(installed)),
            Err(lost) => self.last().map(|(_, installed)| installed).ok_or(lost),
        }
    }

    /// A clock that was set back makes nothing fresh.
    fn fresh(&self) -> Option<Arc<Installed>> {
        let (at, installed) = self.last()?;
        let age = self.now.get().duration_since(at);
        (!age.is_negative() && age < AGE).then_some(installed)
    }

    fn last(&self) -> Option<(Timestamp, Arc<Installed>)> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, installed: Installed) -> Arc<Installed> {
        let installed = Arc::new(installed);
        let read = Some((self.now.get(), Arc::clone(&installed)));
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = read;
        installed
    }

    async fn load(&self) -> Result<(i64, Installed), Lost> {
        match self.memory.load(&self.name).await? {
            Some(record) => Ok((record.version, open(&record)?)),
            None => Ok((0, Installed::default())),
        }
    }

    async fn write(&self, change: impl Fn(&mut Installed)) -> Result<(), Lost> {
        let _one = self.busy.lock().await;
        for _ in 0..TRIES {
            let (version, before) = self.load().await?;
            let mut installed = before.clone();
            change(&mut installed);
            let same = installed == before;
            if same || self.memory.save(&self.name, &sealed(&installed)?, version).await?.is_some()
            {
                self.keep(installed);
                return Ok(());
            }
        }
        Err(Lost { cause: format!("others keep writing the record `{}`", self.name) })
    }
}

impl Installed {
    /// The connector is there now.
    fn moved(&mut self, team: Option<&str>, service_url: &str) {
        self.service_url = Some(service_url.to_owned());
        if let Some(team) = team.and_then(|team| self.teams.get_mut(team)) {
            service_url.clone_into(&mut team.service_url);
        }
    }
}

fn open(record: &Record) -> Result<Installed, Lost> {
    serde_json::from_str(record.secret.expose_secret())
        .map_err(|_| Lost { cause: format!("the record `{}` is malformed", record.name) })
}

fn sealed(installed: &Installed) -> Result<secrecy::SecretString, Lost> {
    let text = serde_json::to_string(installed);
    text.map(Into::into).map_err(|error| Lost { cause: error.to_string() })
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::fakes::FakeMemory;

    const AT: i64 = 1_795_000_000;

    #[tokio::test]
    async fn what_was_read_is_believed_for_a_while_and_never_past_a_clock_that_was_set_back() {
        let memory: Arc<dyn Memory> = Arc::new(FakeMemory::default());
        let clock = Arc::new(AtomicI64::new(AT));
        let now = {
            let clock = Arc::clone(&clock);
            let read = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
            Now(Arc::new(read))
        };
        let replica = || Registry::new(Arc::clone(&memory), "t", now.clone());
        let (one, other) = (replica(), replica());
        one.installed_in("team", "https://a.example/", &["19:a".to_owned()]).await.unwrap();
        assert!(other.route("19:a").await.is_ok());
        one.removed_from("team").await.unwrap();
        assert!(other.route("19:a").await.is_ok(), "believed");
        clock.store(AT - 3600, Ordering::Relaxed);
        assert!(other.route("19:a").await.is_err(), "asked anew");
    }
}
