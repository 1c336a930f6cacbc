//! One browser for each consent: the first that brings a challenge gets a cookie which only we can
//! make, and nobody else is shown anything of it.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_port::{
    clock::Now,
    cookie,
    memory::{Lost, Memory},
    random::Random,
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

/// The record with the key of the cookies.
const KEY: &str = "cookie-key";

/// Nobody comes back to a consent after so long: Hydra has forgotten it.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Knows which browser a consent belongs to.
pub struct Browsers {
    memory: Arc<dyn Memory>,
    random: Random,
    now: Now,
    key: OnceCell<SecretString>,
}

/// The browser that brings a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Browser {
    /// It is the first, and gets this cookie.
    First(String),
    /// It has the cookie.
    Same,
    Another,
}

impl Browsers {
    /// Everything is kept in `memory`, for all replicas.
    pub fn new(memory: Arc<dyn Memory>, random: Random, now: Now) -> Self {
        Self { memory, random, now, key: OnceCell::new() }
    }

    pub(crate) async fn judge(
        &self,
        challenge: &str,
        headers: &HeaderMap,
    ) -> Result<Browser, Lost> {
        let digest = hex::encode(Sha256::digest(challenge));
        // Several consents of one browser have a cookie each.
        let name = format!("__Host-countersign-consent-{}", digest.get(..16).unwrap_or_default());
        let proof = self.proof(challenge).await?;
        if let Some(shown) = cookie::brought(headers, &name) {
            let shown = URL_SAFE_NO_PAD.decode(shown).unwrap_or_default();
            return Ok(match proof.clone().verify_slice(&shown) {
                Ok(()) => Browser::Same,
                Err(_) => Browser::Another,
            });
        }
        let is_first =
            self.memory.mark(&format!("consent/{digest}"), self.now.get() + REMEMBERED).await?;
        if !is_first {
            return Ok(Browser::Another);
        }
        let value = URL_SAFE_NO_PAD.encode(proof.finalize().into_bytes());
        Ok(Browser::First(cookie::fleeting(&name, &value)))
    }

    async fn proof(&self, challenge: &str) -> Result<Hmac<Sha256>, Lost> {
        let key = self.key.get_or_try_init(|| self.kept_key()).await?;
        let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes());
        let mut mac = mac.map_err(|error| Lost { cause: error.to_string() })?;
        mac.update(challenge.as_bytes());
        Ok(mac)
    }

    /// The first replica makes it.
    async fn kept_key(&self) -> Result<SecretString, Lost> {
        if let Some(record) = self.memory.load(KEY).await? {
            return Ok(record.secret);
        }
        let made = SecretString::from(self.random.text());
        if self.memory.save(KEY, &made, 0).await?.is_some() {
            return Ok(made);
        }
        let other = self.memory.load(KEY).await?;
        let cause = || Lost { cause: "the key of the cookies was there and is gone".to_owned() };
        other.map(|record| record.secret).ok_or_else(cause)
    }
}

impl fmt::Debug for Browsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Browsers")
    }
}
