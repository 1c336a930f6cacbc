//! The keys of Standard Webhooks in their printed forms: `whsec_`, `whsk_` and `whpk_`.
//! A secret half never leaves its type and prints as the type's name.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};
use sha2::Sha256;

const MIN_SECRET_BYTES: usize = 24;
/// The block of SHA-256, and the longest secret that the standard allows.
const BLOCK_BYTES: usize = 64;

/// A symmetric secret of 24 to 64 bytes, printed as `whsec_…`.
///
/// Kept as HMAC uses it, filled up with zeros to one block.
pub struct Secret(SecretBox<[u8; BLOCK_BYTES]>);

/// An Ed25519 key for `v1a` entries, printed as `whsk_…`: the seed, or seed and public half.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// The half that a receiver is given, printed as `whpk_…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a text is not a key. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKey {
    /// Another kind of key, or none.
    #[error("the key does not begin with `{0}`")]
    Prefix(&'static str),
    /// Not base64 with padding.
    #[error("the key is not base64 after its prefix")]
    Base64,
    /// Too short or too long.
    #[error("the key has the wrong length, `{0}` is wanted")]
    Length(&'static str),
    /// A key half that fits no other, or is no point of the curve.
    #[error("the key is no Ed25519 key")]
    Curve,
}

impl Secret {
    pub(super) fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(self.0.expose_secret().into());
        mac.update(text);
        mac
    }
}

impl FromStr for Secret {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let bytes = decoded("whsec_", text)?;
        let mut block = Box::new([0; BLOCK_BYTES]);
        match block.get_mut(..bytes.len()) {
            Some(start) if bytes.len() >= MIN_SECRET_BYTES => start.copy_from_slice(&bytes),
            _ => return Err(MalformedKey::Length("24 to 64 bytes")),
        }
        Ok(Self(SecretBox::new(block)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl SigningKey {
    /// The half to publish.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

impl FromStr for SigningKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let bytes = decoded("whsk_", text)?;
        if let Ok(seed) = bytes.as_slice().try_into() {
            return Ok(Self(ed25519_dalek::SigningKey::from_bytes(seed)));
        }
        let pair =
            bytes.as_slice().try_into().map_err(|_| MalformedKey::Length("32 or 64 bytes"))?;
        let key = ed25519_dalek::SigningKey::from_keypair_bytes(pair);
        key.map(Self).map_err(|_| MalformedKey::Curve)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl PublicKey {
    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(text, &signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let bytes = decoded("whpk_", text)?;
        let point = bytes.as_slice().try_into().map_err(|_| MalformedKey::Length("32 bytes"))?;
        VerifyingKey::from_bytes(point).map(Self).map_err(|_| MalformedKey::Curve)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "whpk_{}", STANDARD.encode(self.0.as_bytes()))
    }
}

fn decoded(prefix: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, MalformedKey> {
    let encoded = text.strip_prefix(prefix).ok_or(MalformedKey::Prefix(prefix))?;
    STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| MalformedKey::Base64)
}
