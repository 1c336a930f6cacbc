//! The workplace: the service behind its own door, a Bot Connector, people who click, and an asking
//! OAuth server, on a clock that stands still.

use std::{path::Path, sync::Arc};

use axum::Router;
use countersign::{
    adapters::{self, Adapters},
    app::App,
    clock::{Clock, Seeds},
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
    law::{Law, Source, Sources},
    means::Means,
    outbox::pace::Pace,
    server::{Setup, assemble},
};
use countersign_port::{access::Access, chat::Chat};
use countersign_sandbox::demo;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connector::{self, CHANNEL, Connector, TEAM, TENANT, Thread};
use crate::{
    database::Database,
    office::{API_KEY, AUDITOR_KEY, START, answer, client},
    receiver::{Receiver, SECRET},
};

/// The bot.
const APP: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// One lead of the shop says yes to changes in production.
const POLICY: &str = r#"
version: 1
defaults: { expires_after: 30m, use_within: 10m, self_approval: forbidden, on_deny: stop, no_rule: refuse }
channels:
  shop: { teams: "19:approvals@thread.tacv2" }
rules:
  - name: write to production
    if: { env: prod, access: write }
    ask: [{ from: owner.lead, count: 1, in: owner }]
"#;

/// Everything that a story needs.
pub(crate) struct Workplace {
    pub(crate) connector: Connector,
    pub(crate) receiver: Receiver,
    app: App,
    chats: Vec<Arc<dyn Chat>>,
    clock: Clock,
    url: String,
    database: Database,
}

/// Tells a story on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn tell<F, Story>(story: Story)
where
    Story: Fn(Workplace) -> F,
    F: Future<Output = Workplace>,
{
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let databases = [Some(Database::sqlite()), Database::postgres().await];
    for database in databases.into_iter().flatten() {
        story(Workplace::open(database).await).await.close().await;
    }
}

