//! A memory without a database, whose replicas share it, and a clock that stands still.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use countersign_port::{
    clock::Now,
    memory::{Lost, Memory, Record},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_339_800)))
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Now(Arc::new(move || clock.get()))
    }

    pub(crate) fn get(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).expect("an instant")
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// Keeps everything for as long as the test lasts.
pub(crate) struct Notebook {
    clock: Clock,
    pub(crate) pages: Mutex<Pages>,
}

#[derive(Default)]
pub(crate) struct Pages {
    records: BTreeMap<String, (i64, String)>,
    leases: BTreeMap<String, Timestamp>,
    pub(crate) marks: BTreeMap<String, Timestamp>,
    /// How often all records were read.
    pub(crate) lists: usize,
    /// So many writes fail from now on.
    pub(crate) failing_saves: usize,
    /// So many reads of all records fail from now on.
    pub(crate) failing_lists: usize,
}

impl Notebook {
    pub(crate) fn new(clock: &Clock) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), pages: Mutex::default() })
    }

    /// What a record holds.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.pages().records.get(name).map(|(_, text)| text.clone())
    }

    pub(crate) fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().expect("no test panicked with it")
    }
}

fn fails(countdown: &mut usize) -> Result<(), Lost> {
    match countdown.checked_sub(1) {
        None => Ok(()),
        Some(left) => {
            *countdown = left;
            Err(Lost { cause: "the database is away".to_owned() })
        }
    }
}

#[async_trait]
impl Memory for Notebook {
    async fn load(&self, name: &str) -> Result<Option<Record>, Lost> {
        let found = self.pages().records.get(name).cloned();
        Ok(found.map(|(version, text)| record(name, version, text)))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Record>, Lost> {
        let mut pages = self.pages();
        pages.lists += 1;
        fails(&mut pages.failing_lists)?;
        let found = pages.records.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(found.map(|(name, (version, text))| record(name, *version, text.clone())).collect())
    }

    async fn save(
        &self,
        name: &str,
        secret: &SecretString,
        over: i64,
    ) -> Result<Option<i64>, Lost> {
        let mut pages = self.pages();
        fails(&mut pages.failing_saves)?;
        let version = pages.records.get(name).map_or(0, |(version, _)| *version);
        if version != over {
            return Ok(None);
        }
        let text = secret.expose_secret().to_owned();
        pages.records.insert(name.to_owned(), (over + 1, text));
        Ok(Some(over + 1))
    }

    async fn lease(&self, name: &str, time: Duration) -> Result<bool, Lost> {
        let now = self.clock.get();
        let mut pages = self.pages();
        if pages.leases.get(name).is_some_and(|until| now < *until) {
            return Ok(false);
        }
        let time = SignedDuration::try_from(time).expect("a short time");
        pages.leases.insert(name.to_owned(), now + time);
        Ok(true)
    }

    async fn release(&self, name: &str) -> Result<(), Lost> {
        self.pages().leases.remove(name);
        Ok(())
    }

    async fn mark(&self, name: &str, until: Timestamp) -> Result<bool, Lost> {
        let now = self.clock.get();
        let mut pages = self.pages();
        if pages.marks.get(name).is_some_and(|until| now < *until) {
            return Ok(false);
        }
        pages.marks.insert(name.to_owned(), until);
        Ok(true)
    }

    async fn unmark(&self, name: &str) -> Result<bool, Lost> {
        let now = self.clock.get();
        Ok(self.pages().marks.remove(name).is_some_and(|until| now < until))
    }
}

fn record(name: &str, version: i64, text: String) -> Record {
    Record { name: name.to_owned(), version, secret: text.into() }
}
