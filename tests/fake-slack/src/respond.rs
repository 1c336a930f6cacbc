//! What the Web API says: `ok` and more, or an error in Slack's words.

use serde_json::{Map, Value, json};

/// The members of a good answer besides `ok`.
pub(crate) type Said = Map<String, Value>;

/// An answer that is not `ok`.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) error: String,
    more: Said,
    /// Where the answer is HTTP 429.
    pub(crate) retry_after_s: Option<u64>,
}

impl Refused {
    /// Bad arguments, each with what is wrong with it.
    pub(crate) fn arguments(faults: &[String]) -> Self {
        Self::listing("invalid_arguments", faults)
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::arguments(&[format!("missing required field: {field}")])
    }

    pub(crate) fn blocks(faults: &[String]) -> Self {
        let mut refused = Self::listing("invalid_blocks", faults);
        refused.more.insert("errors".to_owned(), json!(faults));
        refused
    }

    pub(crate) fn scope(needed: &str, provided: &[String]) -> Self {
        let mut refused = Self::from("missing_scope");
        refused.more.insert("needed".to_owned(), needed.into());
        refused.more.insert("provided".to_owned(), provided.join(",").into());
        refused
    }

    pub(crate) fn rate_limited(retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::from("ratelimited") }
    }

    fn listing(error: &'static str, faults: &[String]) -> Self {
        let messages: Vec<String> = faults.iter().map(|fault| format!("[ERROR] {fault}")).collect();
        let mut refused = Self::from(error);
        refused.more.insert("response_metadata".to_owned(), json!({ "messages": messages }));
        refused
    }

    pub(crate) fn json(&self) -> Value {
        let mut body = self.more.clone();
        body.insert("ok".to_owned(), false.into());
        body.insert("error".to_owned(), self.error.clone().into());
        body.into()
    }
}

impl From<&str> for Refused {
    fn from(error: &str) -> Self {
        Self { error: error.to_owned(), more: Map::new(), retry_after_s: None }
    }
}

/// Sets a member of an object.
pub(crate) fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A good answer.
pub(crate) fn ok(mut said: Said) -> Value {
    said.insert("ok".to_owned(), true.into());
    said.into()
}

/// The members of a JSON object.
pub(crate) fn members(value: Value) -> Said {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
