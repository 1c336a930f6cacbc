//! Objects of JSON out of what is moved into them. `json!` would copy a card once for each level.

use serde_json::Value;

/// An object of these members.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.into_iter().collect()
}
