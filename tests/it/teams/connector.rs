//! A Bot Connector with one team in it, as far as the stories need: threads, their replies, and the
//! roster. It answers nothing that it does not know.

use std::{
    mem,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::form_urlencoded;

pub(crate) const TENANT: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const TEAM: &str = "19:team@thread.tacv2";
pub(crate) const CHANNEL: &str = "19:approvals@thread.tacv2";

/// A message that begins a thread, as it is now, and what was replied.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Thread {
    pub(crate) card: Value,
    pub(crate) edits: usize,
    pub(crate) replies: Vec<Value>,
}

/// The connector.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) address: String,
    state: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    threads: Vec<Thread>,
    /// What was asked and is not known here.
    strange: Vec<String>,
}

impl Connector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new().fallback(called).with_state(Arc::clone(&state));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state }
    }

    /// The threads of the channel, the oldest first.
    pub(crate) fn threads(&self) -> Vec<Thread> {
        self.state.lock().unwrap().threads.clone()
    }

    /// What was asked and is not known here, since this was looked at last.
    pub(crate) fn strange(&self) -> Vec<String> {
        mem::take(&mut self.state.lock().unwrap().strange)
    }
}

/// The conversation of a thread, as Teams gives it.
pub(crate) fn conversation(number: usize) -> String {
    format!("{CHANNEL};messageid={}", message(number))
}

/// The message that begins a thread.
pub(crate) fn message(number: usize) -> String {
    format!("179535938{number:04}")
}

/// The account that a person has in the directory.
pub(crate) fn object(person: &str) -> String {
    format!("22222222-0000-4000-8000-{:0>12.12}", hex::encode(person))
}

async fn called(
    State(state): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, String) {
    let path: Vec<String> = uri.path().split('/').skip(1).map(decoded).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut inner = state.lock().unwrap();
    let answer = inner.answer(&method, &path, body);
    let (status, body) = answer.unwrap_or_else(|| {
        inner.strange.push(format!("{method} {uri}"));
        (404, json!({ "error": { "code": "Strange" } }))
    });
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

impl Inner {
    fn answer(&mut self, method: &Method, path: &[&str], mut body: Value) -> Option<(u16, Value)> {
        match (method.as_str(), path) {
            ("POST", ["v3", "conversations"]) => {
                (body["channelData"]["channel"]["id"] == CHANNEL).then_some(())?;
                let number = self.threads.len();
                self.threads.push(Thread { card: body["activity"].take(), ..Thread::default() });
                let (id, activity) = (conversation(number), message(number));
                Some((201, json!({ "id": id, "activityId": activity })))
            }
            ("POST", ["v3", "conversations", id, "activities"]) => {
                self.thread(id)?.replies.push(body);
                Some((201, json!({ "id": "1" })))
            }
            ("PUT", ["v3", "conversations", id, "activities", activity]) => {
                (body["id"] == **activity && id.ends_with(activity)).then_some(())?;
                let thread = self.thread(id)?;
                thread.card = body;
                thread.edits += 1;
                Some((200, json!({ "id": activity })))
            }
            ("GET", ["v3", "conversations", CHANNEL, "members", user]) => {
                Some((200, member(user.strip_prefix("29:")?)))
            }
            ("GET", ["v3", "teams", TEAM, "conversations"]) => {
                let channel = json!({ "id": CHANNEL, "name": "Approvals", "type": "standard" });
                Some((200, json!({ "conversations": [channel] })))
            }
            _ => None,
        }
    }

    fn thread(&mut self, id: &str) -> Option<&mut Thread> {
        let number = (0..self.threads.len()).find(|number| conversation(*number) == id)?;
        self.threads.get_mut(number)
    }
}

fn member(person: &str) -> Value {
    json!({
        "id": format!("29:{person}"),
        "aadObjectId": object(person),
        "name": person,
        "userPrincipalName": format!("{person}@contoso.example"),
        "tenantId": TENANT,
        "userRole": "user",
    })
}

fn decoded(part: &str) -> String {
    let pair = format!("x={part}");
    form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
}
