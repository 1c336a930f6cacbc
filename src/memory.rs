//! What the service keeps for its adapters: each has its own names, everything is sealed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use countersign_port::memory::{Lost, Memory, Record};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{
    clock::{Clock, Seeds},
    seal::{KeyRing, Place},
    store::{
        Store,
        record::{Sealed, Took},
    },
};

/// The memory of one adapter.
#[derive(Debug, Clone)]
pub struct AdapterMemory {
    pub adapter: &'static str,
    pub store: Store,
    pub keys: Arc<KeyRing>,
    pub clock: Clock,
    pub seeds: Seeds,
}

impl AdapterMemory {
    fn row(&self, name: &str) -> String {
        format!("{}:{name}", self.adapter)
    }

    fn open(&self, sealed: &Sealed) -> Result<Record, Lost> {
        let secret = self.keys.open(place(&sealed.name), &sealed.sealed).map_err(lost)?;
        let own = sealed.name.split_once(':').map_or(sealed.name.as_str(), |(_, name)| name);
        Ok(Record { name: own.to_owned(), version: sealed.version, secret })
    }

    fn now_us(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}

#[async_trait]
impl Memory for AdapterMemory {
    async fn load(&self, name: &str) -> Result<Option<Record>, Lost> {
        let sealed = self.store.record(&self.row(name)).await.map_err(lost)?;
        sealed.map(|sealed| self.open(&sealed)).transpose()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Record>, Lost> {
        let sealed = self.store.records(&self.row(prefix)).await.map_err(lost)?;
        sealed.iter().map(|sealed| self.open(sealed)).collect()
    }

    async fn save(
        &self,
        name: &str,
        secret: &SecretString,
        over: i64,
    ) -> Result<Option<i64>, Lost> {
        let row = self.row(name);
        let sealed = self.keys.seal(place(&row), secret, self.seeds.nonce()).map_err(lost)?;
        let key_id = self.keys.first().map_err(lost)?.to_string();
        let took = self.store.save_record(&row, &key_id, &sealed, over).await.map_err(lost)?;
        Ok((took == Took::Yes).then_some(over + 1))
    }

    async fn lease(&self, name: &str, time: Duration) -> Result<bool, Lost> {
        let time = SignedDuration::try_from(time).map_err(lost)?;
        self.mark(&format!("lease/{name}"), self.clock.now() + time).await
    }

    async fn release(&self, name: &str) -> Result<(), Lost> {
        self.unmark(&format!("lease/{name}")).await.map(|_| ())
    }

    async fn mark(&self, name: &str, until: Timestamp) -> Result<bool, Lost> {
        let (row, until_us) = (self.row(name), until.as_microsecond());
        let took = self.store.mark(&row, until_us, self.now_us()).await.map_err(lost)?;
        Ok(took == Took::Yes)
    }

    async fn unmark(&self, name: &str) -> Result<bool, Lost> {
        let took = self.store.unmark(&self.row(name), self.now_us()).await.map_err(lost)?;
        Ok(took == Took::Yes)
    }
}

/// Whether everything that is kept for adapters opens; says how many records there are.
pub async fn open_all(store: &Store, keys: &KeyRing) -> Result<usize, Lost> {
    let records = store.records("").await.map_err(lost)?;
    for record in &records {
        keys.open(place(&record.name), &record.sealed).map_err(lost)?;
    }
    Ok(records.len())
}

pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: "adapter_record", column: "sealed", row }
}

fn lost(error: impl std::fmt::Display) -> Lost {
    Lost { cause: error.to_string() }
}