impl Workplace {
    /// The app is in the team.
    async fn open(database: Database) -> Self {
        let clock = Clock::frozen(START.parse().unwrap());
        let receiver = Receiver::start(clock.clone()).await;
        let connector = Connector::start().await;
        let mut config = config(&database, &receiver);
        let law = Law::parse(&sources(), &adapters::known(&config)).unwrap();
        let means = Means::open(&mut config, clock.clone(), Seeds::system()).await.unwrap();
        let Adapters { chats, directories, .. } =
            adapters::connect(&config, &law.people, &means).unwrap();
        let pace = Pace::Unlimited;
        let setup = Setup { config, means, law, chats: chats.clone(), directories, pace };
        let (app, router) = assemble(setup, |_| Router::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(countersign::http::serve::serve(listener, router, app.stopping()));
        let workplace = Self { connector, receiver, app, chats, clock, url, database };
        workplace.install().await;
        workplace
    }

    async fn install(&self) {
        let mut activity = self.activity("installationUpdate", "dana", CHANNEL);
        activity["action"] = "add".into();
        let said = self.says(&activity).await;
        assert_eq!(said, Value::Null, "nothing is answered");
    }

    /// Asks for something, and lets the cards go out.
    pub(crate) async fn ask(&self, body: &Value) -> String {
        let request = client().post(format!("{}/access/v1/requests", self.url)).json(body);
        let answer = answer(request.bearer_auth(API_KEY)).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        self.settle().await;
        answer.body["task"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        let url = format!("{}/access/v1/requests/{id}", self.url);
        let status = answer(client().get(url).bearer_auth(API_KEY)).await.body["task"]["status"]
            .as_str()
            .unwrap()
            .to_owned();
        // Who fetches the outcome takes the approval up, and the cards say so.
        self.settle().await;
        status
    }

    /// The only thread.
    #[track_caller]
    pub(crate) fn thread(&self) -> Thread {
        let mut threads = self.connector.threads();
        assert_eq!(threads.len(), 1, "{threads:?}");
        threads.remove(0)
    }

    /// Presses a button of the only card: what Teams is answered, for the person alone.
    pub(crate) async fn press(&self, who: &str, verb: &str) -> Value {
        let card = self.thread().card;
        let action = execute(&card, verb).expect("a button").clone();
        let mut activity = self.activity("invoke", who, &connector::conversation(0));
        activity["name"] = "adaptiveCard/action".into();
        activity["replyToId"] = connector::message(0).into();
        activity["value"] = json!({ "action": action });
        self.says(&activity).await
    }

    /// What Teams posts to the bot; whatever follows has happened then.
    async fn says(&self, activity: &Value) -> Value {
        // What Teams takes in one second is bounded, and each click comes in one of its own.
        self.clock.advance(SignedDuration::from_secs(2));
        let request = client().post(format!("{}/teams/messages", self.url)).json(activity);
        let answer = answer(request).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        self.settle().await;
        answer.body
    }

    fn activity(&self, kind: &str, who: &str, conversation: &str) -> Value {
        json!({
            "type": kind,
            "channelId": "msteams",
            "serviceUrl": self.connector.address,
            "from": { "id": format!("29:{who}"), "aadObjectId": connector::object(who) },
            "recipient": { "id": format!("28:{APP}") },
            "conversation": {
                "id": conversation,
                "conversationType": "channel",
                "isGroup": true,
                "tenantId": TENANT,
            },
            "channelData": {
                "tenant": { "id": TENANT },
                "team": { "id": TEAM },
                "channel": { "id": CHANNEL },
            },
        })
    }

    async fn settle(&self) {
        self.app.timers.sweep().await.unwrap();
        self.app.outbox.drain().await.unwrap();
        // A worker that is told to stop does what is left and ends.
        let stopped = CancellationToken::new();
        stopped.cancel();
        for chat in &self.chats {
            let access: Arc<dyn Access> = Arc::new(self.app.service.clone());
            chat.work(access, stopped.clone()).await;
        }
    }

    /// Nothing may be left: no callback unseen, no call that the connector did not understand.
    async fn close(self) {
        self.settle().await;
        assert_eq!(self.receiver.events(), Vec::<String>::new(), "callbacks nobody looked at");
        assert_eq!(self.connector.strange(), Vec::<String>::new(), "no such call");
        self.app.stop().await;
        self.database.drop().await;
    }
}

/// Every text of a message, one a line.
pub(crate) fn words(value: &Value) -> String {
    let mut words = Vec::new();
    gather(value, &mut words);
    words.join("\n")
}

/// The `Action.Execute` of a verb, in the card or in a form of it.
pub(crate) fn execute<'v>(value: &'v Value, verb: &str) -> Option<&'v Value> {
    if value["type"] == "Action.Execute" && value["verb"] == verb {
        return Some(value);
    }
    match value {
        Value::Object(members) => members.values().find_map(|value| execute(value, verb)),
        Value::Array(values) => values.iter().find_map(|value| execute(value, verb)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn gather(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let runs = members.get("inlines").and_then(Value::as_array);
            let line: String =
                runs.into_iter().flatten().filter_map(|run| run["text"].as_str()).collect();
            words.extend(Some(line).filter(|line| !line.is_empty()));
            words.extend(members.get("text").and_then(Value::as_str).map(str::to_owned));
            let deeper = members.iter().filter(|(name, _)| *name != "inlines");
            deeper.for_each(|(_, value)| gather(value, words));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn config(database: &Database, receiver: &Receiver) -> Config {
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
    callbacks: ["{}"]
    scopes: ["*"]
    trust: trusted
limits: {{ requests_per_second: 100000 }}
auditors: [{{ id: siem, api_keys: [{{ env: AUDITOR_KEY }}] }}]
egress: {{ allow: [127.0.0.1/32] }}
encryption_key: {{ env: ENCRYPTION_KEY }}
teams:
  app_id: {APP}
  tenant_id: {TENANT}
  client_secret: {{ env: CLIENT_SECRET }}
  service_hosts: [127.0.0.1]
  auth: insecure-local
"#,
        database.url(),
        receiver.endpoint,
    );
    let environment = Environment::of([
        ("API_KEY", API_KEY),
        ("WEBHOOK_SECRET", SECRET),
        ("AUDITOR_KEY", AUDITOR_KEY),
        ("CLIENT_SECRET", "not used here"),
        ("ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ]);
    Config::parse("countersign.yaml", &text, Path::new("/"), &environment)
        .map_err(|page| page.render(Paint::Plain))
        .unwrap_or_else(|page| panic!("{page}"))
}

/// The company of the demo, at work in Teams.
fn sources() -> Sources {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    let mut people = demo::PEOPLE.to_owned();
    for persona in demo::PERSONAS {
        let account =
            format!("teams: {{ tenant: {TENANT}, object: {} }}", connector::object(persona.id));
        let sandbox = format!("sandbox: {{ team: {}, user: {} }}", demo::TEAM, persona.id);
        people = people.replace(&sandbox, &account);
    }
    Sources {
        policy: source("policy.yaml", POLICY),
        catalogue: source("catalogue.yaml", demo::CATALOGUE),
        people: source("people.yaml", &people),
    }
}
