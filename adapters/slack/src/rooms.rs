//! Whether a channel may have our cards: people of other companies read what is posted in a channel
//! that is shared with them, so such a channel has to be named by the operator. What Slack tells one
//! replica of a channel, the others hear before they post there.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_port::memory::{Lost, Memory};
use jiff::{SignedDuration, Timestamp};

use crate::{failure::Failure, web::Web};

/// How long what Slack says of a channel is believed.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// What the names of the records begin with; installation and channel follow. Their version is how
/// often Slack has told that sharing began.
const PREFIX: &str = "shared/";
/// How often a write is tried over somebody else's.
const TRIES: usize = 5;

/// The channels that were looked up lately, and those that may be shared.
pub(crate) struct Rooms {
    memory: Arc<dyn Memory>,
    shareable: HashSet<String>,
    known: Mutex<HashMap<(String, String), Known>>,
}

/// What Slack said of a channel, when, and how often it had told by then that sharing began.
#[derive(Clone, Copy)]
struct Known {
    seen_at: Timestamp,
    told: i64,
    reach: Reach,
}

/// Who reads along in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The company alone.
    Inside,
    /// Other companies too.
    Outside,
}

impl Rooms {
    /// These channels, as the policy names them, may be shared.
    pub(crate) fn sharing(
        addresses: impl IntoIterator<Item = String>,
        memory: Arc<dyn Memory>,
    ) -> Self {
        Self { memory, shareable: addresses.into_iter().collect(), known: Mutex::default() }
    }

    /// Whether a channel may be shared; `address` is the policy's.
    pub(crate) fn may_share(&self, address: &str) -> bool {
        self.shareable.contains(address)
    }

    /// Who reads along in a channel that has to be ours alone. `address` is the policy's.
    pub(crate) async fn reach(
        &self,
        web: &Web,
        address: &str,
        (installation, channel): (&str, &str),
        now: Timestamp,
    ) -> Result<Reach, Failure> {
        if self.may_share(address) {
            return Ok(Reach::Inside);
        }
        let key = (installation.to_owned(), channel.to_owned());
        // While that cannot be read, Slack itself is asked.
        let told = self.told((installation, channel)).await.ok();
        if let Some(reach) = told.and_then(|told| self.fresh(&key, told, now)) {
            return Ok(reach);
        }
        let channel = web.channel(installation, channel).await?;
        let reach = if channel.is_ext_shared { Reach::Outside } else { Reach::Inside };
        if let Some(told) = told {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(key, Known { seen_at: now, told, reach });
        }
        Ok(reach)
    }

    /// What was said of a channel is believed no longer, at any replica.
    pub(crate) async fn forget(&self, place: (&str, &str)) -> Result<(), Lost> {
        for _ in 0..TRIES {
            let over = self.told(place).await?;
            if self.memory.save(&record(place), &"".into(), over).await?.is_some() {
                return Ok(());
            }
        }
        Err(Lost { cause: format!("others keep writing the record `{}`", record(place)) })
    }

    async fn told(&self, place: (&str, &str)) -> Result<i64, Lost> {
        let record = self.memory.load(&record(place)).await?;
        Ok(record.map_or(0, |record| record.version))
    }

    fn fresh(&self, key: &(String, String), told: i64, now: Timestamp) -> Option<Reach> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(key).filter(|known| known.told == told)?;
        let age = now.duration_since(known.seen_at);
        (!age.is_negative() && age < FRESH).then_some(known.reach)
    }
}

fn record((installation, channel): (&str, &str)) -> String {
    format!("{PREFIX}{installation}/{channel}")
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").field("shareable", &self.shareable).finish_non_exhaustive()
    }
}
