//! The office: a whole service with a chat workspace and an asking OAuth server, on a clock that
//! stands still. Stories tell what people do; the plumbing is all here.

use std::{path::Path, sync::Arc};

use axum::Router;
use countersign::{
    adapters,
    app::App,
    clock::{Clock, Seeds},
    config::{Config, environment::Environment},
    law::{Known, Law, Source, Sources},
    means::Means,
    outbox::pace::Pace,
    server::{Setup, assemble},
    store::Store,
};
use countersign_port::{
    access::{Access, Ballot, Choice, Press, Refusal},
    card::{Card, Verb},
    chat::Chat,
    memory::Memory,
};
use countersign_sandbox::{click::Answers, demo, door::Key, workspace::Sandbox};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    database::Database,
    login,
    receiver::{Receiver, SECRET},
};

/// When every story begins.
pub(crate) const START: &str = "2026-11-22T12:00:00Z";

/// The key of the client that asks.
pub(crate) const API_KEY: &str = "cs_shop_00000000000000000000000000000000000000000000";

/// Everything that a story needs.
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) sandbox: Sandbox,
    pub(crate) receiver: Receiver,
    pub(crate) url: String,
    database: Database,
    site: Site,
}

/// Where an office stands, what holds there, and who hands decisions over to it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) listen: String,
    pub(crate) sources: fn() -> Sources,
    /// More people in the people file.
    pub(crate) people: String,
    pub(crate) known: fn(&mut Known),
    /// The issuer of a realm of Keycloak's.
    pub(crate) realm: Option<String>,
    /// Where outcomes may be sent beside the receiver.
    pub(crate) callback: Option<String>,
    /// Where the access tokens of callbacks come from.
    pub(crate) login: Option<String>,
    /// How they are asked for there.
    pub(crate) login_by: &'static str,
    /// The address of an Ory Hydra, public and admin.
    pub(crate) hydra: Option<String>,
    /// One more resource server.
    pub(crate) server: String,
    /// More of the client that asks.
    pub(crate) shop: &'static str,
    /// What is registered of the second client in the mode of the profile.
    pub(crate) other_gate: &'static str,
    /// More of the configuration.
    pub(crate) more: String,
    /// What else stands in it otherwise.
    pub(crate) edit: fn(&str) -> String,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            sources: demo_sources,
            people: String::new(),
            known: |_| {},
            realm: None,
            callback: None,
            login: None,
            login_by: "client_secret: { env: CALLBACK_SECRET }",
            hydra: None,
            server: String::new(),
            shop: "",
            other_gate: "api_keys: [{ env: OTHER_GATE_KEY }]",
            more: String::new(),
            edit: str::to_owned,
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The problem type.
    pub(crate) fn problem(&self) -> &str {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body["type"].as_str().unwrap()
    }
}

/// Tells a story on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn tell<F, Story>(story: Story)
where
    Story: Fn(Office) -> F,
    F: Future<Output = Office>,
{
    tell_in(&Site::default(), story).await;
}

/// Tells a story in an office that is set up otherwise.
pub(crate) async fn tell_in<F, Story>(site: &Site, story: Story)
where
    Story: Fn(Office) -> F,
    F: Future<Output = Office>,
{
    // The log of a story is shown when it fails.
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let databases = [Some(Database::sqlite()), Database::postgres().await];
    for database in databases.into_iter().flatten() {
        let clock = Clock::frozen(START.parse().unwrap());
        story(Office::open_at(database, clock, site.clone()).await).await.close().await;
    }
}

impl Office {
    pub(crate) async fn open(database: Database) -> Self {
        Self::open_at(database, Clock::frozen(START.parse().unwrap()), Site::default()).await
    }

    pub(crate) async fn open_at(database: Database, clock: Clock, site: Site) -> Self {
        let sandbox = Sandbox::new(demo::CHANNELS, Key::new(&"k".repeat(43)).unwrap());
        let receiver = Receiver::start(clock.clone()).await;
        Self::with(database, clock, sandbox, receiver, site).await
    }

    /// A new process over the same database; chat and the asking server know nothing of it.
    pub(crate) async fn restart(self) -> Self {
        let Self { app, clock, sandbox, receiver, database, site, .. } = self;
        app.stop().await;
        Self::with(database, clock, sandbox, receiver, site).await
    }

    /// The same, under another law.
    pub(crate) async fn restart_under(mut self, sources: fn() -> Sources) -> Self {
        self.site.sources = sources;
        self.restart().await
    }

    /// The same, with clients that are registered otherwise.
    pub(crate) async fn restart_with(mut self, shop: &'static str, other: &'static str) -> Self {
        (self.site.shop, self.site.other_gate) = (shop, other);
        self.restart().await
    }

