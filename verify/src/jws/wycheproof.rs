//! The published signatures of Project Wycheproof: all of them through this door, and those with a
//! key of our curve through the check of the signature alone.

use std::{collections::BTreeMap, fs, path::Path};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde_json::Value;

use super::*;

/// Good signatures that this door refuses all the same: a token without `typ` is none of ours.
const VALID_ES256: [u64; 2] = [18, 378];

/// Valid by other algorithms: HS256, RS256, RS384, RS512, PS256, PS384, PS512 and ES512.
const VALID_OTHERS: usize = 44;

fn groups() -> Option<Vec<Value>> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
    let Ok(folder) = std::env::var("COUNTERSIGN_VECTORS") else {
        eprintln!("skipped: Wycheproof JWS: set COUNTERSIGN_VECTORS");
        return None;
    };
    let path = Path::new(&folder).join("jws/json_web_signature_test.json");
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    Some(file["testGroups"].as_array().unwrap().clone())
}

/// The keys of a group that we would take from a JWK set.
fn keys(group: &Value) -> Keys {
    let jwk = group.get("public").or(group.get("private")).unwrap();
    let jwk: Option<Jwk> = serde_json::from_value(jwk.clone()).ok();
    Keys::of(&JwkSet { keys: jwk.into_iter().collect() })
}

fn is_valid(test: &Value) -> bool {
    test["result"] == "valid"
}

#[test]
fn no_published_signature_passes_for_a_credential() {
    let Some(groups) = groups() else { return };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut all, mut valid) = (0, Vec::new());
    for group in &groups {
        let keys = keys(group);
        for test in group["tests"].as_array().unwrap() {
            let jws = test["jws"].as_str().unwrap();
            let refused = open::<Value>(jws, crate::claims::CREDENTIAL, &keys).unwrap_err();
            *reasons.entry(format!("{refused:?}")).or_default() += 1;
            all += 1;
            valid.extend(is_valid(test).then(|| test["tcId"].as_u64().unwrap()));
        }
    }
    assert_eq!((all, valid.len()), (401, VALID_OTHERS + VALID_ES256.len()));
    eprintln!("Wycheproof JWS at the door of credentials: {all}/401 refused: {reasons:?}");
    eprintln!("of these valid elsewhere, by another algorithm or without our `typ`: {valid:?}");
}

#[test]
fn signatures_by_keys_of_our_curve_are_judged_as_published() {
    let Some(groups) = groups() else { return };
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for group in groups.iter().filter(|group| group["public"]["crv"] == "P-256") {
        let keys = keys(group);
        for test in group["tests"].as_array().unwrap() {
            let jws = test["jws"].as_str().unwrap();
            let key = keys.get("kid-ec-sign");
            let good = Parts::of(jws)
                .zip(key)
                .is_some_and(|(parts, key)| is_signed(parts.signed, parts.signature, key));
            assert_eq!(good, is_valid(test), "{}: {}", test["tcId"], test["comment"]);
            refused += usize::from(!good);
            accepted.extend(good.then(|| test["tcId"].as_u64().unwrap()));
        }
    }
    assert_eq!((accepted.as_slice(), refused), (VALID_ES256.as_slice(), 39));
    eprintln!("Wycheproof ES256: {} accepted {accepted:?}, {refused} refused", accepted.len());
}
