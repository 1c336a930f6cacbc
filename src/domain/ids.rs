//! Ids and salts out of a seed: pure, so that a batch that is run again makes the same ones.
//! The seed itself is made in `clock.rs`.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use ulid::Ulid;

/// 256 random bits, made outside the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

/// What an id is made of that is given to others, who may not guess it: 128 random bits. The time
/// stands in front, so that what was made together lies together in an index; nobody reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    at: Ulid,
    random: Ulid,
}

/// The time in front, as ULIDs write it.
const TIME_CHARACTERS: usize = 10;

/// A stream of ids out of one seed.
#[derive(Debug)]
pub struct Ids {
    seed: Seed,
    made: u64,
    at_ms: u64,
}

impl Seed {
    /// The ids of one command; they sort by the time of the command.
    pub fn ids(self, now: Timestamp) -> Ids {
        Ids { seed: self, made: 0, at_ms: u64::try_from(now.as_millisecond()).unwrap_or(0) }
    }
}

impl Ids {
    /// The next 256 bits.
    pub fn bytes(&mut self) -> [u8; 32] {
        self.made += 1;
        Sha256::new()
            .chain_update(self.seed.0)
            .chain_update(self.made.to_be_bytes())
            .finalize()
            .into()
    }

    /// The next id.
    pub fn ulid(&mut self) -> Ulid {
        Ulid::from_parts(self.at_ms, self.random())
    }

    /// The next id that nobody can guess.
    pub fn handle(&mut self) -> Handle {
        Handle::from_parts(self.at_ms, self.random())
    }

    fn random(&mut self) -> u128 {
        let mut random = [0; 16];
        random.copy_from_slice(self.bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
        u128::from_be_bytes(random)
    }
}

impl Handle {
    /// How long it is in writing: the time as ULIDs have it, then 128 bits in the same alphabet.
    /// With its prefix it has to fit a binding message of Keycloak's: 50 characters.
    pub const CHARACTERS: usize = TIME_CHARACTERS + ulid::ULID_LEN;

    pub const fn from_parts(at_ms: u64, random: u128) -> Self {
        Self { at: Ulid::from_parts(at_ms, 0), random: Ulid(random) }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_string();
        write!(f, "{at:.TIME_CHARACTERS$}{}", self.random)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}