    /// The same, with another configuration.
    pub(crate) async fn restart_edited(mut self, edit: fn(&str) -> String) -> Self {
        self.site.edit = edit;
        self.restart().await
    }

    /// A second process over the same database.
    pub(crate) async fn replica(&self) -> App {
        self.listening_replica().await.0
    }

    /// A second process over the same database, and its routes.
    pub(crate) async fn listening_replica(&self) -> (App, Router) {
        self.replica_at(&self.clock).await
    }

    /// The same on another machine, with a clock of its own.
    pub(crate) async fn replica_at(&self, clock: &Clock) -> (App, Router) {
        assemble(self.setup(clock).await, |_| Router::new())
    }

    /// A second process over the same database, with another chat product.
    pub(crate) async fn replica_speaking(&self, chat: Arc<dyn Chat>) -> App {
        let setup = Setup { chats: vec![chat], ..self.setup(&self.clock).await };
        assemble(setup, |_| Router::new()).0
    }

    async fn setup(&self, clock: &Clock) -> Setup {
        let config = config(&self.database, &self.receiver, &self.site);
        setup(config, &self.site, clock, &self.sandbox).await
    }

    async fn with(
        database: Database,
        clock: Clock,
        sandbox: Sandbox,
        receiver: Receiver,
        site: Site,
    ) -> Self {
        let config = config(&database, &receiver, &site);
        let (app, router) =
            assemble(setup(config, &site, &clock, &sandbox).await, |_| Router::new());
        let listener = TcpListener::bind(&site.listen).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(countersign::http::serve::serve(listener, router, app.stopping()));
        Self { app, clock, sandbox, receiver, url, database, site }
    }

    /// Where everything is kept.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// Keeps a secret as an adapter does.
    pub(crate) async fn remember(&self, adapter: &'static str, secret: &str) {
        let mut config = config(&self.database, &self.receiver, &self.site);
        let means = Means::open(&mut config, self.clock.clone(), Seeds::system()).await.unwrap();
        let kept = means.memory(adapter).save("T1", &secret.into(), 0).await.unwrap();
        assert_eq!(kept, Some(1));
        means.store.close().await;
    }

    pub(crate) fn store(&self) -> Store {
        self.app.store()
    }

    /// Lets everything that is due happen.
    pub(crate) async fn settle(&self) {
        self.app.timers.sweep().await.unwrap();
        self.app.outbox.drain().await.unwrap();
    }

    /// Has forgotten what is of no use any more.
    pub(crate) async fn forget(&self) {
        self.app.timers.forget().await.unwrap();
    }

    pub(crate) async fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.settle().await;
    }

    /// Nothing may be left: no callback that the story did not look at, no work that is due.
    pub(crate) async fn close(self) {
        self.settle().await;
        let unread = self.receiver.events();
        assert!(unread.is_empty(), "callbacks that the story did not look at: {unread:?}");
        self.app.stop().await;
        self.database.drop().await;
    }

    pub(crate) async fn ask(&self, body: &Value) -> Answer {
        self.ask_with(body, &[]).await
    }

    pub(crate) async fn ask_with(&self, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = client().post(format!("{}/access/v1/requests", self.url)).json(body);
        request = request.bearer_auth(API_KEY);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    pub(crate) async fn get(&self, id: &str) -> Answer {
        let url = format!("{}/access/v1/requests/{id}", self.url);
        answer(client().get(url).bearer_auth(API_KEY)).await
    }

    pub(crate) async fn cancel(&self, id: &str, body: &Value) -> Answer {
        let url = format!("{}/access/v1/requests/{id}/cancel", self.url);
        answer(client().post(url).bearer_auth(API_KEY).json(body)).await
    }

    /// The newest card of a channel.
    pub(crate) fn newest(&self, channel: &str) -> Arc<Card> {
        self.sandbox.messages(channel).pop().expect("a card").card
    }

    /// The token of a button of the newest card.
    pub(crate) fn button(&self, channel: &str, verb: Verb) -> String {
        let card = self.newest(channel);
        let button = card.actions.iter().find(|button| button.verb == verb);
        button.expect("a button").token.clone()
    }

    /// Presses a button of the newest card of a channel.
    pub(crate) async fn press(
        &self,
        who: &str,
        channel: &str,
        verb: Verb,
    ) -> Result<Arc<Card>, Refusal> {
        self.press_with(who, channel, verb, Answers::default()).await
    }

    pub(crate) async fn press_with(
        &self,
        who: &str,
        channel: &str,
        verb: Verb,
        answers: Answers,
    ) -> Result<Arc<Card>, Refusal> {
        let message = self.sandbox.messages(channel).pop().expect("a card");
        let access: &dyn Access = &self.app.service;
        self.sandbox.click(access, who, &message.reference, verb, answers).await.expect("a button")
    }

    /// Presses a button that may not be on any card any more.
    pub(crate) async fn press_token(&self, who: &str, token: &str) -> Result<Card, Refusal> {
        let ballot = Ballot {
            press: press(who, token),
            choice: Choice::Approve,
            comment: None,
            number: None,
            seen_at: None,
        };
        self.app.service.vote(ballot).await
    }
}

