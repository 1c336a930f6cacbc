//! The published signatures of Project Wycheproof at the door of access tokens: each group with its
//! own key, under the algorithm that the configuration would pin, never the one in the header.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, errors::ErrorKind, jwk::JwkSet};

use super::*;
use countersign_egress::{hint::refuse_instructions, jwks::usable};

/// What an issuer can be configured with.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::RS512,
];

/// The algorithm of a group, where it can be configured.
fn pinned(key: &Value) -> Option<Algorithm> {
    let usual = if key["kty"] == "EC" { "ES256" } else { "RS256" };
    let named = key["alg"].as_str().unwrap_or(usual);
    ALGORITHMS.into_iter().find(|algorithm| format!("{algorithm:?}") == named)
}

/// The algorithm that the header names. One test has a header that is lenient base64 alone.
fn named(jws: &str) -> String {
    let Ok(header) = URL_SAFE_NO_PAD.decode(jws.split('.').next().unwrap()) else {
        return "not base64url".to_owned();
    };
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"].as_str().unwrap().to_owned()
}

/// Whether header and signature are good; the payloads are no claims.
fn is_signed(jws: &str, key: &DecodingKey, algorithm: Algorithm) -> bool {
    let header = jsonwebtoken::decode_header(jws);
    if !header.is_ok_and(|header| refuse_instructions(&header).is_ok()) {
        return false;
    }
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims::<&str>(&[]);
    validation.validate_aud = false;
    match decode::<Map<String, Value>>(jws, key, &validation) {
        Ok(_) => true,
        Err(error) => matches!(error.kind(), ErrorKind::Json(_) | ErrorKind::Utf8(_)),
    }
}

#[test]
fn published_signatures_are_judged_as_published() {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
    let Ok(folder) = std::env::var("COUNTERSIGN_VECTORS") else {
        eprintln!("skipped: Wycheproof JWS: set COUNTERSIGN_VECTORS");
        return;
    };
    let path = Path::new(&folder).join("jws/json_web_signature_test.json");
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    let mut not_ours: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for group in file["testGroups"].as_array().unwrap() {
        let key = group.get("public").or(group.get("private")).unwrap();
        let set: JwkSet =
            serde_json::from_value(serde_json::json!({ "keys": [key] })).unwrap_or_default();
        let door = pinned(key).and_then(|algorithm| {
            let key = usable(&set, algorithm).into_values().next()?;
            Some((algorithm, key))
        });
        for test in group["tests"].as_array().unwrap() {
            let (jws, number) = (test["jws"].as_str().unwrap(), test["tcId"].as_u64().unwrap());
            let good =
                door.as_ref().is_some_and(|(algorithm, key)| is_signed(jws, key, *algorithm));
            match (test["result"] == "valid", good) {
                (true, true) => accepted += 1,
                (false, false) => refused += 1,
                (true, false) => not_ours.entry(named(jws)).or_default().push(number),
                (false, true) => wrong.push(number),
            }
        }
    }
    eprintln!(
        "Wycheproof JWS at the door of access tokens: {accepted} of 46 valid accepted, {refused} of \
         355 invalid refused; valid by algorithms that cannot be configured: {not_ours:?}; invalid \
         and accepted: {wrong:?}"
    );
    assert_eq!((accepted, refused, wrong.as_slice()), (20, 355, [].as_slice()));
    let named: Vec<&str> = not_ours.keys().map(String::as_str).collect();
    assert_eq!(named, ["ES512", "HS256", "PS384", "PS512", "RS384", "not base64url"]);
}
