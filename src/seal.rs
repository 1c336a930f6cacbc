//! Secrets at rest: sealed for one column of one row, so that a sealed text copied elsewhere does
//! not open. The first key of the ring seals, all of them open.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::config::secret::EncryptionKey;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const DOMAIN: &[u8] = b"countersign/seal/v1";
const MAC_DOMAIN: &[u8] = b"countersign/mac/v1/";
const MAC_BYTES: usize = 16;

/// The keys that secrets are sealed with.
#[derive(Debug, Default)]
pub struct KeyRing(Vec<(KeyId, EncryptionKey)>);

/// The first four bytes of the SHA-256 of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; KEY_ID_BYTES]);

/// Where a sealed text stands: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

/// Why a secret could not be sealed or opened. Holds neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("no `encryption_key` is configured: `openssl rand -base64 32` makes one")]
    NoKey,
    #[error("the key ring misses the key `{0}`: put it back behind the first in `encryption_key`")]
    MissingKey(KeyId),
    #[error("a sealed text in `{0}` does not open: it was changed, or copied from another row")]
    Broken(String),
}

impl KeyRing {
    pub fn new(keys: Vec<EncryptionKey>) -> Self {
        Self(keys.into_iter().map(|key| (KeyId::of(&key), key)).collect())
    }

    /// The keys, by id; the first seals.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(|(id, _)| *id)
    }

    /// Whether anything can be sealed.
    pub fn first(&self) -> Result<KeyId, SealError> {
        self.0.first().map(|(id, _)| *id).ok_or(SealError::NoKey)
    }

    /// Whether what was sealed with a key can be opened.
    pub fn has(&self, id: KeyId) -> Result<(), SealError> {
        self.key(id).map(|_| ())
    }

    /// Seals a secret for one place. A nonce is random and never used again.
    pub fn seal(
        &self,
        place: Place<'_>,
        secret: &SecretString,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<String, SealError> {
        let (id, key) = self.0.first().ok_or(SealError::NoKey)?;
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &place.bytes() };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| SealError::Broken(place.table.to_owned()))?;
        let text = [&[VERSION], id.0.as_slice(), &nonce, &sealed].concat();
        Ok(STANDARD.encode(text))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<SecretString, SealError> {
        let broken = || SealError::Broken(place.table.to_owned());
        let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        let rest = bytes.strip_prefix(&[VERSION]).ok_or_else(broken)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or_else(broken)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        let payload = Payload { msg: sealed, aad: &place.bytes() };
        let opened = cipher(self.key(KeyId(*id))?).decrypt(&XNonce::from(*nonce), payload);
        let text = String::from_utf8(opened.map_err(|_| broken())?).map_err(|_| broken())?;
        Ok(SecretString::from(text))
    }

    /// Half a MAC over a message, for one purpose, with the first key.
    pub fn mac(&self, purpose: &str, message: &[u8]) -> Result<[u8; MAC_BYTES], SealError> {
        let (_, key) = self.0.first().ok_or(SealError::NoKey)?;
        let whole = mac(key, purpose, message).finalize().into_bytes();
        Ok(*whole.first_chunk::<MAC_BYTES>().ok_or(SealError::NoKey)?)
    }

    /// Whether one of the keys made this MAC.
    pub fn is_mac(&self, purpose: &str, message: &[u8], made: &[u8; MAC_BYTES]) -> bool {
        let mut keys = self.0.iter();
        keys.any(|(_, key)| mac(key, purpose, message).verify_truncated_left(made).is_ok())
    }

    fn key(&self, id: KeyId) -> Result<&EncryptionKey, SealError> {
        let found = self.0.iter().find(|(other, _)| *other == id);
        found.map(|(_, key)| key).ok_or(SealError::MissingKey(id))
    }
}

