//! The way of one browser to the identity provider and back: begun here, in this browser, lately, and
//! finished once. All that it needs comes out of the secret in its cookie; a mark says that it is on
//! its way.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_port::{
    clock::Now,
    cookie,
    memory::{Lost, Memory},
    random::Random,
};
use http::HeaderMap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// How long somebody may take to sign in.
const TIME: Duration = Duration::from_mins(10);
const COOKIE_NAME: &str = "__Host-countersign-link";

/// Sends browsers off, and knows them again.
#[derive(Clone)]
pub struct Trips {
    pub memory: Arc<dyn Memory>,
    pub random: Random,
    pub now: Now,
}

/// A way that has begun.
#[derive(Debug, Clone)]
pub(crate) struct Trip {
    /// Goes by way of the provider and comes back (RFC 6749, section 10.12).
    pub(crate) state: String,
    secret: String,
}

impl Trips {
    pub(crate) async fn begin(&self) -> Result<Trip, Lost> {
        let trip = Trip { state: self.random.text(), secret: self.random.text() };
        let until = self.now.get().checked_add(TIME).unwrap_or(Timestamp::MAX);
        if self.memory.mark(&trip.mark(), until).await? {
            return Ok(trip);
        }
        Err(Lost { cause: "the same random number came twice".to_owned() })
    }

    /// The way that this browser was sent on with this state, if it has not come back yet.
    pub(crate) async fn finish(
        &self,
        state: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Trip>, Lost> {
        let Some(secret) = cookie::brought(headers, COOKIE_NAME) else { return Ok(None) };
        let trip = Trip { state: state.to_owned(), secret: secret.to_owned() };
        Ok(self.memory.unmark(&trip.mark()).await?.then_some(trip))
    }
}

impl Trip {
    /// What the ID token must carry, so that it was made for this browser.
    pub(crate) fn nonce(&self) -> String {
        digest("nonce", &self.secret)
    }

    /// What the code must be redeemed with (RFC 7636).
    pub(crate) fn verifier(&self) -> String {
        digest("verifier", &self.secret)
    }

    /// The same as it is shown beforehand, by the method `S256`.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    pub(crate) fn cookie(&self) -> String {
        cookie::lasting(COOKIE_NAME, &self.secret, TIME)
    }

    /// Binds the state to the browser: neither is worth anything without the other.
    fn mark(&self) -> String {
        let both = format!("{}.{}", self.state, self.secret);
        format!("state/{}", hex::encode(Sha256::digest(both)))
    }
}

/// Takes the cookie away.
pub(crate) fn forget() -> String {
    cookie::taken_away(COOKIE_NAME)
}

fn digest(what: &str, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("countersign/link/{what}/{secret}")))
}

impl std::fmt::Debug for Trips {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trips")
    }
}
