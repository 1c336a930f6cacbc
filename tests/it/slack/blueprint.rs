//! How a workplace is set up: the people and places of its Slack, its configuration, its law.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use countersign::{
    adapters,
    clock::Clock,
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
    law::{Law, Source, Sources},
};
use countersign_fake_slack::{
    FakeSlack,
    build::SCOPES,
    world::{App, Channel, Site, Team, User},
};
use countersign_sandbox::demo;

use super::workplace::{APP, CHANNELS, NEW, PEOPLE, TEAM};
use crate::{
    database::Database,
    office::{API_KEY, AUDITOR_KEY},
    receiver::{Receiver, SECRET},
};

/// Seals what the adapters keep.
const ENCRYPTION_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What is different in a workplace. Where nothing is, it is [`USUAL`].
#[derive(Clone, Copy)]
pub(crate) struct Blueprint {
    /// The app, as Slack has it.
    pub(crate) app: fn() -> App,
    /// Where it is installed before the story begins; that token is `BOT_TOKEN`.
    pub(crate) site: fn() -> Option<Site>,
    /// A further workspace that has it; that token is `FURTHER_TOKEN`.
    pub(crate) further: Option<&'static str>,
    /// What the asking client's entry says besides.
    pub(crate) client: &'static str,
    /// How the configuration says where the app is.
    pub(crate) connection: &'static str,
    /// Who else there is in Slack, and what.
    pub(crate) world: fn(&FakeSlack),
    /// What the law says beside that.
    pub(crate) law: fn(&mut Sources),
}

/// One workspace, with its bot token in the configuration.
pub(crate) const USUAL: Blueprint = Blueprint {
    app: || App::named(APP),
    site: || Some(Site::Team(TEAM.to_owned())),
    further: None,
    client: "trust: trusted",
    connection: "workspaces: [{ team: T0SHOP, bot_token: { env: BOT_TOKEN } }]",
    world: |_| {},
    law: |_| {},
};

impl Blueprint {
    /// A Slack with everybody in it, and the tokens of the app.
    pub(crate) async fn slack(&self, clock: &Clock) -> (FakeSlack, String) {
        let time = clock.clone();
        let slack = FakeSlack::start((self.app)(), Arc::new(move || time.now())).await.unwrap();
        slack.workspace(Team::named(TEAM));
        for (id, name) in CHANNELS {
            slack.channel(Channel::named(TEAM, id, name));
        }
        for person in PEOPLE.into_iter().chain([NEW]) {
            slack.user(User::named(TEAM, person, &person.to_lowercase()));
        }
        (self.world)(&slack);
        let sites = [(self.site)(), self.further.map(|team| Site::Team(team.to_owned()))];
        let install = |site| slack.install(&site, SCOPES);
        let tokens = sites.map(|site| site.map_or_else(|| "none".to_owned(), install));
        (slack, tokens.join(" "))
    }

    /// The configuration, to be read with [`Self::environment`].
    pub(crate) fn text(
        &self,
        database: &Database,
        receiver: &Receiver,
        slack: &FakeSlack,
    ) -> String {
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
slack:
  api_url: "{}"
  app_id: {APP}
  signing_secret: {{ env: SIGNING_SECRET }}
  {}
"#,
            database.url(),
            receiver.endpoint,
            self.client,
            slack.api_url(),
            self.connection,
        )
    }

    /// The secrets of the configuration.
    pub(crate) fn environment(&self, tokens: &str) -> BTreeMap<&'static str, String> {
        let app = (self.app)();
        let (token, further) = tokens.split_once(' ').expect("two tokens");
        BTreeMap::from([
            ("API_KEY", API_KEY.to_owned()),
            ("WEBHOOK_SECRET", SECRET.to_owned()),
            ("AUDITOR_KEY", AUDITOR_KEY.to_owned()),
            ("SIGNING_SECRET", app.signing_secret),
            ("CLIENT_SECRET", app.client_secret),
            ("APP_TOKEN", app.app_token),
            ("BOT_TOKEN", token.to_owned()),
            ("FURTHER_TOKEN", further.to_owned()),
            ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
        ])
    }

    /// What the text and the secrets come to.
    pub(crate) fn config(text: &str, environment: &BTreeMap<&'static str, String>) -> Config {
        let pairs = environment.iter().map(|(name, value)| (*name, value.as_str()));
        let environment = Environment::of(pairs);
        Config::parse("countersign.yaml", text, Path::new("/"), &environment)
            .map_err(|page| page.render(Paint::Plain))
            .unwrap_or_else(|page| panic!("{page}"))
    }

    pub(crate) fn law(&self, config: &Config) -> Law {
        let mut sources = sources();
        (self.law)(&mut sources);
        Law::parse(&sources, &adapters::known(config)).unwrap()
    }
}

/// The company of the demo, at work in Slack.
pub(crate) fn sources() -> Sources {
    let source = |name: &str, text: String| Source { name: name.to_owned(), text };
    let mut policy = demo::POLICY.replace("{ sandbox: ", "{ slack: ");
    for (id, name) in CHANNELS {
        policy = policy.replace(&format!("{{ slack: {name} }}"), &format!("{{ slack: {id} }}"));
    }
    let mut people = demo::PEOPLE.to_owned();
    for name in ["erin", "farid", "gus", "sam", "fay", "olu", "dana"] {
        let account = format!("slack: {{ team: {TEAM}, user: U0{} }}", name.to_uppercase());
        people = people.replace(&format!("sandbox: {{ team: demo, user: {name} }}"), &account);
    }
    Sources {
        policy: source("policy.yaml", policy),
        catalogue: source("catalogue.yaml", demo::CATALOGUE.to_owned()),
        people: source("people.yaml", people),
    }
}

/// Replaces what must be there.
#[track_caller]
pub(crate) fn rewrite(source: &mut Source, from: &str, to: &str) {
    assert!(source.text.contains(from), "`{from}` is not in {}", source.name);
    source.text = source.text.replace(from, to);
}
