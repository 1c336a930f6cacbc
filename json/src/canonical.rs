//! Canonical JSON (RFC 8785) and the hash that binds an approval to what was asked.

mod node;
mod plain;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::node::Node;

/// How `params_hash` is made, as credentials name it.
pub const PARAMS_HASH_ALG: &str = "jcs-sha-256";

/// A value that JSON cannot say: a number that is not finite, or a map whose keys are no strings.
#[derive(Debug, thiserror::Error)]
#[error("no canonical JSON for this value")]
pub struct NotCanonical(#[from] serde_json::Error);

/// The canonical JSON of a value. Numbers are doubles to RFC 8785: only what passed the gate is
/// sure to keep its digits.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    match plain::write(value) {
        Some(text) => Ok(text),
        None => Ok(serde_json_canonicalizer::to_string(value)?),
    }
}

/// The canonical JSON of a text that passed the gate.
pub fn canonical_text(text: &[u8]) -> Result<String, NotCanonical> {
    canonical(&serde_json::from_slice::<Node<'_>>(text)?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-100i64..100).prop_map(Value::from),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner.clone(), 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
                prop::collection::btree_map("[ -~]{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_short_way_writes_what_the_long_way_writes(value in any_value()) {
            let long = serde_json_canonicalizer::to_string(&value).unwrap();
            prop_assert_eq!(canonical(&value).unwrap(), long);
        }

        #[test]
        fn a_text_is_written_like_its_value(value in any_value()) {
            let text = serde_json::to_vec_pretty(&value).unwrap();
            let read: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(canonical_text(&text).unwrap(), canonical(&read).unwrap());
        }

        #[test]
        fn whatever_the_order_of_the_members(members in prop::collection::vec(("[ab\"é]{0,2}", any_value()), 0..5)) {
            let long = serde_json_canonicalizer::to_string(&Unsorted(&members)).unwrap();
            prop_assert_eq!(canonical(&Unsorted(&members)).unwrap(), long);
        }
    }

    /// An object whose members stand in any order, like the fields of a struct.
    struct Unsorted<'a>(&'a [(String, Value)]);

    impl Serialize for Unsorted<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut names = std::collections::BTreeSet::new();
            serializer.collect_map(
                self.0
                    .iter()
                    .filter(|(name, _)| names.insert(name))
                    .map(|(name, value)| (name, value)),
            )
        }
    }
}
