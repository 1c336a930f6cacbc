//! API keys: `cs_<prefix>_<secret>`. Only the public prefix and the digest of the whole are kept.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

const MARK: &str = "cs_";
const HASHED: &str = "sha256:";
/// Of base64url characters: 192 bits, should they be random.
const MIN_SECRET_CHARS: usize = 32;

/// What is kept of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub prefix: String,
    sha256: [u8; 32],
}

/// Not an API key. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedApiKey {
    #[error(
        "an API key reads `cs_<prefix>_<secret>`: a prefix of a-z and 0-9, then a secret of at least {MIN_SECRET_CHARS} characters of A-Z a-z 0-9 - _"
    )]
    Plain,
    #[error(
        "a hashed API key reads `sha256:<prefix>:<64 hexadecimal digits>`: the prefix of the key, and SHA-256 of the whole of it"
    )]
    Hashed,
}

impl ApiKey {
    /// From the key itself.
    pub fn of(key: &str) -> Result<Self, MalformedApiKey> {
        let prefix = prefix(key).ok_or(MalformedApiKey::Plain)?;
        Ok(Self { prefix: prefix.to_owned(), sha256: Sha256::digest(key).into() })
    }

    /// From `sha256:<prefix>:<digest>`.
    pub fn hashed(text: &str) -> Result<Self, MalformedApiKey> {
        let (prefix, digest) = text
            .strip_prefix(HASHED)
            .and_then(|rest| rest.split_once(':'))
            .filter(|(prefix, _)| is_prefix(prefix))
            .ok_or(MalformedApiKey::Hashed)?;
        let mut sha256 = [0; 32];
        hex::decode_to_slice(digest, &mut sha256).map_err(|_| MalformedApiKey::Hashed)?;
        Ok(Self { prefix: prefix.to_owned(), sha256 })
    }

    /// Compares in constant time.
    pub fn matches(&self, presented: &str) -> Choice {
        let sha256: [u8; 32] = Sha256::digest(presented).into();
        self.sha256.ct_eq(&sha256)
    }

    /// A key that nothing matches, to compare with where there is none.
    pub fn none() -> Self {
        Self { prefix: String::new(), sha256: [0; 32] }
    }
}

/// The public part of a key, if it looks like one.
pub fn prefix(key: &str) -> Option<&str> {
    let (prefix, secret) = key.strip_prefix(MARK)?.split_once('_')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let good = secret.len() >= MIN_SECRET_CHARS && secret.bytes().all(fits);
    (good && is_prefix(prefix)).then_some(prefix)
}

fn is_prefix(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=32).contains(&text.len()) && text.bytes().all(fits)
}

/// Shows the public part alone.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ApiKey").field(&self.prefix).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "cs_crm_0123456789abcdefghijklmnopqrstuv-_";

    #[test]
    fn a_key_and_its_digest_are_one() {
        let key = ApiKey::of(KEY).unwrap();
        let digest = hex::encode(Sha256::digest(KEY));
        assert_eq!(ApiKey::hashed(&format!("sha256:crm:{digest}")), Ok(key.clone()));
        assert!(bool::from(key.matches(KEY)));
        assert!(!bool::from(key.matches(&format!("{KEY}x"))));
        assert_eq!(format!("{key:?}"), r#"ApiKey("crm")"#);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "a".repeat(40);
        for bad in ["", "cs_", "cs_crm", "cs_crm_short", &long] {
            assert_eq!(ApiKey::of(bad), Err(MalformedApiKey::Plain), "{bad}");
        }
        for bad in [format!("cs__{long}"), format!("cs_CRM_{long}"), format!("cs_crm_{long} ")] {
            assert_eq!(ApiKey::of(&bad), Err(MalformedApiKey::Plain), "{bad}");
        }
        for bad in ["sha256:", "sha256:crm:00", "sha256:crm", "sha1:crm:00"] {
            assert_eq!(ApiKey::hashed(bad), Err(MalformedApiKey::Hashed), "{bad}");
        }
    }
}
