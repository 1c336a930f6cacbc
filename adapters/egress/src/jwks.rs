//! The public keys of one issuer. Fetched when they are needed, one fetch at a time and never more
//! often than every 30 seconds; when it fails the known keys stay.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse},
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use url::Url;

use crate::{Egress, exchange::Request};

/// Between two fetches, failed ones included.
const PAUSE: Duration = Duration::from_secs(30);

/// Keys are looked at again so often, so that one that was withdrawn goes.
const FRESH: Duration = Duration::from_mins(15);

const PATIENCE: Duration = Duration::from_secs(5);

const MAX_KEYS: usize = 50;

/// The keys of one issuer, by id.
#[derive(Debug)]
pub struct Jwks {
    algorithm: Algorithm,
    source: Option<(Url, Egress)>,
    known: ArcSwap<Known>,
    /// When the last fetch began; held while one is under way.
    fetched: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Arc<DecodingKey>>,
    /// When they were fetched.
    at: Option<Instant>,
}

impl Jwks {
    /// Keys that never change.
    pub fn given(set: &JwkSet, algorithm: Algorithm) -> Self {
        Self::new(usable(set, algorithm), algorithm, None)
    }

    /// Keys that are published at an address.
    pub fn fetched(url: Url, algorithm: Algorithm, egress: Egress) -> Self {
        Self::new(HashMap::new(), algorithm, Some((url, egress)))
    }

    fn new(
        keys: HashMap<String, Arc<DecodingKey>>,
        algorithm: Algorithm,
        source: Option<(Url, Egress)>,
    ) -> Self {
        let known = ArcSwap::from_pointee(Known { keys, at: None });
        Self { algorithm, source, known, fetched: Mutex::new(None) }
    }

    /// The key of that id.
    pub async fn key(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        let known = self.known(kid);
        let Some((url, egress)) = &self.source else { return known };
        if known.is_some() && self.is_fresh() {
            return known;
        }
        let mut fetched = match (&known, self.fetched.try_lock()) {
            (_, Ok(fetched)) => fetched,
            // Somebody is at it; the key at hand does meanwhile.
            (Some(_), Err(_)) => return known,
            (None, Err(_)) => self.fetched.lock().await,
        };
        if fetched.is_none_or(|at| at.elapsed() >= PAUSE) {
            *fetched = Some(Instant::now());
            match fetch(url, egress).await {
                Ok(set) => self.replace(&set),
                Err(why) => tracing::warn!(%url, why, "the keys of an issuer could not be fetched"),
            }
        }
        self.known(kid)
    }

    fn known(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.known.load().keys.get(kid).cloned()
    }

    fn is_fresh(&self) -> bool {
        self.known.load().at.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn replace(&self, set: &JwkSet) {
        let keys = usable(set, self.algorithm);
        self.known.store(Arc::new(Known { keys, at: Some(Instant::now()) }));
    }
}

async fn fetch(url: &Url, egress: &Egress) -> Result<JwkSet, String> {
    let url = egress.check(url).map_err(|blocked| blocked.to_string())?;
    let answer = timeout(PATIENCE, egress.send(Request::get(url))).await;
    let answer = answer.map_err(|_| "no answer in time")?.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("the answer was {}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("not a JWK set: {error}"))
}

/// The keys that are for signatures by that algorithm and have an id.
pub fn usable(set: &JwkSet, algorithm: Algorithm) -> HashMap<String, Arc<DecodingKey>> {
    let keys = set.keys.iter().take(MAX_KEYS).filter(|jwk| fits(jwk, algorithm));
    keys.filter_map(|jwk| {
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let kid = jwk.common.key_id.clone()?;
        (key.family() == algorithm.family()).then(|| (kid, Arc::new(key)))
    })
    .collect()
}

fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let signs =
        jwk.common.public_key_use.as_ref().is_none_or(|use_| *use_ == PublicKeyUse::Signature);
    let operations = jwk.common.key_operations.as_ref();
    let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
    let named = jwk.common.key_algorithm.map(|named| named.to_string());
    signs && verifies && named.is_none_or(|named| named == format!("{algorithm:?}"))
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}
