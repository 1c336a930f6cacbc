//! The door for callbacks: over the raw bytes the signature, then the event, then the answer.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use countersign_port::webhook_signature::{
    Headers, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verified, Why, verify,
};

use super::{
    OauthServer, Switch,
    log::{Call, Entry},
};

const MAX_BODY_BYTES: usize = 64 * 1024;

#[derive(serde::Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    task: Task,
    result: Option<Outcome>,
}

#[derive(serde::Deserialize)]
struct Task {
    id: String,
}

#[derive(serde::Deserialize)]
struct Outcome {
    credential_endpoint: Option<String>,
}

pub(super) fn routes(server: OauthServer) -> Router {
    Router::new()
        .route("/callback", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(server)
}

async fn receive(State(server): State<OauthServer>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match server.verified(&headers, &body) {
        Ok(message) => server.take(&message),
        Err(why) => {
            server.note(Entry::Forged { why: why.to_string() });
            StatusCode::UNAUTHORIZED
        }
    }
}

impl OauthServer {
    fn verified<'a>(&self, headers: &'a HeaderMap, body: &'a [u8]) -> Result<Verified<'a>, Why> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let headers = Headers {
            id: text(ID_HEADER),
            timestamp: text(TIMESTAMP_HEADER),
            signature: text(SIGNATURE_HEADER),
        };
        let settings = &self.0.settings;
        let secrets = std::slice::from_ref(&settings.webhook_secret);
        verify(&headers, body, secrets, settings.clock.now())
    }

    fn take(&self, message: &Verified<'_>) -> StatusCode {
        let Ok(event) = serde_json::from_slice::<Event>(message.body()) else {
            return StatusCode::BAD_REQUEST;
        };
        let status = self.count(message.id(), event);
        self.0.settings.pulse.beat();
        status
    }

    /// The same event may come again; it is the same line, and acted upon once.
    fn count(&self, id: &str, event: Event) -> StatusCode {
        let mut state = self.state();
        let (status, turned_away, delivered) = match state.answering {
            Switch::Down => (StatusCode::SERVICE_UNAVAILABLE, 1, 0),
            Switch::Up => (StatusCode::NO_CONTENT, 0, 1),
        };
        state.log.count(Call {
            id: id.to_owned(),
            event: event.kind,
            request: event.task.id,
            credential_endpoint: event.result.and_then(|result| result.credential_endpoint),
            turned_away,
            delivered,
        });
        status
    }
}
