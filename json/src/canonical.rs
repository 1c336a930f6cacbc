//! Canonical JSON (RFC 8785) and the hash that binds an approval to what was asked.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How `params_hash` is made, as credentials name it.
pub const PARAMS_HASH_ALG: &str = "jcs-sha-256";

/// A value that JSON cannot say: a number that is not finite, or a map whose keys are no strings.
#[derive(Debug, thiserror::Error)]
#[error("no canonical JSON for this value")]
pub struct NotCanonical(#[from] serde_json::Error);

/// The canonical JSON of a value. Numbers are doubles to RFC 8785: only what passed the gate is
/// sure to keep its digits.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    Ok(serde_json_canonicalizer::to_string(value)?)
}

/// The `params_hash` of what was asked: SHA-256, in base64url without padding, of the canonical
/// object of these three. Pass `{}` for absent parameters.
pub fn params_hash(
    action: &Value,
    resource: &Value,
    parameters: &Value,
) -> Result<String, NotCanonical> {
    let bound =
        BTreeMap::from([("action", action), ("resource", resource), ("parameters", parameters)]);
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(canonical(&bound)?)))
}