/// Olu, who is on call, breaks the glass.
pub(crate) fn break_glass(endpoint: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": "olu" },
        "client": { "id": demo::CLIENT_ID, "name": demo::CLIENT_NAME },
        "requested_access": { "scope": "prod:orders:write", "emergency": true },
        "context": { "justification": "Checkout is down" },
        "callback": { "endpoint": endpoint },
    })
}

/// A button, pressed by somebody on the sandbox.
pub(crate) fn press(who: &str, token: &str) -> Press {
    Press {
        button: token.to_owned(),
        by: demo::identity(who),
        email: None,
        place: None,
        payload_sha256: String::new(),
        once: None,
    }
}

async fn setup(mut config: Config, site: &Site, clock: &Clock, sandbox: &Sandbox) -> Setup {
    let means = Means::open(&mut config, clock.clone(), Seeds::system()).await.unwrap();
    let mut known = adapters::known(&config);
    known.platforms.push(demo::PLATFORM);
    (site.known)(&mut known);
    let mut sources = (site.sources)();
    sources.people.text.push_str(&site.people);
    let law = Law::parse(&sources, &known).unwrap();
    let adapters = adapters::connect(&config, &law.people, &means).unwrap();
    Setup {
        config,
        means,
        law,
        chats: vec![Arc::new(sandbox.clone())],
        directories: adapters.directories,
        pace: Pace::Unlimited,
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests call the service from outside")]
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::new()
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.json().await.unwrap_or(Value::Null);
    Answer { status, headers, body }
}

fn config(database: &Database, receiver: &Receiver, site: &Site) -> Config {
    let callbacks: Vec<&String> = [&receiver.endpoint].into_iter().chain(&site.callback).collect();
    let (tokens, keycloak) = match &site.realm {
        None => (String::new(), String::new()),
        Some(issuer) => (
            format!("\n    tokens: [{{ issuer: \"{issuer}\", client_id: shop-admin }}]"),
            format!(
                "\nkeycloak: [{{ name: main, issuers: [\"{issuer}\"], realm_expires_in: 600, \
                 path_secret: {{ env: KEYCLOAK_PATH }} }}]"
            ),
        ),
    };
    let text = format!(
        r#"
listen: 127.0.0.1:0
public_url: https://countersign.example
database: "{}"
clients:
  - id: shop-admin
    name: Shop Admin
    api_keys: [{{ env: API_KEY }}]
    webhook_secret: {{ env: WEBHOOK_SECRET }}
    callbacks: {callbacks:?}
    scopes: ["*"]
    trust: trusted{tokens}{hydra_client}{login}
    tell_requester: true{shop}
  - id: gate
    name: Gate
    api_keys: [{{ env: GATE_KEY }}]
    webhook_secret: {{ env: WEBHOOK_SECRET }}
    callbacks: ["{}"]
    scopes: ["*"]
    trust: trusted
    mode: arap
  - {{ id: other-gate, {other_gate}, scopes: ["*"], trust: trusted, mode: arap }}
resource_servers:
  - {{ id: "https://bank.example/", api_keys: [{{ env: BANK_KEY }}] }}
  - {{ id: "https://other.example/", api_keys: [{{ env: OTHER_BANK_KEY }}] }}{server}
encryption_key: {{ env: ENCRYPTION_KEY }}
limits: {{ requests_per_second: 100000 }}
auditors: [{{ id: siem, api_keys: [{{ env: AUDITOR_KEY }}] }}]
egress: {{ allow: [127.0.0.1/32] }}{keycloak}{hydra}
{more}
"#,
        database.url(),
        receiver.endpoint,
        login = callback_token(site),
        hydra_client = hydra_client(site),
        hydra = hydra(site),
        server = site.server,
        shop = site.shop,
        other_gate = site.other_gate,
        more = site.more,
    );
    let text = (site.edit)(&text);
    Config::parse("countersign.yaml", &text, Path::new("/"), &environment())
        .map_err(|page| page.render(countersign::domain::diagnostic::Paint::Plain))
        .unwrap_or_else(|page| panic!("{page}"))
}

/// Every secret that a story may name.
fn environment() -> Environment {
    Environment::of([
        ("API_KEY", API_KEY),
        ("WEBHOOK_SECRET", SECRET),
        ("AUDITOR_KEY", AUDITOR_KEY),
        ("GATE_KEY", GATE_KEY),
        ("OTHER_GATE_KEY", OTHER_GATE_KEY),
        ("NEW_GATE_KEY", NEW_GATE_KEY),
        ("BANK_KEY", BANK_KEY),
        ("OTHER_BANK_KEY", OTHER_BANK_KEY),
        ("PAYMENTS_KEY", PAYMENTS_KEY),
        ("ENCRYPTION_KEY", ENCRYPTION_KEY),
        ("KEYCLOAK_PATH", KEYCLOAK_PATH),
        ("CALLBACK_SECRET", login::SECRET),
        ("CALLBACK_KEY", &login::key()),
        ("CALLBACK_REFRESH", login::DEPOSITED),
        ("OKTA_KEY", OKTA_KEY),
        ("ENTRA_KEY", ENTRA_KEY),
        ("DIRECTORY_TOKEN", DIRECTORY_TOKEN),
    ])
}

fn hydra_client(site: &Site) -> String {
    let client =
        |url: &String| format!("\n    tokens: [{{ issuer: \"{url}\", client_id: shop-admin }}]");
    site.hydra.as_ref().map(client).unwrap_or_default()
}

fn hydra(site: &Site) -> String {
    let section = |url: &String| format!("\nhydra: {{ issuer: \"{url}\", admin_url: \"{url}\" }}");
    site.hydra.as_ref().map(section).unwrap_or_default()
}

/// Where the tokens for the callbacks of the client that asks come from, if they need any.
fn callback_token(site: &Site) -> String {
    let Some(login) = &site.login else { return String::new() };
    format!(
        "\n    callback_token: {{ token_endpoint: \"{login}\", client_id: countersign, {}, scope: hooks }}",
        site.login_by
    )
}

/// The keys of the resource servers.
pub(crate) const BANK_KEY: &str = "cs_bank_00000000000000000000000000000000000000000000";
pub(crate) const PAYMENTS_KEY: &str = "cs_payments_00000000000000000000000000000000000000000000";
pub(crate) const OTHER_BANK_KEY: &str = "cs_otherbank_00000000000000000000000000000000000000000000";

/// The keys of two clients that follow AuthZEN's access request profile to the letter.
pub(crate) const GATE_KEY: &str = "cs_gate_00000000000000000000000000000000000000000000";
pub(crate) const OTHER_GATE_KEY: &str = "cs_othergate_00000000000000000000000000000000000000000000";
pub(crate) const NEW_GATE_KEY: &str = "cs_newgate_00000000000000000000000000000000000000000000";

/// What is sealed at rest.
pub(crate) const ENCRYPTION_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// The secret of the address that Keycloak calls.
pub(crate) const KEYCLOAK_PATH: &str = "0123456789abcdef0123456789abcdef";

/// The keys of the providers of people.
pub(crate) const OKTA_KEY: &str = "cs_okta_00000000000000000000000000000000000000000000";
pub(crate) const ENTRA_KEY: &str = "cs_entra_00000000000000000000000000000000000000000000";

/// What directories are asked with.
pub(crate) const DIRECTORY_TOKEN: &str = "directory-token";

/// The key of the auditor.
pub(crate) const AUDITOR_KEY: &str = "cs_siem_00000000000000000000000000000000000000000000";

/// What the demo does not ask for.
const DETAILS: &str = "details:\n  payment: { title: Pay a bill, risk: high, owner: shop, env: prod, \
    access: write, params: { amount: decimal } }\n";

/// The files of the demo.
pub(crate) fn demo_sources() -> Sources {
    sources(demo::POLICY, &format!("{}{DETAILS}", demo::CATALOGUE), demo::PEOPLE)
}

/// The same policy, under which colleagues may stand in for each other.
pub(crate) fn with_stand_ins(policy: &str) -> String {
    let lenient = policy.replace("  self_approval:", "  stand_ins: same_group\n  self_approval:");
    assert_ne!(lenient, policy);
    lenient
}

/// The three files of a law.
pub(crate) fn sources(policy: &str, catalogue: &str, people: &str) -> Sources {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    Sources {
        policy: source("policy.yaml", policy),
        catalogue: source("catalogue.yaml", catalogue),
        people: source("people.yaml", people),
    }
}

/// A request to change live orders: two shop leads, then security.
pub(crate) fn write_prod() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": demo::CLIENT_ID, "name": demo::CLIENT_NAME },
        "requested_access": { "scope": "prod:orders:write" },
        "context": { "justification": "Fix the duplicates of this morning" },
    })
}

/// The same for another reason, and so with a card of its own.
pub(crate) fn write_prod_for(reason: &str) -> Value {
    let mut body = write_prod();
    body["context"]["justification"] = reason.into();
    body
}

/// A request to delete an account: one senior of the shop, who types the requester's number.
pub(crate) fn deletion() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "account.delete" },
        "resource": { "type": "customer", "id": "C-4711" },
        "context": { "parameters": { "customer": "C-4711" } },
    })
}
