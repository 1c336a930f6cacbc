//! What Slack puts round a payload on a connection, and what is said back. Lenient: what is new to
//! us is acknowledged and passed over.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use url::form_urlencoded;

/// One message of Slack.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The connection stands, for this app.
    Hello { app_id: Option<String> },
    /// The connection is about to be closed.
    Disconnect { reason: String },
    /// To be handled and acknowledged.
    Envelope(Envelope),
    /// Nothing that we know.
    Other,
}

/// A payload with the id that acknowledges it.
#[derive(Debug)]
pub(super) struct Envelope {
    id: String,
    pub content: Content,
    answers: Answers,
}

/// What an envelope holds.
#[derive(Debug)]
pub(super) enum Content {
    Interactive(Box<RawValue>),
    /// The form that HTTP would have carried.
    Command(String),
    Event(Box<RawValue>),
    Unknown,
}

/// Whether an acknowledgement may hold more than the id.
#[derive(Debug, Clone, Copy)]
enum Answers {
    Taken,
    Ignored,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    envelope_id: Option<String>,
    payload: Option<Box<RawValue>>,
    #[serde(default)]
    accepts_response_payload: bool,
    reason: Option<String>,
    connection_info: Option<ConnectionInfo>,
}

#[derive(Deserialize)]
struct ConnectionInfo {
    app_id: Option<String>,
}

impl Incoming {
    pub(super) fn parse(text: &str) -> Self {
        let Ok(wire) = serde_json::from_str::<Wire>(text) else { return Self::Other };
        match (wire.kind.as_str(), wire.envelope_id) {
            ("hello", _) => Self::Hello { app_id: wire.connection_info.and_then(|it| it.app_id) },
            ("disconnect", _) => Self::Disconnect { reason: wire.reason.unwrap_or_default() },
            (kind, Some(id)) => Self::Envelope(Envelope {
                id,
                content: Content::new(kind, wire.payload),
                answers: if wire.accepts_response_payload {
                    Answers::Taken
                } else {
                    Answers::Ignored
                },
            }),
            (_, None) => Self::Other,
        }
    }
}

impl Content {
    fn new(kind: &str, payload: Option<Box<RawValue>>) -> Self {
        match (kind, payload) {
            ("interactive", Some(payload)) => Self::Interactive(payload),
            ("events_api", Some(payload)) => Self::Event(payload),
            ("slash_commands", Some(payload)) => {
                form(&payload).map_or(Self::Unknown, Self::Command)
            }
            _ => Self::Unknown,
        }
    }
}

impl Envelope {
    /// What acknowledges it, with the answer where Slack takes one.
    pub(super) fn acknowledgement(&self, answer: Option<Value>) -> String {
        match (self.answers, answer) {
            (Answers::Taken, Some(payload)) => {
                json!({ "envelope_id": self.id, "payload": payload })
            }
            (Answers::Taken | Answers::Ignored, _) => json!({ "envelope_id": self.id }),
        }
        .to_string()
    }
}

fn form(payload: &RawValue) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_str(payload.get()).ok()?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &members {
        match value {
            Value::String(text) => form.append_pair(name, text),
            Value::Bool(_) | Value::Number(_) => form.append_pair(name, &value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => &mut form,
        };
    }
    Some(form.finish())
}
