//! A workspace of Slack with nothing to it: it knows everybody, takes every message, and can stop
//! answering. It remembers how cards look, so that clicks on them can be made as Slack makes them.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    doorway::{Doorway, Entry},
    failure::Failure,
};

pub(crate) const TEAM: &str = "T0SHOP";
pub(crate) const APP: &str = "A0CSIGN";
pub(crate) const PAYMENTS: &str = "C0PAYMENTS";

/// The channels of the demo's policy, with the names that it gives them.
pub(crate) const CHANNELS: [(&str, &str); 5] = [
    ("C0SHOP", "shop-approvals"),
    ("C0SECURITY", "security"),
    (PAYMENTS, "payments"),
    ("C0INCIDENT", "incident"),
    ("C0PLATFORM", "platform"),
];

/// When every message was posted: nobody here tells them apart by it.
pub(crate) const TS: &str = "1763820120.000100";

/// The first card of a channel comes long before.
const PATIENCE: Duration = Duration::from_secs(10);

/// A listening workspace; gone when dropped.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) address: SocketAddr,
    pub(crate) doorway: Doorway,
    cards: Cards,
    _server: JoinSet<()>,
}

/// The blocks of the last card of each channel.
type Cards = Arc<Mutex<BTreeMap<String, Value>>>;

#[derive(Debug, Clone)]
struct Desk {
    entry: Entry,
    cards: Cards,
}

/// A message, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    channel: String,
    #[serde(default)]
    blocks: Value,
}

impl Workspace {
    /// Listens on a free port.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (doorway, entry) = Doorway::open();
        let cards = Cards::default();
        let desk = Desk { entry, cards: Arc::clone(&cards) };
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, routes(desk)).await {
                anstream::eprintln!("the workspace has stopped: {error}");
            }
        });
        Ok(Self { address, doorway, cards, _server: server })
    }

    /// How the last card of a channel looked; nothing where there was none.
    pub(crate) fn blocks(&self, channel: &str) -> Value {
        locked(&self.cards).get(channel).cloned().unwrap_or_default()
    }

    /// Waits until a channel has a card that one click says yes to.
    pub(crate) async fn card(&self, channel: &str) -> Result<Value, Failure> {
        let start = Instant::now();
        loop {
            let blocks = self.blocks(channel);
            if blocks.to_string().contains(r#""action_id":"approve""#) {
                return Ok(blocks);
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("void: no card to click in {channel}: {blocks}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The account of somebody of the demo.
pub(crate) fn account(person: &str) -> String {
    format!("U0{}", person.to_uppercase())
}

/// Where private answers go.
pub(crate) fn response_url(workspace: SocketAddr) -> String {
    format!("http://{workspace}/respond")
}

fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/api/users.info", get(user))
        .route("/api/conversations.info", get(channel))
        .route("/api/chat.postMessage", post(message))
        .route("/api/chat.update", post(message))
        .route("/respond", post(respond))
        .with_state(desk)
}

async fn user(
    State(mut desk): State<Desk>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    desk.entry.pass().await?;
    Ok(Json(json!({ "ok": true, "user": { "id": query.get("user"), "team_id": TEAM } })))
}

async fn channel(
    State(mut desk): State<Desk>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    desk.entry.pass().await?;
    Ok(Json(json!({ "ok": true, "channel": { "id": query.get("channel"), "is_member": true } })))
}

async fn message(
    State(mut desk): State<Desk>,
    Json(message): Json<Message>,
) -> Result<Json<Value>, StatusCode> {
    desk.entry.pass().await?;
    let answer = json!({ "ok": true, "channel": message.channel, "ts": TS });
    locked(&desk.cards).insert(message.channel, message.blocks);
    Ok(Json(answer))
}

async fn respond(State(mut desk): State<Desk>) -> Result<&'static str, StatusCode> {
    desk.entry.pass().await?;
    Ok("ok")
}

fn locked(cards: &Cards) -> MutexGuard<'_, BTreeMap<String, Value>> {
    cards.lock().unwrap_or_else(PoisonError::into_inner)
}
