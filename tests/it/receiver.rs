//! The asking OAuth server's end of a callback: a real listener that judges every delivery with
//! the official verifier and answers as the story wants.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign::clock::Clock;
use countersign_port::webhook_signature::{Headers, key::Secret, verify};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Where deliveries are written for the verifiers of other languages.
const RECORD: &str = "COUNTERSIGN_RECORD_CALLBACKS";

/// The key that callbacks of the stories are signed with.
pub(crate) const SECRET: &str = "whsec_Y291bnRlcnNpZ24tdGVzdC1zZWNyZXQtMDAwMDAwMDE=";

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
    pub(crate) event: Value,
    /// The access token beside the signature.
    pub(crate) bearer: Option<String>,
    /// What was answered.
    pub(crate) status: u16,
}

/// A listener on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    pub(crate) endpoint: String,
    state: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    deliveries: Mutex<Vec<Delivery>>,
    /// Answers to give before the usual 200, with a `Retry-After` where there is one.
    script: Mutex<VecDeque<(u16, Option<&'static str>)>>,
    read: Mutex<usize>,
}

impl Receiver {
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/callback", listener.local_addr().unwrap());
        let state = Arc::new(Inner {
            clock,
            deliveries: Mutex::default(),
            script: Mutex::default(),
            read: Mutex::new(0),
        });
        let router = Router::new().route("/callback", post(receive)).with_state(state.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, state }
    }

    /// The next answers, before it is well again.
    pub(crate) fn answer(&self, script: impl IntoIterator<Item = (u16, Option<&'static str>)>) {
        self.state.script.lock().unwrap().extend(script);
    }

    /// Everything that arrived and was not read yet.
    pub(crate) fn read(&self) -> Vec<Delivery> {
        let deliveries = self.state.deliveries.lock().unwrap();
        let mut read = self.state.read.lock().unwrap();
        let fresh = deliveries[*read..].to_vec();
        *read = deliveries.len();
        fresh
    }

    /// The types of the events that arrived and were not read yet.
    pub(crate) fn events(&self) -> Vec<String> {
        let name = |delivery: Delivery| delivery.event["type"].as_str().unwrap().to_owned();
        self.read().into_iter().map(name).collect()
    }
}

async fn receive(
    State(state): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let (id, timestamp, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let secret: Secret = SECRET.parse().unwrap();
    let signed = Headers { id: &id, timestamp: &timestamp, signature: &signature };
    verify(&signed, &body, &[secret], state.clock.now()).expect("our own verifier");
    let official = standardwebhooks::Webhook::new(SECRET).unwrap();
    // Its `verify` goes by the system's clock; these stories have one of their own.
    let expected = official.sign(&id, timestamp.parse().unwrap(), &body).unwrap();
    assert!(signature.split(' ').any(|one| one == expected), "the official signature");
    record(&state, &id, &timestamp, &signature, &body);
    let (status, retry_after) = state.script.lock().unwrap().pop_front().unwrap_or((200, None));
    let event = serde_json::from_slice(&body).unwrap();
    let bearer = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let delivery = Delivery { id, body: body.to_vec(), event, bearer, status };
    state.deliveries.lock().unwrap().push(delivery);
    let mut answer = HeaderMap::new();
    if let Some(after) = retry_after {
        answer.insert(HeaderName::from_static("retry-after"), HeaderValue::from_static(after));
    }
    (StatusCode::from_u16(status).unwrap(), answer)
}

#[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
fn record(state: &Inner, id: &str, timestamp: &str, signature: &str, body: &[u8]) {
    let Ok(path) = std::env::var(RECORD) else { return };
    let line = json!({
        "id": id,
        "timestamp": timestamp,
        "signature": signature,
        "body_base64": STANDARD.encode(body),
        "keys": [SECRET],
        "received_at": state.clock.now().as_second(),
    });
    // One write: the tests run at once, and a line in pieces would be cut into by another's.
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
