//! Stand-ins for the tests: a service that says what it is told to, a memory, and a Slack that
//! answers what it is told to and keeps what it was asked.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{Request, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use countersign_egress::{self as egress, Egress, target::Allow};
use countersign_port::{
    access::{Access, Ballot, Identity, News, Press, Refusal, RefusalKind, Unheard, Waiting, Word},
    card::{Card, Face},
    chat::{Chat, MessageRef},
    clock::Now,
    memory::{Lost, Memory, Record},
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    samples,
    settings::{Settings, Workspace},
    slack::{Parts, Slack},
    token::Tokens,
};

pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub(crate) const NOW: &str = "2026-11-22T14:02:00Z";

/// What the service was asked.
#[derive(Debug, Default)]
pub(crate) struct FakeAccess {
    pub ballots: Mutex<Vec<Ballot>>,
    pub turned_away: Mutex<Vec<(Press, RefusalKind)>>,
    pub news: Mutex<Vec<News>>,
    /// Whether it hears no news.
    pub deaf: Mutex<bool>,
    pub refuses: Mutex<Option<RefusalKind>>,
    pub card: Mutex<Option<Card>>,
    /// Whether a vote never comes to its end.
    pub hangs: Mutex<bool>,
}

impl FakeAccess {
    fn answer(&self) -> Result<Card, Refusal> {
        match *self.refuses.lock().unwrap() {
            Some(kind) => Err(refusal(kind)),
            None => Ok(self.card.lock().unwrap().clone().unwrap_or(samples::card(Face::Partial))),
        }
    }
}

fn refusal(kind: RefusalKind) -> Refusal {
    Refusal { kind, sentence: format!("Refused: {kind:?}.") }
}

#[async_trait]
impl Access for FakeAccess {
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal> {
        self.ballots.lock().unwrap().push(ballot);
        if *self.hangs.lock().unwrap() {
            return std::future::pending().await;
        }
        self.answer()
    }

    async fn ask_again(&self, _press: &Press) -> Result<Card, Refusal> {
        self.answer()
    }

    async fn show(&self, _press: &Press) -> Result<Card, Refusal> {
        self.answer()
    }

    async fn look_up(&self, _request: &str, _viewer: &Identity) -> Result<Card, Refusal> {
        self.answer()
    }

    async fn waiting(&self, _viewer: &Identity) -> Result<Vec<Waiting>, Refusal> {
        let card = self.answer()?;
        let expires_at = samples::at("2026-11-22T14:32:00Z");
        let message = Some(MessageRef("T1/C1/1763820120.000100".to_owned()));
        Ok(vec![Waiting { card, expires_at, message }])
    }

    async fn say(&self, word: &Word, _by: &Identity) -> Result<String, Refusal> {
        Ok(format!("Heard: {word:?}"))
    }

    async fn turn_away(&self, press: &Press, why: RefusalKind) -> Refusal {
        self.turned_away.lock().unwrap().push((press.clone(), why));
        refusal(why)
    }

    async fn hear(&self, news: &News) -> Result<(), Unheard> {
        if *self.deaf.lock().unwrap() {
            return Err(Unheard);
        }
        self.news.lock().unwrap().push(news.clone());
        Ok(())
    }
}

/// Keeps marks and nothing else.
#[derive(Debug, Default)]
pub(crate) struct FakeMemory(Mutex<HashSet<String>>);

#[async_trait]
impl Memory for FakeMemory {
    async fn load(&self, _name: &str) -> Result<Option<Record>, Lost> {
        Ok(None)
    }

    async fn list(&self, _prefix: &str) -> Result<Vec<Record>, Lost> {
        Ok(Vec::new())
    }

    async fn save(&self, _: &str, _: &SecretString, over: i64) -> Result<Option<i64>, Lost> {
        Ok(Some(over + 1))
    }

    async fn lease(&self, _name: &str, _time: Duration) -> Result<bool, Lost> {
        Ok(false)
    }

    async fn release(&self, _name: &str) -> Result<(), Lost> {
        Ok(())
    }

    async fn mark(&self, name: &str, _until: Timestamp) -> Result<bool, Lost> {
        Ok(self.0.lock().unwrap().insert(name.to_owned()))
    }

    async fn unmark(&self, name: &str) -> Result<bool, Lost> {
        Ok(self.0.lock().unwrap().remove(name))
    }
}

/// In place of a status: no answer at all.
pub(crate) const SILENCE: u16 = 0;

/// What Slack was asked, and what it answers.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub calls: Mutex<Vec<(String, Value)>>,
    pub answers: Mutex<BTreeMap<String, (u16, Value)>>,
}

/// The folder of published payloads, or `None`, said aloud, where there is none.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
pub(crate) fn vectors(test: &str) -> Option<PathBuf> {
    let Ok(folder) = std::env::var("COUNTERSIGN_VECTORS") else {
        eprintln!("skipped: {test}: set COUNTERSIGN_VECTORS");
        return None;
    };
    Some(Path::new(&folder).join("slack"))
}

/// A Slack and our adapter in front of it.
pub(crate) struct Stage {
    pub script: Arc<Script>,
    pub access: Arc<FakeAccess>,
    pub slack: Slack,
    pub address: String,
    pub now: Arc<Mutex<Timestamp>>,
    _server: JoinSet<()>,
}

