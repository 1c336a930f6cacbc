//! Nothing secret is ever logged: a whole story in Slack, from the installation to the callback,
//! told by a process that logs all it can. What must not be there is then looked for in its log.

use std::{fs, path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign::clock::Clock;
use countersign_fake_slack::{
    FakeSlack,
    answer::Answer,
    delivery::Payload,
    fault::{Fault, Strike},
    form::Entries,
    message::Message,
    world::{App, Channel, Endpoints, Mark, Site, Team, User},
};
use reqwest::{
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};

use crate::{
    login::{self, Login},
    office::{API_KEY, answer, client},
    patience::until,
    receiver::{self, Receiver},
    running::{Running, run},
};

const TEAM: &str = "T0SHOP";
const SHOP: &str = "C0SHOP";
const ERIN: &str = "U0ERIN";
const GUEST: &str = "U0GUEST";
const APP: &str = "A0CSIGN";
const PUBLIC_URL: &str = "https://countersign.example";
const WORDS: &str = "canary words of the requester";
const COMMENT: &str = "canary words of the approver";

/// A process under watch, and what it must keep to itself.
struct Watch {
    slack: FakeSlack,
    receiver: Receiver,
    login: Login,
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
    secrets: Vec<(&'static str, String)>,
}

impl Watch {
    async fn begin() -> Self {
        let time = Clock::system();
        let receiver = Receiver::start(time.clone()).await;
        let app = App::named(APP).rotating();
        let sealing = STANDARD.encode([7; 32]);
        let environment = vec![
            ("RUST_LOG", "trace".to_owned()),
            ("API_KEY", API_KEY.to_owned()),
            ("WEBHOOK_SECRET", receiver::SECRET.to_owned()),
            ("SIGNING_SECRET", app.signing_secret.clone()),
            ("CLIENT_SECRET", app.client_secret.clone()),
            ("ENCRYPTION_KEY", sealing.clone()),
            ("CALLBACK_SECRET", login::SECRET.to_owned()),
        ];
        let webhook = receiver::SECRET.trim_start_matches("whsec_").to_owned();
        let secrets = vec![
            ("the API key", API_KEY.to_owned()),
            ("the webhook secret", webhook),
            ("the signing secret", app.signing_secret.clone()),
            ("the client secret", app.client_secret.clone()),
            ("the verification token", app.verification_token.clone()),
            ("the sealing key", sealing),
            ("the secret for access tokens", login::SECRET.to_owned()),
            ("the access token of a callback", login::token(1)),
            ("the access token that replaced it", login::token(2)),
            ("the justification", WORDS.to_owned()),
            ("the comment", COMMENT.to_owned()),
        ];
        let slack = FakeSlack::start(app, Arc::new(move || time.now())).await.unwrap();
        slack.workspace(Team::named(TEAM));
        slack.channel(Channel::named(TEAM, SHOP, "shop"));
        slack.user(User::named(TEAM, ERIN, "erin"));
        slack.user(User::named(TEAM, GUEST, "guest").with(Mark::IsRestricted));
        let folder = tempfile::tempdir().unwrap();
        let login = Login::start().await;
        Self { slack, receiver, login, folder, environment, secrets }
    }

    fn write(&self) -> PathBuf {
        let folder = self.folder.path();
        let config = format!(
            r#"
listen: 127.0.0.1:0
public_url: {PUBLIC_URL}
database: "sqlite:{}"
encryption_key: {{ env: ENCRYPTION_KEY }}
clients:
  - id: shop
    api_keys: [{{ env: API_KEY }}]
    webhook_secret: {{ env: WEBHOOK_SECRET }}
    callbacks: ["{}"]
    callback_token: {{ token_endpoint: "{}", client_id: countersign, client_secret: {{ env: CALLBACK_SECRET }}, scope: hooks }}
    scopes: ["*"]
egress: {{ allow: [127.0.0.1/32] }}
slack:
  api_url: "{}"
  app_id: {APP}
  signing_secret: {{ env: SIGNING_SECRET }}
  install: {{ client_id: "{}", client_secret: {{ env: CLIENT_SECRET }}, teams: [{TEAM}] }}
"#,
            folder.join("it.db").display(),
            self.receiver.endpoint,
            self.login.endpoint,
            self.slack.api_url(),
            App::named(APP).client_id,
        );
        let policy = "version: 1\nchannels:\n  shop: { slack: C0SHOP }\nrules:\n  \
            - { name: all, if: { access: write }, ask: [{ from: leads, count: 1, in: shop }] }\n";
        let catalogue = "scopes:\n  \"orders:write\": { title: Change orders, risk: high, \
            owner: leads, env: prod, access: write }\n";
        let people = "people:\n  \
            erin: { name: Erin Doyle, groups: [leads], slack: { team: T0SHOP, user: U0ERIN } }\n  \
            dana: { name: Dana Novak, groups: [requesters] }\n";
        for (name, text) in [
            ("countersign.yaml", config.as_str()),
            ("policy.yaml", policy),
            ("catalogue.yaml", catalogue),
            ("people.yaml", people),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        folder.join("countersign.yaml")
    }

    fn keep(&mut self, what: &'static str, secret: impl Into<String>) {
        self.secrets.push((what, secret.into()));
    }

    /// The app is installed by link, as an operator does it with a browser.
    async fn install(&mut self, url: &str, config: &str) {
        let said = run(&["slack", "--config", config, "install-link"], &self.environment).await;
        let link = said.out.trim().strip_prefix(PUBLIC_URL).expect("a link").to_owned();
        self.keep("the link", link.split_once("t=").unwrap().1);
        let begun = browser().get(format!("{url}{link}")).send().await.unwrap();
        assert_eq!(begun.status(), 302);
        let header = |name| begun.headers()[name].to_str().unwrap().to_owned();
        let cookie = header(SET_COOKIE).split(';').next().unwrap().to_owned();
        self.keep("the cookie", cookie.split_once('=').unwrap().1);
        let consent = browser().get(header(LOCATION)).send().await.unwrap();
        let back = consent.headers()[LOCATION].to_str().unwrap().to_owned();
        for (name, value) in url::Url::parse(&back).unwrap().query_pairs() {
            self.keep(if name == "code" { "the code" } else { "the state" }, value);
        }
        let back = back.replace(PUBLIC_URL, url);
        let done = browser().get(back).header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(done.status(), 200, "{}", done.text().await.unwrap());
        let token = self.slack.live_token(&Site::Team(TEAM.to_owned())).unwrap();
        self.keep("the bot token", token.trim_start_matches("xoxe."));
    }

    /// Delivers a payload, and keeps what in it is secret.
    async fn deliver(&mut self, payload: Payload) -> Answer {
        for (what, place) in [
            ("a trigger", "/trigger_id"),
            ("a response address", "/response_url"),
            ("a button", "/actions/0/value"),
            ("a form's memory", "/view/private_metadata"),
        ] {
            if let Some(secret) = payload.json.pointer(place).and_then(Value::as_str) {
                self.keep(what, secret);
            }
        }
        let said = self.slack.deliver(&payload).await;
        assert_eq!(said.status, Some(200), "{said:?}");
        said
    }

    async fn press(&mut self, who: &str, card: &Message, button: &str) {
        self.deliver(self.slack.click_payload(who, card, button)).await;
    }

    /// What somebody is told alone.
    async fn told(&self, who: &str) -> String {
        until("a private answer", || self.slack.ephemerals(who).pop()).await.words()
    }
}

/// Looks at where it is sent to before it goes there.
#[expect(clippy::disallowed_methods, reason = "the tests call the service from outside")]
fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).build().unwrap()
}

async fn ask(url: &str, endpoint: &str) -> String {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop" },
        "requested_access": { "scope": "orders:write" },
        "context": { "justification": WORDS },
        "callback": { "endpoint": endpoint, "state": "st-1" },
    });
    let request = client().post(format!("{url}/access/v1/requests")).json(&body);
    let asked = answer(request.bearer_auth(API_KEY)).await;
    assert_eq!(asked.status, 202, "{:?}", asked.body);
    asked.body["task"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log_of_a_process_that_logs_all_it_can() {
    let mut watch = Watch::begin().await;
    let config = watch.write();
    let (path, environment) = (config.clone(), watch.environment.clone());
    let start = move || Running::start(&path, &environment);
    let running = tokio::task::spawn_blocking(start).await.unwrap();
    let url = running.url.clone();
    watch.slack.connect(Endpoints::below(&url));
    watch.install(&url, config.to_str().unwrap()).await;
    let id = ask(&url, &watch.receiver.endpoint).await;
    let card = until("a card", || watch.slack.last_message(SHOP)).await;

    // The callback's first access token is not accepted.
    watch.receiver.answer([(401, None)]);
    // An account that cannot be looked up, one that may not decide, and one that may.
    watch.slack.misbehave(Strike::at("users.info", Fault::Status(500)).times(1));
    watch.press(ERIN, &card, "Approve…").await;
    assert!(watch.told(ERIN).await.contains("couldn't tell us who you are"));
    watch.press(GUEST, &card, "Deny…").await;
    assert!(watch.told(GUEST).await.contains("Guests can't decide"));
    watch.press(ERIN, &card, "Deny…").await;
    until("a form", || watch.slack.modal(ERIN)).await;
    let no = Entries::none().choose("reason", "Other").text("comment", COMMENT);
    watch.deliver(watch.slack.submit_payload(ERIN, &no)).await;
    watch.deliver(watch.slack.slash_payload(ERIN, SHOP, "/countersign")).await;
    let told = || watch.receiver.read().into_iter().find(|delivery| delivery.status == 200);
    assert_eq!(until("a callback", told).await.bearer, Some(login::bearer(2)));
    let path = format!("{url}/access/v1/requests/{id}?wait=30");
    let ended = answer(client().get(path).bearer_auth(API_KEY)).await;
    assert_eq!(ended.body["task"]["status"], "denied");

    let log = tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
    assert!(log.contains("Slack could not say who clicked"), "it logs at all: {log}");
    for (what, secret) in &watch.secrets {
        assert!(secret.len() >= 8, "{what} is too short to be looked for: {secret}");
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{what} is in the log");
    }
    watch.slack.stop();
}
