//! The server that outcomes are called back at. It can hold its answers back, and remembers what
//! it was told, so that nothing that should have come can be missed.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::failure::Failure;

/// A listening receiver; gone when dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    gate: watch::Sender<Gate>,
    told: Arc<Mutex<Told>>,
    _server: JoinSet<()>,
}

/// Whether it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// Takes requests and leaves them unanswered until the gate opens.
    Shut,
}

/// What it was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Callbacks that came, repeated ones included.
    pub(crate) calls: u64,
    /// The `webhook-id` under which each event came: request and sequence.
    pub(crate) events: BTreeMap<(String, i64), String>,
    /// Events that came under more than one id.
    pub(crate) renamed: u64,
    /// Bodies or heads that could not be read.
    pub(crate) strange: u64,
}

#[derive(Debug, Clone)]
struct Desk {
    gate: watch::Receiver<Gate>,
    told: Arc<Mutex<Told>>,
}

#[derive(Deserialize)]
struct Event {
    sequence: i64,
    task: Task,
}

#[derive(Deserialize)]
struct Task {
    id: String,
}

impl Receiver {
    /// Listens on a free port.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (gate, watched) = watch::channel(Gate::Open);
        let told = Arc::<Mutex<Told>>::default();
        let desk = Desk { gate: watched, told: Arc::clone(&told) };
        let routes = Router::new().route("/callback", post(take)).with_state(desk);
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                anstream::eprintln!("the receiver of callbacks has stopped: {error}");
            }
        });
        Ok(Self { address, gate, told, _server: server })
    }

    pub(crate) fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    /// Looks at what was told so far.
    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was told so far.
    pub(crate) fn forget(&self) {
        *self.told() = Told::default();
    }
}

async fn take(State(mut desk): State<Desk>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if desk.gate.wait_for(|gate| *gate == Gate::Open).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let event = serde_json::from_slice::<Event>(&body).ok();
    let mut told = desk.told.lock().unwrap_or_else(PoisonError::into_inner);
    told.calls += 1;
    let Some((id, event)) = id.zip(event) else {
        told.strange += 1;
        return StatusCode::BAD_REQUEST;
    };
    let first = told.events.entry((event.task.id, event.sequence)).or_insert_with(|| id.to_owned());
    if first != id {
        told.renamed += 1;
    }
    StatusCode::NO_CONTENT
}
