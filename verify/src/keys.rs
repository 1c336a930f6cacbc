//! The public keys of the service, by id. Only keys for ES256 signatures are taken.

use std::collections::HashMap;

use jsonwebtoken::{
    AlgorithmFamily, DecodingKey,
    jwk::{
        AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse,
    },
};

/// More than this in one set is no set of ours.
const MAX_KEYS: usize = 50;

/// Keys that signatures are checked with.
#[derive(Clone, Default)]
pub struct Keys(HashMap<String, DecodingKey>);

impl Keys {
    /// The usable keys of a JWK set.
    pub fn of(set: &JwkSet) -> Self {
        let usable = set.keys.iter().take(MAX_KEYS).filter(|jwk| is_usable(jwk));
        Self(usable.filter_map(key).collect())
    }

    /// The usable keys of a JWK set as it was fetched.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Self::of(&serde_json::from_slice(text)?))
    }

    /// Whether a key is known.
    pub fn has(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.get(kid)
    }
}

fn key(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let key = DecodingKey::from_jwk(jwk).ok()?;
    let kid = jwk.common.key_id.clone()?;
    (key.family() == AlgorithmFamily::Ec).then_some((kid, key))
}

fn is_usable(jwk: &Jwk) -> bool {
    let on_curve = matches!(
        &jwk.algorithm,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256
    );
    let signs =
        jwk.common.public_key_use.as_ref().is_none_or(|use_| *use_ == PublicKeyUse::Signature);
    let algorithm = jwk.common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::ES256);
    let operations = jwk.common.key_operations.as_ref();
    let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
    on_curve && signs && verifies && algorithm
}

/// Ids alone.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