impl Stage {
    /// The app is installed in these workspaces or organisations.
    pub(crate) async fn installed(places: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Script::default());
        let router = Router::new().fallback(call).with_state(Arc::clone(&script));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let now = Arc::new(Mutex::new(samples::at(NOW)));
        let slack = slack(&address, places, &now, &[]);
        let stage = Self { script, access: Arc::default(), slack, address, now, _server: server };
        stage.answers("users.info", 200, user(&json!({})));
        stage.answers("conversations.info", 200, json!({ "ok": true, "channel": { "id": "C1" } }));
        stage
    }

    /// What a method answers from now on.
    pub(crate) fn answers(&self, method: &str, status: u16, body: Value) {
        self.script.answers.lock().unwrap().insert(method.to_owned(), (status, body));
    }

    /// What a method was asked so far.
    pub(crate) fn asked(&self, method: &str) -> Vec<Value> {
        let calls = self.script.calls.lock().unwrap();
        calls.iter().filter(|(name, _)| name == method).map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn passes(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    /// Posts a signed body to a route: the status and the JSON of the answer, null for none.
    pub(crate) async fn post(&self, route: &str, body: &str) -> (u16, Value) {
        let timestamp = self.now.lock().unwrap().as_second().to_string();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        let request = Request::post(route)
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let access: Arc<dyn Access> = Arc::clone(&self.access) as Arc<dyn Access>;
        let response = self.slack.routes(access).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Posts an interaction.
    pub(crate) async fn interact(&self, payload: &Value) -> (u16, Value) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish();
        self.post("/slack/interactions", &form).await
    }

    /// Does what is left to do for single people.
    pub(crate) async fn errands(&self) {
        let stop = CancellationToken::new();
        stop.cancel();
        let access: Arc<dyn Access> = Arc::clone(&self.access) as Arc<dyn Access>;
        self.slack.work(access, stop).await;
    }

    /// A click of Erin's on a button.
    pub(crate) fn click(&self, action: &str) -> Value {
        json!({
            "type": "block_actions",
            "api_app_id": "A1",
            "user": { "id": "U1", "team_id": "T1", "username": "erin", "name": "erin" },
            "team": { "id": "T1", "domain": "acme" },
            "container": { "type": "message", "message_ts": "1763820120.000100", "channel_id": "C1" },
            "channel": { "id": "C1", "name": "approvals" },
            "message": { "ts": "1763820120.000100", "blocks": [
                { "type": "section", "text": { "type": "plain_text", "text": "card" } },
                { "type": "actions", "elements": [] },
            ] },
            "trigger_id": "1.2.3",
            "response_url": format!("{}/respond", self.address),
            "actions": [{
                "type": "button",
                "action_id": action,
                "value": format!("crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.{}", action.trim_end_matches("_form")),
            }],
        })
    }
}

/// An account of the workspace `T1`, with some members set otherwise.
pub(crate) fn user(other: &Value) -> Value {
    let mut user = json!({ "id": "U1", "team_id": "T1", "deleted": false, "is_bot": false });
    for (name, value) in other.as_object().unwrap() {
        user[name] = value.clone();
    }
    json!({ "ok": true, "user": user })
}

/// A form that was sent.
pub(crate) fn submission(verb: &str, values: &Value) -> Value {
    let carried = json!({
        "button": format!("crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.{verb}"),
        "seen_at": "2026-11-22T14:01:00Z",
    });
    json!({
        "type": "view_submission",
        "api_app_id": "A1",
        "user": { "id": "U1", "team_id": "T1" },
        "team": { "id": "T1" },
        "view": {
            "callback_id": verb,
            "private_metadata": carried.to_string(),
            "app_installed_team_id": "T1",
            "state": { "values": values },
        },
    })
}

/// Our adapter in front of a Slack at this address.
pub(crate) fn slack(
    address: &str,
    places: &[&str],
    now: &Arc<Mutex<Timestamp>>,
    shared: &[&str],
) -> Slack {
    let workspaces = places.iter().map(|team| Workspace {
        team: (*team).to_owned(),
        bot_token: format!("xoxb-{team}").into(),
    });
    let workspaces: Vec<_> = workspaces.collect();
    let tokens = Arc::new(Tokens::fixed(&workspaces));
    let settings = Settings {
        api_url: format!("{address}/api").parse().unwrap(),
        public_url: "https://approvals.example".to_owned(),
        app_id: Some("A1".to_owned()),
        signing_secret: SECRET.into(),
        workspaces,
        install: None,
        shared_channels: shared.iter().map(|channel| (*channel).to_owned()).collect(),
        app_token: None,
    };
    let now = Arc::clone(now);
    let now = Now(Arc::new(move || *now.lock().unwrap()));
    Slack::new(Parts {
        settings,
        egress: egress(),
        memory: Arc::new(FakeMemory::default()),
        now,
        tokens,
        installer: None,
    })
}

/// Calls this machine and nothing else.
fn egress() -> Egress {
    let allow = Allow { networks: vec!["127.0.0.1/32".parse().unwrap()], ..Allow::default() };
    Egress::new(egress::Settings { allow, ..egress::Settings::default() }).unwrap()
}

async fn call(State(script): State<Arc<Script>>, uri: Uri, body: Bytes) -> Response {
    let method = uri.path().rsplit('/').next().unwrap().to_owned();
    let body = match uri.query() {
        Some(query) => Value::String(query.to_owned()),
        None => serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    script.calls.lock().unwrap().push((method.clone(), body));
    let answer = script.answers.lock().unwrap().get(&method).cloned();
    let (status, body) = answer.unwrap_or((200, json!({ "ok": true })));
    if status == SILENCE {
        return std::future::pending().await;
    }
    let status = StatusCode::from_u16(status).unwrap();
    let wait = [("retry-after", "7")];
    if status == StatusCode::TOO_MANY_REQUESTS {
        return (status, wait, body.to_string()).into_response();
    }
    (status, body.to_string()).into_response()
}
