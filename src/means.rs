//! What everything else stands on: the database, the way out, the key ring, time and chance.

use std::sync::Arc;

use countersign_egress::Egress;
use secrecy::ExposeSecret;

use crate::{
    cli::Failure,
    clock::{Clock, Seeds},
    config::Config,
    memory::AdapterMemory,
    reseal::{self, Missing},
    seal::KeyRing,
    signing::SigningKeys,
    store::Store,
};

/// Opened once, shared by all.
#[derive(Debug, Clone)]
pub struct Means {
    pub store: Store,
    pub egress: Egress,
    pub keys: Arc<KeyRing>,
    pub clock: Clock,
    pub seeds: Seeds,
}

impl Means {
    /// Opens the database and takes over what the configuration says of the way out and of the
    /// keys. Refuses to go on where something was sealed with a key that is missing.
    pub async fn open(config: &mut Config, clock: Clock, seeds: Seeds) -> Result<Self, Failure> {
        let store = Store::open(config.database.expose_secret()).await?;
        Self::over(store, config, clock, seeds).await
    }

    /// The same on the database of a service: none is made, and none is brought up to date.
    pub async fn beside(config: &mut Config, clock: Clock, seeds: Seeds) -> Result<Self, Failure> {
        let store = Store::existing(config.database.expose_secret()).await?;
        Self::over(store, config, clock, seeds).await
    }

    async fn over(
        store: Store,
        config: &mut Config,
        clock: Clock,
        seeds: Seeds,
    ) -> Result<Self, Failure> {
        let egress = Egress::new(std::mem::take(&mut config.egress))?;
        let keys = Arc::new(KeyRing::new(std::mem::take(&mut config.encryption_keys)));
        refuse_lost(&reseal::missing(&store, &keys).await?)?;
        Ok(Self { store, egress, keys, clock, seeds })
    }

    /// The keys that credentials are signed with.
    pub fn signing(&self) -> SigningKeys {
        let (store, ring) = (self.store.clone(), Arc::clone(&self.keys));
        SigningKeys::new(store, ring, self.clock.clone(), self.seeds.clone())
    }

    /// The memory of an adapter.
    pub fn memory(&self, adapter: &'static str) -> AdapterMemory {
        AdapterMemory {
            adapter,
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            clock: self.clock.clone(),
            seeds: self.seeds.clone(),
        }
    }
}

/// All keys that are missing at once: which, for what, and what to do.
fn refuse_lost(missing: &[Missing]) -> Result<(), Failure> {
    let said = |one: &Missing| format!("`{}` has sealed {}", one.key, one.sealed);
    let said: Vec<String> = missing.iter().map(said).collect();
    if said.is_empty() {
        return Ok(());
    }
    Err(format!(
        "`encryption_key` misses a key, and what it has sealed does not open: {}; put it back behind \
         the first; if it is lost for good, `countersign keys give-up KEY` gives up what it has sealed",
        said.join("; ")
    )
    .into())
}
