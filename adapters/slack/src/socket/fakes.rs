//! The other end of a connection, over real sockets: what it says and hears is the test's business.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, header::AUTHORIZATION},
    routing::post,
};
use countersign_port::access::Unheard;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::server},
};

use super::{Entry, Pace, SocketMode};
use crate::oauth::fakes::loopback;

/// Gives out addresses and takes connections.
pub(super) struct FakeSlack {
    api_port: u16,
    sockets: TcpListener,
    refusals: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

/// The end of a connection that Slack holds.
pub(super) struct Line(WebSocketStream<TcpStream>);

#[derive(Clone)]
struct Api {
    socket_port: u16,
    /// So many calls are refused from now on.
    refusals: Arc<AtomicUsize>,
}

impl FakeSlack {
    pub(super) async fn open() -> Self {
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let socket_port = sockets.local_addr().expect("an address").port();
        let refusals = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .route("/api/apps.connections.open", post(give_address))
            .with_state(Api { socket_port, refusals: Arc::clone(&refusals) });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let api_port = listener.local_addr().expect("an address").port();
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { api_port, sockets, refusals, _task: task }
    }

    pub(super) fn refuse(&self, times: usize) {
        self.refusals.store(times, Ordering::SeqCst);
    }

    pub(super) fn mode(&self, pace: Pace) -> SocketMode {
        SocketMode {
            egress: loopback(),
            api_url: format!("http://127.0.0.1:{}/api", self.api_port).parse().expect("a URL"),
            app_token: "xapp-1-token".into(),
            app_id: Some("A0COUNTER".to_owned()),
            pace,
        }
    }

    /// The next connection, greeted.
    pub(super) async fn accept(&self) -> Line {
        let mut line = self.accept_silently().await;
        line.say(&hello("A0COUNTER")).await;
        line
    }

    #[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
    pub(super) async fn accept_silently(&self) -> Line {
        let (stream, _) = self.sockets.accept().await.expect("a connection");
        let ticket = |request: &server::Request, response: server::Response| {
            assert_eq!(request.uri().query(), Some("ticket=t-1"));
            Ok(response)
        };
        Line(tokio_tungstenite::accept_hdr_async(stream, ticket).await.expect("a handshake"))
    }
}

async fn give_address(State(api): State<Api>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers[AUTHORIZATION], "Bearer xapp-1-token");
    let left = api.refusals.load(Ordering::SeqCst);
    if let Some(left) = left.checked_sub(1) {
        api.refusals.store(left, Ordering::SeqCst);
        return Json(json!({ "ok": false, "error": "internal_error" }));
    }
    let url = format!("ws://127.0.0.1:{}/link/?ticket=t-1", api.socket_port);
    Json(json!({ "ok": true, "url": url }))
}

impl Line {
    pub(super) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.expect("somebody listens");
    }

    /// Closes, and hears the other side out. Whether it said goodbye.
    pub(super) async fn hang_up(mut self) -> bool {
        self.0.send(Message::Close(None)).await.expect("somebody listens");
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(_))) => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            }
        }
    }

    /// What is said next; pings are answered on the way. None at the end.
    pub(super) async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_) | Message::Binary(_) | Message::Frame(_)) | Err(_))
                | None => return None,
            }
        }
    }
}

pub(super) fn hello(app_id: &str) -> Value {
    json!({
        "type": "hello",
        "num_connections": 1,
        "debug_info": { "host": "applink-1", "approximate_connection_time": 18_060 },
        "connection_info": { "app_id": app_id },
    })
}

pub(super) fn disconnect(reason: &str) -> Value {
    json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-1" } })
}

pub(super) fn envelope(id: &str, kind: &str, payload: &Value) -> Value {
    json!({
        "envelope_id": id,
        "type": kind,
        "payload": payload,
        "accepts_response_payload": kind != "events_api",
    })
}

/// Writes down what comes, and holds a click on `slow` until it is let go.
pub(super) struct Desk {
    pub(super) notes: Mutex<Vec<String>>,
    pub(super) gate: Semaphore,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { notes: Mutex::default(), gate: Semaphore::new(0) }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().expect("no test panicked with it").clone()
    }

    fn note(&self, door: &str, bytes: &[u8]) {
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        self.notes.lock().expect("no test panicked with it").push(format!("{door} {text}"));
    }
}

#[async_trait]
impl Entry for Desk {
    async fn interactive(&self, payload: &[u8]) -> Option<Value> {
        self.note("interactive", payload);
        let payload: Value = serde_json::from_slice(payload).expect("JSON");
        if payload["press"] == "slow" {
            self.gate.acquire().await.expect("the gate stands").forget();
        }
        (payload["type"] == "view_submission").then(|| json!({ "response_action": "clear" }))
    }

    async fn command(&self, form: &[u8]) -> Option<Value> {
        self.note("command", form);
        Some(json!({ "text": "Nothing waits for you." }))
    }

    async fn event(&self, body: &[u8]) -> Result<(), Unheard> {
        self.note("event", body);
        Ok(())
    }
}
