//! Socket Mode: tickets, connections, envelopes and their acknowledgements. What is not acknowledged
//! is sent again, on the next connection at the latest.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use axum::{
    extract::{
        Query, State as Shared, WebSocketUpgrade,
        ws::{Message as Frame, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Core, FakeSlack,
    answer::{ACKNOWLEDGED_WITHIN, Answer},
    delivery::{Kind, Payload},
    respond::put,
};

/// Slack keeps at most so many connections of one app.
const CONNECTIONS_MAX: usize = 10;

#[derive(Default)]
pub(crate) struct Sockets {
    mode: Mode,
    tickets: BTreeSet<String>,
    connections: Vec<Connection>,
    /// Envelopes that were sent, or wait for a connection, in the order of their ids.
    waiting: BTreeMap<String, Waiting>,
    turn: usize,
    opened: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Off,
    On,
}

struct Connection {
    id: u64,
    frames: mpsc::UnboundedSender<Frame>,
}

struct Waiting {
    envelope: Value,
    acknowledged: Option<oneshot::Sender<Value>>,
}

/// What a client sends back.
#[derive(Debug, Deserialize)]
struct Acknowledgement {
    envelope_id: String,
    #[serde(default)]
    payload: Value,
}

/// What the URL of a connection says.
#[derive(Debug, Deserialize)]
pub(crate) struct Ticket {
    ticket: String,
}

impl Sockets {
    pub(crate) fn is_on(&self) -> bool {
        self.mode == Mode::On
    }

    pub(crate) fn admit(&mut self, ticket: &str) {
        self.tickets.insert(ticket.to_owned());
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn waiting(&self) -> impl Iterator<Item = &String> {
        self.waiting.keys()
    }

    /// Sends to one connection after the other in turn; without any, the envelope waits.
    fn send(&mut self, envelope: &Value) {
        let count = self.connections.len().max(1);
        self.turn = (self.turn + 1) % count;
        if let Some(connection) = self.connections.get(self.turn) {
            drop(connection.frames.send(Frame::text(envelope.to_string())));
        }
    }

    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), String> {
        let Some(waiting) = self.waiting.remove(&acknowledgement.envelope_id) else {
            return Err(acknowledgement.envelope_id);
        };
        if let Some(acknowledged) = waiting.acknowledged {
            drop(acknowledged.send(acknowledgement.payload));
        }
        Ok(())
    }

    fn send_again(&mut self, reason: &str) {
        let mut again = Vec::new();
        for waiting in self.waiting.values_mut() {
            let attempt = waiting.envelope.get("retry_attempt").and_then(Value::as_u64);
            if let Some(attempt) = attempt {
                put(&mut waiting.envelope, "retry_attempt", json!(attempt + 1));
                put(&mut waiting.envelope, "retry_reason", json!(reason));
            }
            again.push(waiting.envelope.clone());
        }
        for envelope in &again {
            self.send(envelope);
        }
    }
}

impl FakeSlack {
    /// From now on the app gets envelopes instead of requests.
    pub fn use_socket_mode(&self) {
        self.core.state().sockets.mode = Mode::On;
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.core.state().sockets.connections()
    }

    /// Sends every envelope again that nobody has acknowledged.
    pub fn send_unacknowledged_again(&self) {
        self.core.state().sockets.send_again("timeout");
    }

    /// Asks every connection to end, as Slack does now and then, and sends nothing more on them.
    pub fn recycle_connections(&self) {
        let farewell = json!({
            "type": "disconnect",
            "reason": "refresh_requested",
            "debug_info": { "host": "applink-fake" },
        });
        for connection in self.core.state().sockets.connections.drain(..) {
            drop(connection.frames.send(Frame::text(farewell.to_string())));
        }
    }
}

impl Core {
    /// Sends a payload as an envelope and waits for its acknowledgement.
    pub(crate) async fn envelop(&self, payload: &Payload) -> Answer {
        let started = Instant::now();
        let (acknowledged, acknowledgement) = oneshot::channel();
        {
            let mut state = self.state();
            let id = state.id("envelope-");
            let envelope = envelope(&id, payload);
            state.sockets.send(&envelope);
            let waiting = Waiting { envelope, acknowledged: Some(acknowledged) };
            state.sockets.waiting.insert(id, waiting);
        }
        let answered = tokio::time::timeout(ACKNOWLEDGED_WITHIN, acknowledgement).await;
        let (status, body) = match answered {
            Ok(Ok(Value::Null)) => (Some(200), String::new()),
            Ok(Ok(payload)) => (Some(200), payload.to_string()),
            Ok(Err(_)) | Err(_) => (None, String::new()),
        };
        Answer { status, body, elapsed: started.elapsed() }
    }
}

fn envelope(id: &str, payload: &Payload) -> Value {
    let (kind, answers) = match payload.kind {
        Kind::Interaction => ("interactive", true),
        Kind::Command => ("slash_commands", true),
        Kind::Event => ("events_api", false),
    };
    let mut envelope = json!({
        "type": kind,
        "envelope_id": id,
        "payload": payload.json,
        "accepts_response_payload": answers,
    });
    if payload.kind == Kind::Event {
        let (attempt, reason) = payload.retry.unwrap_or((0, ""));
        put(&mut envelope, "retry_attempt", json!(attempt));
        put(&mut envelope, "retry_reason", json!(reason));
    }
    envelope
}

/// `GET /link/`: a ticket opens one connection.
pub(crate) async fn open(
    Shared(core): Shared<Arc<Core>>,
    Query(Ticket { ticket }): Query<Ticket>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let is_good = {
        let sockets = &mut core.state().sockets;
        sockets.tickets.remove(&ticket) && sockets.connections.len() < CONNECTIONS_MAX
    };
    if is_good {
        upgrade.on_upgrade(|socket| converse(core, socket))
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn converse(core: Arc<Core>, mut socket: WebSocket) {
    let (frames, mut outgoing) = mpsc::unbounded_channel();
    let id = greet(&core, frames);
    loop {
        tokio::select! {
            frame = outgoing.recv() => {
                let Some(frame) = frame else { break };
                if socket.send(frame).await.is_err() {
                    break;
                }
            }
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { break };
                hear(&core, &frame);
            }
        }
    }
    // Recycled: whoever was asked to go reads the farewell, acknowledges and closes.
    while let Some(Ok(frame)) = socket.recv().await {
        hear(&core, &frame);
    }
    core.state().sockets.connections.retain(|connection| connection.id != id);
}

/// Says hello on a new connection and sends what waits for one.
fn greet(core: &Core, frames: mpsc::UnboundedSender<Frame>) -> u64 {
    let mut state = core.state();
    let app_id = state.app.id.clone();
    let sockets = &mut state.sockets;
    sockets.opened += 1;
    let id = sockets.opened;
    let hello = json!({
        "type": "hello",
        "num_connections": sockets.connections.len() + 1,
        "debug_info": {
            "host": "applink-fake",
            "started": "2020-01-01 00:00:00.000",
            "build_number": 1,
            "approximate_connection_time": 18060,
        },
        "connection_info": { "app_id": app_id },
    });
    drop(frames.send(Frame::text(hello.to_string())));
    sockets.connections.push(Connection { id, frames });
    sockets.send_again("timeout");
    id
}

fn hear(core: &Core, frame: &Frame) {
    let Frame::Text(text) = frame else { return };
    let mut state = core.state();
    let outcome = match serde_json::from_str::<Acknowledgement>(text) {
        Ok(acknowledgement) => {
            let unknown = |id| format!("an acknowledgement of the unknown envelope {id}");
            state.sockets.acknowledge(acknowledgement).map_err(unknown)
        }
        Err(error) => Err(format!("what came over the socket is no acknowledgement: {error}")),
    };
    if let Err(remark) = outcome {
        state.remark(remark);
    }
}
