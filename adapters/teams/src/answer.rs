//! The only place that picks the kind of answer that an invoke gets. Teams shows cards and
//! messages; what it does with errors, its documentation leaves open, so refusals are messages.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::object::object;

/// What an activity is answered with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// Draws a card in place of the one that was pressed, for the person who pressed it.
    Card(Value),
    /// Says a sentence to the person who pressed.
    Said(String),
    /// No card of ours sends this.
    Malformed(&'static str),
    /// Nothing to say.
    Nothing,
    /// We do not know this kind of question.
    Unknown,
    /// We failed to take note; asks for it again.
    Failed,
}

impl Answer {
    /// The body of the answer to an action of a card.
    fn body(self) -> Option<Value> {
        let (status, kind, value) = match self {
            Self::Card(card) => (200, "application/vnd.microsoft.card.adaptive", card),
            Self::Said(sentence) => {
                (200, "application/vnd.microsoft.activity.message", sentence.into())
            }
            Self::Malformed(message) => {
                (400, ERROR, json!({ "code": "BadRequest", "message": message }))
            }
            Self::Nothing | Self::Unknown | Self::Failed => return None,
        };
        Some(object([("statusCode", status.into()), ("type", kind.into()), ("value", value)]))
    }
}

const ERROR: &str = "application/vnd.microsoft.error";

impl IntoResponse for Answer {
    /// An action is answered with 200 whatever came of it: another status shows nothing.
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown => StatusCode::NOT_IMPLEMENTED,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Card(_) | Self::Said(_) | Self::Malformed(_) | Self::Nothing => StatusCode::OK,
        };
        match self.body() {
            Some(body) => (status, Json(body)).into_response(),
            None => status.into_response(),
        }
    }
}
