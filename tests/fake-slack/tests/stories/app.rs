//! A world, and a small app in it that writes down what it hears and answers as it is told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use axum::{Router, body::Bytes, http::HeaderMap};
use countersign_fake_slack::{
    FakeSlack,
    build::SCOPES,
    world::{App, Channel, Endpoints, Mark, Plan, Site, Team, Trait, User},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A Slack with two workspaces, and a clock that stands still.
pub(crate) struct World {
    pub(crate) slack: FakeSlack,
    pub(crate) token: String,
    clock: Arc<AtomicI64>,
    client: reqwest::Client,
}

impl World {
    pub(crate) async fn new(app: App) -> Self {
        let clock = Arc::new(AtomicI64::new(1_790_000_000_000));
        let time = clock.clone();
        let now = move || Timestamp::from_millisecond(time.load(Ordering::Relaxed)).unwrap();
        let slack = FakeSlack::start(app, Arc::new(now)).await.unwrap();
        slack.workspace(Team::named("T1"));
        slack.workspace(Team::named("T9").without_groups());
        assert_eq!(Team::named("T9").without_groups().plan, Plan::Free);
        slack.user(User::named("T1", "U1", "erin").email("erin@example.com"));
        slack.user(User::named("T1", "U2", "gus").with(Mark::IsRestricted));
        slack.user(User::named("T9", "U9", "mallory").with(Mark::IsStranger));
        slack.channel(Channel::named("T1", "C1", "approvals"));
        slack.channel(
            Channel::named("T1", "C2", "partners").with(Trait::ExtShared).shared_with("T9"),
        );
        slack.channel(Channel::named("T1", "C3", "old").with(Trait::Archived));
        slack.channel(Channel::named("T1", "C4", "elsewhere").with(Trait::WithoutBot));
        slack.channel(Channel::named("T9", "C9", "foreign"));
        slack.user_group("T1", "S1", "leads", &["U1", "U2"]);
        let token = slack.install(&Site::Team("T1".to_owned()), SCOPES);
        #[expect(clippy::disallowed_methods, reason = "a client of the fake, not of the service")]
        let client = reqwest::Client::new();
        Self { slack, token, clock, client }
    }

    pub(crate) fn wait_s(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    /// Calls a method with JSON and gives back what was said.
    pub(crate) async fn call(&self, method: &str, arguments: &Value) -> Value {
        self.call_as(&self.token, method, arguments).await
    }

    pub(crate) async fn call_as(&self, token: &str, method: &str, arguments: &Value) -> Value {
        let request = self.client.post(format!("{}/{method}", self.slack.api_url()));
        let request = request.bearer_auth(token).body(arguments.to_string());
        let request = request.header("content-type", "application/json; charset=utf-8");
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Calls a method with a form.
    pub(crate) async fn form(&self, method: &str, arguments: &[(&str, &str)]) -> Value {
        self.form_as(Some(&self.token), method, arguments).await
    }

    pub(crate) async fn form_as(
        &self,
        token: Option<&str>,
        method: &str,
        arguments: &[(&str, &str)],
    ) -> Value {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish();
        let request = self.client.post(format!("{}/{method}", self.slack.api_url()));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request =
            token.into_iter().fold(request.body(body), reqwest::RequestBuilder::bearer_auth);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Posts to any URL, and gives back status and body.
    pub(crate) async fn post(&self, url: &str, body: &Value) -> (u16, String) {
        let request = self.client.post(url).body(body.to_string());
        let response = request.header("content-type", "application/json").send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// A message with one button, posted by the app.
    pub(crate) async fn post_card(
        &self,
        channel: &str,
    ) -> countersign_fake_slack::message::Message {
        let said = self.call("chat.postMessage", &card(channel)).await;
        assert_eq!(said["ok"], true, "{said}");
        self.slack.last_message(channel).unwrap()
    }
}

pub(crate) fn card(channel: &str) -> Value {
    let approve = json!({
        "type": "button", "action_id": "approve", "value": "token-1",
        "text": { "type": "plain_text", "text": "Approve" },
    });
    json!({
        "channel": channel, "text": "Please decide",
        "blocks": [
            { "type": "section", "text": { "type": "plain_text", "text": "Shop Admin wants in" } },
            { "type": "actions", "block_id": "verbs", "elements": [approve] },
        ],
    })
}

/// What an app hears.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// The payload of an interaction, or the JSON of an event.
    pub(crate) fn json(&self) -> Value {
        let form = url::form_urlencoded::parse(&self.body);
        let payload = form.into_iter().find(|(name, _)| name == "payload");
        let text = payload.map(|(_, value)| value.into_owned().into_bytes());
        serde_json::from_slice(&text.unwrap_or_else(|| self.body.clone())).unwrap()
    }
}

/// An app on its own port that gives one answer to everything.
#[derive(Clone)]
pub(crate) struct Listener {
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Mutex<String>>,
}

impl Listener {
    pub(crate) async fn start(slack: &FakeSlack) -> Self {
        let listener = Self { heard: Arc::default(), answer: Arc::default() };
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        slack.connect(Endpoints::below(&format!("http://{}", socket.local_addr().unwrap())));
        let inner = listener.clone();
        let hear = async move |headers: HeaderMap, body: Bytes| {
            inner.heard.lock().unwrap().push(Heard { headers, body: body.to_vec() });
            let answer = inner.answer.lock().unwrap().clone();
            ([("content-type", "application/json")], answer)
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(
            async move { axum::serve(socket, Router::new().fallback(hear)).await.unwrap() },
        );
        listener
    }

    pub(crate) fn answer(&self, answer: &Value) {
        *self.answer.lock().unwrap() = answer.to_string();
    }

    pub(crate) fn last(&self) -> Heard {
        self.heard.lock().unwrap().last().cloned().expect("something was heard")
    }
}
