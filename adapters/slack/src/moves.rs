//! Channels that go by another id than the policy and the cards have: Slack changes it when a channel
//! becomes private, or when sharing it begins. Kept for all replicas, until the policy has the new id.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_port::memory::{Lost, Memory};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

/// What the names of the records begin with; installation and old id follow.
const PREFIX: &str = "moved/";
/// How long what was read is believed.
const AGE: SignedDuration = SignedDuration::from_secs(15);
/// Nobody moves a channel so often; a circle ends here.
const MOST: usize = 8;

/// From installation and old id, `T…/G…`, to the new id.
type Map = BTreeMap<String, String>;

/// Where channels have gone.
pub(crate) struct Moves {
    memory: Arc<dyn Memory>,
    read: RwLock<Option<(Timestamp, Arc<Map>)>>,
}

impl Moves {
    pub(crate) fn new(memory: Arc<dyn Memory>) -> Self {
        Self { memory, read: RwLock::default() }
    }

    /// The id that a channel has now.
    pub(crate) async fn present(
        &self,
        installation: &str,
        channel: &str,
        now: Timestamp,
    ) -> String {
        let map = self.map(now).await;
        let mut present = channel.to_owned();
        for _ in 0..MOST {
            match map.get(&format!("{installation}/{present}")) {
                Some(next) => present.clone_from(next),
                None => break,
            }
        }
        present
    }

    /// The ids that a channel had before, in no order.
    pub(crate) async fn former(
        &self,
        installation: &str,
        channel: &str,
        now: Timestamp,
    ) -> Vec<String> {
        let map = self.map(now).await;
        let mut ids = vec![channel.to_owned()];
        for number in 0..MOST {
            let Some(id) = ids.get(number).cloned() else { break };
            let before = map.iter().filter(|(_, to)| **to == id);
            let before = before.filter_map(|(from, _)| from.strip_prefix(installation));
            let before: Vec<_> = before.filter_map(|from| from.strip_prefix('/')).collect();
            ids.extend(before.into_iter().map(str::to_owned));
        }
        ids.split_off(1)
    }

    /// Keeps that a channel goes by another id.
    pub(crate) async fn keep(&self, installation: &str, from: &str, to: &str) -> Result<(), Lost> {
        let name = format!("{PREFIX}{installation}/{from}");
        let over = self.memory.load(&name).await?.map_or(0, |record| record.version);
        // Whoever has written it meanwhile has heard the same.
        self.memory.save(&name, &to.into(), over).await?;
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// While the records cannot be read, what was read last is believed.
    async fn map(&self, now: Timestamp) -> Arc<Map> {
        let last = self.read.read().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some((read_at, map)) if now.duration_since(read_at) < AGE => map,
            last => {
                let records = self.memory.list(PREFIX).await;
                let last = last.map(|(_, map)| map).unwrap_or_default();
                let map = records.map_or(last, |records| {
                    let moved = records.iter().filter_map(|record| {
                        let from = record.name.strip_prefix(PREFIX)?;
                        Some((from.to_owned(), record.secret.expose_secret().to_owned()))
                    });
                    Arc::new(moved.collect())
                });
                let read = Some((now, Arc::clone(&map)));
                *self.read.write().unwrap_or_else(PoisonError::into_inner) = read;
                map
            }
        }
    }
}

impl std::fmt::Debug for Moves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Moves")
    }
}
