//! The keys that the Bot Connector signs with. They are asked for once a day, and when a token
//! names one that is not known; those that are known stay while nobody answers.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_egress::{
    Egress,
    exchange::{Keep, Request},
};
use countersign_port::clock::Now;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::bearer::CHANNEL;

/// Keys are believed for so long without asking.
const AGE: SignedDuration = SignedDuration::from_hours(24);
/// Nobody is asked more often, whatever tokens come in.
const INTERVAL: SignedDuration = SignedDuration::from_secs(30);
/// A click waits no longer for keys.
const PATIENCE: Duration = Duration::from_secs(3);
/// Each key comes with its certificates and the names of all channels.
const MAX_BYTES: usize = 256 * 1024;
/// So many keys are kept.
const MAX_KEYS: usize = 64;
/// A shorter modulus is no key.
const MIN_MODULUS_BYTES: usize = 256;

/// The keys as they were last seen.
pub(crate) struct Keys {
    egress: Egress,
    metadata_url: Url,
    now: Now,
    seen: RwLock<Seen>,
    /// One question at a time.
    asking: Mutex<()>,
}

/// One key, and the channels it may speak for.
pub(crate) struct Key {
    pub decoding: DecodingKey,
    pub endorsements: Vec<String>,
}

#[derive(Default)]
struct Seen {
    keys: HashMap<String, Arc<Key>>,
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Metadata {
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    endorsements: Vec<String>,
}

impl Keys {
    pub(crate) fn new(egress: Egress, metadata_url: Url, now: Now) -> Self {
        Self { egress, metadata_url, now, seen: RwLock::default(), asking: Mutex::default() }
    }

    /// The key of this name.
    pub(crate) async fn find(&self, kid: &str) -> Option<Arc<Key>> {
        let known = self.known(kid);
        match (&known, self.is_stale()) {
            (Some(_), false) => return known,
            // A known key serves while somebody else asks for new ones.
            (Some(_), true) => match self.asking.try_lock() {
                Ok(_one) => self.ask().await,
                Err(_) => return known,
            },
            (None, _) => {
                let _one = self.asking.lock().await;
                if self.known(kid).is_none() {
                    self.ask().await;
                }
            }
        }
        self.known(kid)
    }

    /// Whether a key can be read that speaks for Teams.
    pub(crate) async fn speak(&self) -> bool {
        let _one = self.asking.lock().await;
        self.ask().await;
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.keys.values().any(|key| key.endorsements.iter().any(|each| each == CHANNEL))
    }

    fn known(&self, kid: &str) -> Option<Arc<Key>> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).keys.get(kid).cloned()
    }

    fn is_stale(&self) -> bool {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        !is_within(seen.read_at, self.now.get(), AGE)
    }

    /// Asks, unless somebody has just done so.
    async fn ask(&self) {
        let now = self.now.get();
        {
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            if is_within(seen.asked_at, now, INTERVAL) {
                return;
            }
            seen.asked_at = Some(now);
        }
        let fetched = tokio::time::timeout(PATIENCE, self.fetch()).await;
        match fetched.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(keys) => {
                let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
                (seen.keys, seen.read_at) = (keys, Some(now));
            }
            Err(cause) => tracing::error!(cause, "the keys of the Bot Connector cannot be read"),
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, Arc<Key>>, String> {
        let metadata: Metadata = self.read(&self.metadata_url).await?;
        let set: KeySet = self.read(&metadata.jwks_uri).await?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(key).take(MAX_KEYS).collect();
        if keys.is_empty() { Err("there is no usable key".to_owned()) } else { Ok(keys) }
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, url: &Url) -> Result<T, String> {
        let url = self.egress.check(url).map_err(|why| why.to_string())?;
        let request = Request { keep: Keep::Whole(MAX_BYTES), ..Request::get(url) };
        let answer = self.egress.send(request).await.map_err(|error| error.to_string())?;
        if !answer.status.is_success() {
            return Err(format!("the answer has status {}", answer.status.as_u16()));
        }
        serde_json::from_slice(&answer.body).map_err(|_| "the answer is malformed".to_owned())
    }
}

/// Keys of other kinds stand in the set too.
fn key(value: &serde_json::Value) -> Option<(String, Arc<Key>)> {
    let raw = RawKey::deserialize(value).ok().filter(|raw| raw.kty == "RSA")?;
    let modulus = URL_SAFE_NO_PAD.decode(&raw.n).ok()?;
    if modulus.len() < MIN_MODULUS_BYTES {
        return None;
    }
    let decoding = DecodingKey::from_rsa_components(&raw.n, &raw.e).ok()?;
    Some((raw.kid, Arc::new(Key { decoding, endorsements: raw.endorsements })))
}

/// A clock that was set back makes nothing recent.
fn is_within(at: Option<Timestamp>, now: Timestamp, time: SignedDuration) -> bool {
    at.map(|at| now.duration_since(at)).is_some_and(|age| !age.is_negative() && age < time)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

#[cfg(test)]
mod tests;
