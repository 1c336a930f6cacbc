//! Tokens that the Bot Connector calls the bot with, and the keys that sign them. Keys are made at
//! run time and shared by all fakes of a process: none lies in the repository.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use crate::FakeTeams;

/// Who signs.
pub const ISSUER: &str = "https://api.botframework.com";
/// The channel that every key of ours may speak for.
pub(crate) const CHANNEL: &str = "msteams";

/// So many keys there are; a rotation takes the next one.
const KEYS: usize = 3;
/// A PKCS #8 key of this kind wraps the PKCS #1 key that is wanted in a prefix of this length.
const WRAPPING: usize = 26;

static SIGNERS: LazyLock<Vec<Signer>> =
    LazyLock::new(|| (0..KEYS).filter_map(Signer::make).collect());

struct Signer {
    kid: String,
    key: EncodingKey,
    public: Value,
}

impl Signer {
    fn make(number: usize) -> Option<Self> {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).ok()?.serialize_der();
        let key = EncodingKey::from_rsa_der(pair.get(WRAPPING..)?);
        let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).ok()?;
        let kid = format!("connector-{number}");
        Some(Self { kid, key, public: serde_json::to_value(jwk).ok()? })
    }
}

/// The key with this number, as a member of a key set.
pub(crate) fn published(number: usize, endorsements: &[String]) -> Option<Value> {
    let signer = SIGNERS.get(number % KEYS)?;
    let mut key = signer.public.clone();
    let members = key.as_object_mut()?;
    members.insert("kid".to_owned(), signer.kid.clone().into());
    members.insert("use".to_owned(), "sig".into());
    members.insert("endorsements".to_owned(), endorsements.into());
    Some(key)
}

fn sign(number: usize, claims: &Value) -> Option<String> {
    let signer = SIGNERS.get(number % KEYS)?;
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(signer.kid.clone());
    encode(&header, claims, &signer.key).ok()
}

impl FakeTeams {
    /// The claims of a good token at this moment; a story may spoil them.
    pub fn claims(&self) -> Value {
        let service_url = self.service_url();
        let now = self.core.now().as_second();
        json!({
            "iss": ISSUER,
            "aud": self.core.state().bot.app_id,
            "nbf": now - 300,
            "exp": now + 3600,
            "serviceurl": service_url,
        })
    }

    /// A token with these claims, by the key that signs now.
    pub fn sign(&self, claims: &Value) -> String {
        let number = self.core.state().signing_key;
        sign(number, claims).unwrap_or_default()
    }

    /// A token with these claims, by a key that is not published.
    pub fn sign_with_a_strange_key(&self, claims: &Value) -> String {
        let number = self.core.state().signing_key + 1;
        sign(number, claims).unwrap_or_default()
    }

    /// From now on the next key signs, and it alone is published.
    pub fn rotate_keys(&self) {
        self.core.state().signing_key += 1;
    }

    /// From now on the published key speaks for these channels.
    pub fn endorse(&self, channels: &[&str]) {
        self.core.state().endorsements = channels.iter().map(|&name| name.to_owned()).collect();
    }
}
