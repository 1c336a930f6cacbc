//! Signs credentials and approvals, and publishes the keys for it. Which key signs follows from the
//! time and the rows alone, so that all replicas agree: a new key is published a day before it signs,
//! and an old one for as long as anything is alive that it has signed.

mod schedule;
#[cfg(test)]
mod tests;

use std::{cmp::Ordering, sync::Arc};

use arc_swap::ArcSwap;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_verify::{
    claims::{APPROVAL, ApprovalState, CREDENTIAL, Credential},
    jws,
    keys::Keys,
    refusal,
};
use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use ulid::Ulid;

use self::schedule::Due;
pub use self::schedule::SIGNED_LIVES_S;
use crate::{
    clock::{Clock, Seeds},
    domain::{denial, id::EvaluationId},
    seal::{KeyRing, Place, SealError},
    store::{
        Store,
        signing::{GIVEN_UP, SealedKey},
    },
};

/// What is known of the keys is looked at again so often, in seconds.
const FRESH_S: i64 = 60;

/// What the ids of denials are proven for.
const EVALUATION: &str = "evaluation";

/// The keys of this service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SigningKeys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    ring: Arc<KeyRing>,
    clock: Clock,
    seeds: Seeds,
    known: ArcSwap<Known>,
    loading: Mutex<()>,
}

/// The keys as they were last read.
#[derive(Debug, Default)]
struct Known {
    /// By generation.
    keys: Vec<SigningKey>,
    at: Option<Timestamp>,
}

/// One key with its private half.
struct SigningKey {
    generation: i64,
    signs_from: Timestamp,
    kid: String,
    public: Jwk,
    /// Absent where it was lost with the key that had sealed it: it signs nothing more, and what it
    /// has signed is good.
    private: Option<EncodingKey>,
}

/// A published key, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub kid: String,
    /// In words.
    pub standing: &'static str,
    /// When it began to sign, or will.
    pub since: Timestamp,
}