impl KeyId {
    fn of(key: &EncryptionKey) -> Self {
        let digest: [u8; 32] = Sha256::digest(key.bytes()).into();
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(digest.first_chunk::<KEY_ID_BYTES>().unwrap_or(&[0; KEY_ID_BYTES]));
        Self(id)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::str::FromStr for KeyId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, hex::FromHexError> {
        let mut id = [0; KEY_ID_BYTES];
        hex::decode_to_slice(text, &mut id)?;
        Ok(Self(id))
    }
}

impl Place<'_> {
    /// Each part with its length, so that no two places have the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = DOMAIN.to_vec();
        for part in [self.table, self.column, self.row] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

/// Each purpose has a key of its own, derived from the one of the ring.
fn mac(key: &EncryptionKey, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut derived = keyed(key.bytes());
    derived.update(MAC_DOMAIN);
    derived.update(purpose.as_bytes());
    let mut mac = keyed(&derived.finalize().into_bytes());
    mac.update(message);
    mac
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let none = hmac::digest::Key::<Hmac<Sha256>>::default();
    // A key of any length will do.
    Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&none))
}

fn cipher(key: &EncryptionKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { table: "adapter_record", column: "sealed", row: "chat:T1" };

    fn ring(numbers: &[u8]) -> KeyRing {
        let key = |number: &u8| EncryptionKey::decode(&STANDARD.encode([*number; 32])).unwrap();
        KeyRing::new(numbers.iter().map(key).collect())
    }

    fn seal(ring: &KeyRing) -> String {
        ring.seal(PLACE, &"xoxb-secret".into(), [9; NONCE_BYTES]).unwrap()
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let sealed = seal(&ring(&[1]));
        assert!(!sealed.contains("xoxb"));
        for keys in [&[1][..], &[1, 2], &[2, 1]] {
            let opened = ring(keys).open(PLACE, &sealed).unwrap();
            assert_eq!(opened.expose_secret(), "xoxb-secret", "{keys:?}");
        }
        assert_ne!(seal(&ring(&[2, 1])), sealed);
    }

    #[test]
    fn a_mac_is_for_one_purpose_and_known_by_every_key_of_the_ring() {
        let made = ring(&[1]).mac("tea", b"two sugars").unwrap();
        assert!(ring(&[2, 1]).is_mac("tea", b"two sugars", &made));
        assert!(!ring(&[2]).is_mac("tea", b"two sugars", &made));
        assert!(!ring(&[1]).is_mac("coffee", b"two sugars", &made));
        assert!(!ring(&[1]).is_mac("tea", b"one sugar", &made));
        assert_eq!(KeyRing::default().mac("tea", b"").unwrap_err(), SealError::NoKey);
    }

    #[test]
    fn a_missing_key_is_named() {
        let ring_1 = ring(&[1]);
        let why = ring(&[2]).open(PLACE, &seal(&ring_1)).unwrap_err();
        assert_eq!(why, SealError::MissingKey(ring_1.first().unwrap()));
        assert!(why.to_string().contains(&ring_1.first().unwrap().to_string()), "{why}");
        let nothing = KeyRing::default().seal(PLACE, &"s".into(), [0; NONCE_BYTES]);
        assert_eq!(nothing.unwrap_err(), SealError::NoKey);
    }

    #[test]
    fn a_text_that_was_copied_or_changed_does_not_open() {
        let ring = ring(&[1]);
        let sealed = seal(&ring);
        for place in [
            Place { row: "chat:T2", ..PLACE },
            Place { column: "sealed2", ..PLACE },
            Place { table: "adapter_recor", column: "dsealed", ..PLACE },
        ] {
            assert!(matches!(ring.open(place, &sealed), Err(SealError::Broken(_))), "{place:?}");
        }
        let bytes = STANDARD.decode(&sealed).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(ring.open(PLACE, &STANDARD.encode(changed)).is_err(), "byte {index}");
        }
        for cut in ["", "AQ==", "AQAAAAA=", "not base64"] {
            assert!(ring.open(PLACE, cut).is_err(), "{cut}");
        }
    }
}
