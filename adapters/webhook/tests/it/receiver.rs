//! A receiver that keeps what it gets and answers as told, and a sender with a clock of its own.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, response::Response};
use countersign_egress::{Egress, Settings, target::Allow};
use countersign_port::{
    auth_server::{Answer, AuthServer, Receipt, ReplyTo},
    clock::Now,
    error::SendError,
    webhook_signature::{
        Signer,
        key::{Secret, SigningKey},
    },
};
use countersign_webhook::Webhook;
use http::HeaderMap;
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet};

pub(crate) const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// An Ed25519 seed of 32 bytes, all 5.
pub(crate) const KEY: &str = "whsk_BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=";
/// Spacing, key order and number form that a serialiser would not write.
pub(crate) const BODY: &[u8] =
    b"{ \"type\":\"access_request.approved\",\"b\":1.0,\"a\":\"\xc3\xa9\"}";

/// One callback as received.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Callback {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

type Reply = Box<dyn Fn() -> Response + Send + Sync>;

pub(crate) struct Receiver {
    pub(crate) port: u16,
    inbox: Arc<Inbox>,
    _task: JoinSet<()>,
}

struct Inbox {
    callbacks: Mutex<Vec<Callback>>,
    reply: Reply,
}

impl Receiver {
    pub(crate) async fn replying(reply: impl Fn() -> Response + Send + Sync + 'static) -> Self {
        let inbox = Arc::new(Inbox { callbacks: Mutex::new(Vec::new()), reply: Box::new(reply) });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inbox));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, inbox, _task: task }
    }

    pub(crate) fn callbacks(&self) -> Vec<Callback> {
        self.inbox.callbacks.lock().unwrap().clone()
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> Response {
    inbox.callbacks.lock().unwrap().push(Callback { headers, body });
    (inbox.reply)()
}

pub(crate) fn status(status: u16) -> Response {
    Response::builder().status(status).body(axum::body::Body::empty()).unwrap()
}

pub(crate) struct Sender {
    pub(crate) webhook: Webhook,
    now_s: Arc<AtomicI64>,
}

impl Sender {
    /// Starts at the system's time, because the official verifier reads that.
    pub(crate) fn new() -> Self {
        Self::exempting(&["127.0.0.1"])
    }

    pub(crate) fn exempting(networks: &[&str]) -> Self {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        let egress = Egress::new(Settings {
            allow: Allow { networks, ports: vec![] },
            total: Duration::from_millis(500),
            ..Settings::default()
        });
        let now_s = Arc::new(AtomicI64::new(system_s()));
        let clock = Arc::clone(&now_s);
        let clock = move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap();
        Self { webhook: Webhook::new(egress.unwrap(), signers(), Now(Arc::new(clock))), now_s }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.now_s.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, client: &str, endpoint: &str) -> Result<Receipt, SendError> {
        let to = ReplyTo { client: client.to_owned(), endpoint: endpoint.to_owned() };
        self.webhook.answer(&to, &answer()).await
    }

    pub(crate) async fn send_to(&self, receiver: &Receiver) -> Result<Receipt, SendError> {
        self.send("crm", &format!("http://127.0.0.1:{}/hook", receiver.port)).await
    }
}

pub(crate) fn answer() -> Answer {
    Answer { id: "evt_01K0000000000000000000000".to_owned(), body: BODY.to_vec() }
}

/// `crm` is in a rotation and has a `v1a` key, `plain` has one secret.
fn signers() -> HashMap<String, Signer> {
    let secret = |text: &str| text.parse::<Secret>().unwrap();
    let key: SigningKey = KEY.parse().unwrap();
    let crm = Signer::new(secret(NEW), vec![secret(OLD)], Some(key));
    let plain = Signer::new(secret(OLD), vec![], None);
    HashMap::from([("crm".to_owned(), crm), ("plain".to_owned(), plain)])
}

#[expect(clippy::disallowed_methods, reason = "the official verifier reads the system's clock")]
fn system_s() -> i64 {
    Timestamp::now().as_second()
}
