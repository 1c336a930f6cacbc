//! Ids and salts out of a seed: pure, so that a batch that is run again makes the same ones.
//! The seed itself is made in `clock.rs`.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use ulid::Ulid;

/// 256 random bits, made outside the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

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
        let mut random = [0; 16];
        random.copy_from_slice(self.bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
        Ulid::from_parts(self.at_ms, u128::from_be_bytes(random))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}
