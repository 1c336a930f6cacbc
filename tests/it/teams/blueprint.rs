//! How a workplace is set up: the people and places of its Teams, its configuration, its law.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use countersign::{
    adapters,
    clock::Clock,
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
    law::{Law, Source, Sources},
};
use countersign_fake_slack::{FakeSlack, world::App};
use countersign_fake_teams::{
    FakeTeams,
    world::{Bot, Channel, Person, object},
};
use countersign_sandbox::demo;

use crate::{
    database::Database,
    office::{API_KEY, AUDITOR_KEY, START},
    receiver::{Receiver, SECRET},
};

pub(crate) const APP: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
pub(crate) const TENANT: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const TEAM: &str = "19:team@thread.tacv2";

/// The channels of the policy, by name.
pub(crate) const SHOP: &str = "19:shop@thread.tacv2";
pub(crate) const SECURITY: &str = "19:security@thread.tacv2";
pub(crate) const PLATFORM: &str = "19:platform@thread.tacv2";
const CHANNELS: [(&str, &str); 5] = [
    (SHOP, "shop-approvals"),
    (SECURITY, "security"),
    ("19:payments@thread.tacv2", "payments"),
    ("19:incident@thread.tacv2", "incident"),
    (PLATFORM, "platform"),
];

/// The app in a Slack beside it.
pub(crate) const SLACK_APP: &str = "A0CSIGN";

/// Somebody who works there and whom nobody has linked.
pub(crate) const NEW: &str = "nora";

/// Seals what the adapters keep.
const ENCRYPTION_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What is different in a workplace. Where nothing is, it is [`USUAL`].
#[derive(Clone, Copy)]
pub(crate) struct Blueprint {
    /// By which clock everybody goes.
    pub(crate) clock: fn() -> Clock,
    /// What the asking client's entry says besides.
    pub(crate) client: &'static str,
    /// How the configuration says who may call, and how the bot proves itself.
    pub(crate) auth: &'static str,
    /// A Slack beside it, and its part of the configuration.
    pub(crate) beside: Option<fn(&FakeSlack) -> String>,
    /// What the law says beside that.
    pub(crate) law: fn(&mut Sources),
}

/// Teams alone, every call checked.
pub(crate) const USUAL: Blueprint = Blueprint {
    clock: || Clock::frozen(START.parse().unwrap()),
    client: "trust: trusted",
    auth: "client_secret: { env: CLIENT_SECRET }",
    beside: None,
    law: |_| {},
};

impl Blueprint {
    /// A Teams with everybody in it; the app is nowhere yet.
    pub(crate) async fn teams(&self, clock: &Clock) -> FakeTeams {
        let time = clock.clone();
        let bot = Bot::named(APP, TENANT);
        let teams = FakeTeams::start(bot, Arc::new(move || time.now())).await.unwrap();
        teams.team(TEAM, "Shop");
        for (id, name) in CHANNELS {
            teams.channel(Channel::named(TEAM, id, name));
        }
        for name in demo::PERSONAS.map(|persona| persona.id).into_iter().chain([NEW]) {
            teams.person(Person::named(name));
        }
        teams
    }

    /// The configuration, to be read with [`environment`].
    pub(crate) fn text(
        &self,
        database: &Database,
        receiver: &Receiver,
        teams: &FakeTeams,
        slack: Option<&FakeSlack>,
    ) -> String {
        let slack = self.beside.zip(slack).map(|(section, slack)| section(slack));
        format!(
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
    {}
limits: {{ requests_per_second: 100000 }}
auditors: [{{ id: siem, api_keys: [{{ env: AUDITOR_KEY }}] }}]
egress: {{ allow: [127.0.0.1/32] }}
encryption_key: {{ env: ENCRYPTION_KEY }}
{}
teams:
  app_id: {APP}
  tenant_id: {TENANT}
  openid_metadata_url: "{}"
  token_url: "{}"
  service_hosts: [127.0.0.1]
  {}
"#,
            database.url(),
            receiver.endpoint,
            self.client,
            slack.unwrap_or_default(),
            teams.openid_metadata_url(),
            teams.token_url(),
            self.auth,
        )
    }

    /// What the text comes to.
    pub(crate) fn config(text: &str, environment: &BTreeMap<&'static str, String>) -> Config {
        let pairs = environment.iter().map(|(name, value)| (*name, value.as_str()));
        Config::parse("countersign.yaml", text, Path::new("/"), &Environment::of(pairs))
            .map_err(|page| page.render(Paint::Plain))
            .unwrap_or_else(|page| panic!("{page}"))
    }

    pub(crate) fn law(&self, config: &Config) -> Law {
        let mut sources = sources();
        (self.law)(&mut sources);
        Law::parse(&sources, &adapters::known(config)).unwrap()
    }
}

/// The secrets of the configuration; `bot_token` is the one of a Slack beside it.
pub(crate) fn environment(bot_token: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("API_KEY", API_KEY.to_owned()),
        ("WEBHOOK_SECRET", SECRET.to_owned()),
        ("AUDITOR_KEY", AUDITOR_KEY.to_owned()),
        ("CLIENT_SECRET", Bot::named(APP, TENANT).secret),
        ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
        ("SIGNING_SECRET", App::named(SLACK_APP).signing_secret),
        ("BOT_TOKEN", bot_token.to_owned()),
    ])
}

/// The company of the demo, at work in Teams.
pub(crate) fn sources() -> Sources {
    let source = |name: &str, text: String| Source { name: name.to_owned(), text };
    let mut policy = demo::POLICY.to_owned();
    for (id, name) in CHANNELS {
        policy =
            policy.replace(&format!("{{ sandbox: {name} }}"), &format!("{{ teams: \"{id}\" }}"));
    }
    let mut people = demo::PEOPLE.to_owned();
    for persona in demo::PERSONAS {
        let account = format!("teams: {{ tenant: {TENANT}, object: {} }}", object(persona.id));
        let sandbox = format!("sandbox: {{ team: {}, user: {} }}", demo::TEAM, persona.id);
        people = people.replace(&sandbox, &account);
    }
    Sources {
        policy: source("policy.yaml", policy),
        catalogue: source("catalogue.yaml", demo::CATALOGUE.to_owned()),
        people: source("people.yaml", people),
    }
}
