//! Whether a channel may have our cards: people of other companies read what is posted in a channel
//! that is shared with them, so such a channel has to be named by the operator.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::{failure::Failure, web::Web};

/// How long what Slack says of a channel is believed.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The channels that were looked up lately, and those that may be shared.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    shareable: HashSet<String>,
    known: Mutex<HashMap<(String, String), (Timestamp, Reach)>>,
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
    pub(crate) fn sharing(addresses: impl IntoIterator<Item = String>) -> Self {
        Self { shareable: addresses.into_iter().collect(), known: Mutex::default() }
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
        if let Some(reach) = self.fresh(&key, now) {
            return Ok(reach);
        }
        let channel = web.channel(installation, channel).await?;
        let reach = if channel.is_ext_shared { Reach::Outside } else { Reach::Inside };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, (now, reach));
        Ok(reach)
    }

    /// What was said of a channel is believed no longer.
    pub(crate) fn forget(&self, (installation, channel): (&str, &str)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(installation.to_owned(), channel.to_owned()));
    }

    fn fresh(&self, key: &(String, String), now: Timestamp) -> Option<Reach> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen_at, reach) = known.get(key)?;
        let age = now.duration_since(*seen_at);
        (!age.is_negative() && age < FRESH).then_some(*reach)
    }
}
