//! How the bot took an activity.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// Nobody documents when Teams gives up; a person has by then.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

const CARD: &str = "application/vnd.microsoft.card.adaptive";
const MESSAGE: &str = "application/vnd.microsoft.activity.message";
const ERROR: &str = "application/vnd.microsoft.error";

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The HTTP status; none where nothing came within [`ANSWERED_WITHIN`].
    pub status: Option<u16>,
    pub body: String,
}

impl Answer {
    /// The body as JSON; null where there is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The card that whoever clicked sees now.
    pub fn card(&self) -> Option<Value> {
        self.typed(CARD)
    }

    /// The sentence that whoever clicked is shown.
    pub fn sentence(&self) -> Option<String> {
        Some(self.typed(MESSAGE)?.as_str()?.to_owned())
    }

    /// What is wrong with an answer to an action of a card, if anything: HTTP 200 and one of three
    /// types, each with its own status and value. Anything else shows nothing.
    pub(crate) fn fault(&self) -> Option<String> {
        let body = self.json();
        let of = |name: &str| body.get(name);
        let status = of("statusCode").and_then(Value::as_u64);
        let kind = of("type").and_then(Value::as_str);
        let fits = match (status, kind, of("value")) {
            (Some(200), Some(CARD), Some(value)) => value.is_object(),
            (Some(200), Some(MESSAGE), Some(value)) => value.is_string(),
            (Some(400..=599), Some(ERROR), Some(value)) => {
                ["code", "message"].iter().all(|name| value.get(name).is_some_and(Value::is_string))
            }
            _ => false,
        };
        let is_typed = self.status == Some(200) && fits;
        (!is_typed).then(|| format!("not a typed answer: {:?} {}", self.status, self.body))
    }

    fn typed(&self, kind: &str) -> Option<Value> {
        let body = self.json();
        let is_it = body.get("type").and_then(Value::as_str) == Some(kind);
        is_it.then(|| body.get("value").cloned()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faulty(status: u16, body: &Value) -> bool {
        Answer { status: Some(status), body: body.to_string() }.fault().is_some()
    }

    #[test]
    fn an_answer_is_one_of_three_types() {
        let typed = |status: u16, kind: &str, value: Value| json!({ "statusCode": status, "type": kind, "value": value });
        let error = json!({ "code": "BadRequest", "message": "no" });
        assert!(!faulty(200, &typed(200, CARD, json!({}))));
        assert!(!faulty(200, &typed(200, MESSAGE, json!("no"))));
        assert!(!faulty(200, &typed(400, ERROR, error.clone())));
        assert!(faulty(200, &json!(null)), "nothing is shown");
        assert!(faulty(500, &typed(200, CARD, json!({}))), "nothing is shown");
        assert!(faulty(200, &typed(200, ERROR, error)));
        assert!(faulty(200, &typed(400, ERROR, json!("no"))));
        assert!(faulty(200, &typed(200, MESSAGE, json!({}))));
        assert!(faulty(200, &typed(200, "application/vnd.microsoft.adaptive.card", json!({}))));
    }
}