/// Why nothing could be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the signing keys could not be read or written")]
    Store(#[from] sqlx::Error),
    #[error("signing key {0} does not fit its row")]
    Broken(i64),
    #[error("no key pair could be made")]
    NoPair,
    #[error("the signature could not be made")]
    Signature(#[from] jsonwebtoken::errors::Error),
}

impl SigningKeys {
    pub fn new(store: Store, ring: Arc<KeyRing>, clock: Clock, seeds: Seeds) -> Self {
        let (known, loading) = (ArcSwap::default(), Mutex::default());
        Self(Arc::new(Inner { store, ring, clock, seeds, known, loading }))
    }

    /// Whether anything can be signed: keys are kept sealed or not at all.
    pub fn is_set_up(&self) -> bool {
        self.0.ring.first().is_ok()
    }

    /// Signs a credential.
    pub async fn credential(&self, claims: &Credential) -> Result<String, SigningError> {
        self.sign(CREDENTIAL, claims).await
    }

    /// Signs the state of an approval.
    pub async fn approval(&self, claims: &ApprovalState) -> Result<String, SigningError> {
        self.sign(APPROVAL, claims).await
    }

    /// Signs what binds a request to a denial.
    pub async fn denial(&self, claims: &denial::Claims) -> Result<String, SigningError> {
        self.sign(denial::TYPE, claims).await
    }

    /// The claims of a credential that was signed here, expired or not.
    pub async fn open(
        &self,
        token: &str,
    ) -> Result<Result<Credential, refusal::Refused>, SigningError> {
        self.open_as(CREDENTIAL, token).await
    }

    /// The claims of an approval that was signed here, expired or not.
    pub async fn open_approval(
        &self,
        token: &str,
    ) -> Result<Result<ApprovalState, refusal::Refused>, SigningError> {
        self.open_as(APPROVAL, token).await
    }

    /// The claims of a denial that was signed here, expired or not.
    pub async fn open_denial(
        &self,
        token: &str,
    ) -> Result<Result<denial::Claims, refusal::Refused>, SigningError> {
        self.open_as(denial::TYPE, token).await
    }

    async fn open_as<T: DeserializeOwned>(
        &self,
        typ: &str,
        token: &str,
    ) -> Result<Result<T, refusal::Refused>, SigningError> {
        let known = self.known().await?;
        let keys = Keys::of(&known.published(self.0.clock.now()));
        Ok(jws::open(token, typ, &keys))
    }

    /// The id of a denial, which proves itself for what it vouches for.
    pub fn evaluation_id(
        &self,
        number: Ulid,
        expires_at: Timestamp,
        vouched: &str,
    ) -> Result<EvaluationId, SigningError> {
        let message = [&EvaluationId::bytes(number, expires_at)[..], vouched.as_bytes()].concat();
        let proof = self.0.ring.mac(EVALUATION, &message)?;
        Ok(EvaluationId { number, expires_at, proof })
    }

    /// Whether an id was made here for what it is to vouch for.
    pub fn is_evaluation_id(&self, id: &EvaluationId, vouched: &str) -> bool {
        let message =
            [&EvaluationId::bytes(id.number, id.expires_at)[..], vouched.as_bytes()].concat();
        self.0.ring.is_mac(EVALUATION, &message, &id.proof)
    }

    /// The public keys that are good now, soon, or still. Empty where nothing is ever signed.
    pub async fn published(&self) -> Result<JwkSet, SigningError> {
        if !self.is_set_up() {
            return Ok(JwkSet::default());
        }
        Ok(self.known().await?.published(self.0.clock.now()))
    }

    /// Makes the key that is due, if one is.
    pub async fn renew(&self) -> Result<(), SigningError> {
        self.known().await.map(|_| ())
    }

    /// All keys that are published, for operators; makes none.
    pub async fn shown(&self) -> Result<Vec<Shown>, SigningError> {
        let (keys, now) = (self.load().await?, self.0.clock.now());
        let known = Known { keys, at: None };
        let current = known.current(now).map_or(0, |key| key.generation);
        let shown = schedule::published(&known.keys, now).map(|key| Shown {
            kid: key.kid.clone(),
            standing: match key.generation.cmp(&current) {
                _ if key.private.is_none() => {
                    "is lost; is published while something that it signed is alive"
                }
                Ordering::Less => "is published while something that it signed is alive",
                Ordering::Equal => "signs",
                Ordering::Greater => "will sign",
            },
            since: key.signs_from,
        });
        Ok(shown.collect())
    }

    async fn sign(
        &self,
        typ: &str,
        claims: &impl serde::Serialize,
    ) -> Result<String, SigningError> {
        let known = self.known().await?;
        let key = known.current(self.0.clock.now()).ok_or(SealError::NoKey)?;
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::ES256)
        };
        let private = key.private.as_ref().ok_or(SealError::NoKey)?;
        Ok(jsonwebtoken::encode(&header, claims, private)?)
    }

    /// The keys, not older than a minute; makes the next one when its time has come.
    async fn known(&self) -> Result<Arc<Known>, SigningError> {
        if let Some(known) = self.fresh() {
            return Ok(known);
        }
        let _one = self.0.loading.lock().await;
        if let Some(known) = self.fresh() {
            return Ok(known);
        }
        let mut keys = self.load().await?;
        if let Some(due) = schedule::due(&keys, self.0.clock.now()) {
            self.make(due).await?;
            keys = self.load().await?;
        }
        let known = Arc::new(Known { keys, at: Some(self.0.clock.now()) });
        self.0.known.store(Arc::clone(&known));
        Ok(known)
    }

    fn fresh(&self) -> Option<Arc<Known>> {
        let (known, now) = (self.0.known.load_full(), self.0.clock.now());
        let is_fresh = known.at.is_some_and(|at| now.duration_since(at).as_secs() < FRESH_S);
        is_fresh.then_some(known)
    }

    async fn load(&self) -> Result<Vec<SigningKey>, SigningError> {
        let rows = self.0.store.signing_keys().await?;
        rows.iter().map(|row| SigningKey::open(row, &self.0.ring)).collect()
    }

    /// Makes a key. Whether ours or that of another replica was first makes no difference.
    async fn make(&self, due: Due) -> Result<(), SigningError> {
        let (private, public) = pair()?;
        let kid = public.common.key_id.clone().unwrap_or_default();
        let key = SealedKey {
            generation: due.generation,
            public: crate::domain::audit::canonical(&public),
            signs_from_us: due.signs_from.as_microsecond(),
            sealed: self.0.ring.seal(place(&kid), &private, self.0.seeds.nonce())?,
        };
        let key_id = self.0.ring.first()?.to_string();
        self.0.store.add_signing_key(&key, &kid, &key_id).await?;
        tracing::info!(key.id = kid, key.signs_from = %due.signs_from, "a signing key was made");
        Ok(())
    }
}

impl SigningKey {
    fn open(row: &SealedKey, ring: &KeyRing) -> Result<Self, SigningError> {
        let broken = || SigningError::Broken(row.generation);
        let public: Jwk = serde_json::from_str(&row.public).map_err(|_| broken())?;
        let kid = public.common.key_id.clone().ok_or_else(broken)?;
        let signs_from = Timestamp::from_microsecond(row.signs_from_us).map_err(|_| broken())?;
        let private = match row.sealed.as_str() {
            GIVEN_UP => None,
            sealed => {
                let private = ring.open(place(&kid), sealed)?;
                let der = STANDARD.decode(private.expose_secret()).map_err(|_| broken())?;
                Some(EncodingKey::from_ec_der(&der))
            }
        };
        Ok(Self { generation: row.generation, signs_from, kid, public, private })
    }
}

impl Known {
    fn current(&self, now: Timestamp) -> Option<&SigningKey> {
        self.keys.iter().rfind(|key| key.signs_from <= now && key.private.is_some())
    }

    fn published(&self, now: Timestamp) -> JwkSet {
        let keys = schedule::published(&self.keys, now);
        JwkSet { keys: keys.map(|key| key.public.clone()).collect() }
    }
}

/// A fresh pair: PKCS #8 in base64, and the JWK. aws-lc-rs draws it from the system itself, as it
/// does for every signature.
fn pair() -> Result<(SecretString, Jwk), SigningError> {
    let failed = |_| SigningError::NoPair;
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let der = pair.to_pkcs8v1().map_err(failed)?;
    let key = EncodingKey::from_ec_der(der.as_ref());
    let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256)?);
    Ok((SecretString::from(STANDARD.encode(der.as_ref())), public))
}

/// Where a private key is sealed for.
pub fn place(kid: &str) -> Place<'_> {
    Place { table: "signing_key", column: "sealed", row: kid }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.kid).finish()
    }
}
