//! A throw-away place for one service: its database and a configuration like any other, with the
//! demo's company and secrets that are worth nothing.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use countersign_fake_teams::world::{Bot, object};
use countersign_sandbox::demo;
use tempfile::TempDir;

use crate::{
    database::{Database, Engine},
    failure::Failure,
    tenant::{self, TENANT, THREAD, Tenant},
    tools::Tools,
    workspace::{APP, CHANNELS, TEAM, TS, account},
};

/// The key of the only client.
pub(crate) const API_KEY: &str = "cs_bench_0123456789abcdefghijklmnopqrstuv";
/// What Slack signs with.
pub(crate) const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const BOT_TOKEN: &str = "xoxb-000000000000-000000000000-bench";
/// Seals what the adapter for Teams keeps.
const ENCRYPTION_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The key of the sandbox's door.
const PAGE_KEY: &str = "0123456789abcdef0123456789abcdef";
const PREFIX: &str = "countersign-bench-";
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Files and database of one service; gone when dropped.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) database: Database,
    folder: TempDir,
    message: (String, String),
}

/// Where its cards go.
#[derive(Debug, Clone, Copy)]
enum Chat<'t> {
    Sandbox,
    /// The workspace at this address.
    Slack(SocketAddr),
    Teams(&'t Tenant),
}

impl Site {
    /// Writes everything. Outcomes are called back at `receiver`.
    pub(crate) async fn make(
        engine: &Engine,
        within: &Path,
        receiver: SocketAddr,
    ) -> Result<Self, Failure> {
        Self::with(engine, within, receiver, Chat::Sandbox).await
    }

    /// The same company, at work in a workspace of Slack.
    pub(crate) async fn in_slack(engine: &Engine, tools: &Tools) -> Result<Self, Failure> {
        let chat = Chat::Slack(tools.workspace);
        Self::with(engine, &tools.folder, tools.receiver, chat).await
    }

    /// The same company, at work in Teams.
    pub(crate) async fn in_teams(
        engine: &Engine,
        tools: &Tools,
        tenant: &Tenant,
    ) -> Result<Self, Failure> {
        Self::with(engine, &tools.folder, tools.receiver, Chat::Teams(tenant)).await
    }

    async fn with(
        engine: &Engine,
        within: &Path,
        receiver: SocketAddr,
        chat: Chat<'_>,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix(&prefix()).tempdir_in(within)?;
        let database = engine.database(folder.path()).await?;
        let address = free_address()?;
        let site = Self { address, database, folder, message: chat.message() };
        for (name, text) in [
            ("policy.yaml", chat.policy().as_str()),
            ("catalogue.yaml", &chat.catalogue()),
            ("people.yaml", &chat.people()),
            ("countersign.yaml", &site.configuration(receiver, chat)),
        ] {
            fs::write(site.path(name), text)?;
        }
        for (name, text) in [
            ("api.key", API_KEY),
            ("page.key", PAGE_KEY),
            ("webhook.key", WEBHOOK_SECRET),
            ("signing.key", SIGNING_SECRET),
            ("bot.key", &chat.secret()),
            ("encryption.key", ENCRYPTION_KEY),
        ] {
            write_secret(&site.path(name), text)?;
        }
        Ok(site)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands before and behind the channel in the name of every posted card.
    pub(crate) fn message(&self) -> (&str, &str) {
        let (before, after) = &self.message;
        (before, after)
    }

    fn configuration(&self, receiver: SocketAddr, chat: Chat<'_>) -> String {
        let Self { address, database, .. } = self;
        let (id, name, url) = (demo::CLIENT_ID, demo::CLIENT_NAME, database.url());
        format!(
            "listen: {address}
public_url: http://{address}
database: \"{url}\"
policy: policy.yaml
catalogue: catalogue.yaml
people: people.yaml
clients:
  - id: {id}
    name: {name}
    api_keys: [{{ file: api.key }}]
    webhook_secret: {{ file: webhook.key }}
    callbacks: [\"{}\"]
    scopes: [\"*\"]
    trust: trusted
{}
egress: {{ allow: [127.0.0.1/32] }}
limits: {{ requests_per_second: 100000, pending_per_client: 1000000 }}
",
            callback_endpoint(receiver),
            chat.configuration(),
        )
    }
}

impl Chat<'_> {
    fn configuration(self) -> String {
        match self {
            Self::Sandbox => {
                let channels = demo::CHANNELS.join(", ");
                format!("sandbox: {{ channels: [{channels}], key: {{ file: page.key }} }}")
            }
            Self::Slack(workspace) => format!(
                "slack:
  api_url: \"http://{workspace}/api\"
  app_id: {APP}
  signing_secret: {{ file: signing.key }}
  workspaces: [{{ team: {TEAM}, bot_token: {{ file: bot.key }} }}]"
            ),
            Self::Teams(tenant) => format!(
                "encryption_key: {{ file: encryption.key }}
teams:
  app_id: {}
  tenant_id: {TENANT}
  client_secret: {{ file: bot.key }}
  openid_metadata_url: \"{}\"
  token_url: \"{}\"
  service_hosts: [127.0.0.1]",
                tenant::APP,
                tenant.login.openid_metadata_url(),
                tenant.login.token_url(),
            ),
        }
    }

    /// What the bot proves itself with.
    fn secret(self) -> String {
        match self {
            Self::Sandbox | Self::Slack(_) => BOT_TOKEN.to_owned(),
            Self::Teams(_) => Bot::named(tenant::APP, TENANT).secret,
        }
    }

    fn policy(self) -> String {
        match self {
            Self::Sandbox => demo::POLICY.to_owned(),
            Self::Slack(_) => addressed("slack"),
            Self::Teams(_) => addressed("teams"),
        }
    }

    /// In chat one click is to say yes: where the risk is high there is a form before it.
    fn catalogue(self) -> String {
        match self {
            Self::Sandbox => demo::CATALOGUE.to_owned(),
            Self::Slack(_) | Self::Teams(_) => {
                demo::CATALOGUE.replace("risk: high", "risk: medium")
            }
        }
    }

    fn people(self) -> String {
        match self {
            Self::Sandbox => demo::PEOPLE.to_owned(),
            Self::Slack(_) => {
                linked(|id| format!("slack: {{ team: {TEAM}, user: {} }}", account(id)))
            }
            Self::Teams(_) => {
                linked(|id| format!("teams: {{ tenant: {TENANT}, object: {} }}", object(id)))
            }
        }
    }

    /// What stands before and behind the channel in the name of a message.
    fn message(self) -> (String, String) {
        match self {
            Self::Sandbox | Self::Slack(_) => (format!("{TEAM}/"), format!("/{TS}")),
            Self::Teams(_) => (format!("{TENANT}|"), format!("{THREAD}|1")),
        }
    }
}

/// The demo's policy with the addresses of a platform.
fn addressed(platform: &str) -> String {
    CHANNELS.iter().fold(demo::POLICY.to_owned(), |policy, (id, name)| {
        policy.replace(&format!("{{ sandbox: {name} }}"), &format!("{{ {platform}: {id} }}"))
    })
}

/// The demo's people with the accounts of a platform.
fn linked(account: impl Fn(&str) -> String) -> String {
    demo::PERSONAS.iter().fold(demo::PEOPLE.to_owned(), |people, persona| {
        let sandbox = format!("sandbox: {{ team: {}, user: {} }}", demo::TEAM, persona.id);
        people.replace(&sandbox, &account(persona.id))
    })
}

/// Folders are named after the process that made them.
pub(crate) fn prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// A run that was killed could not tidy up: its folders are named after a process that is no more.
pub(crate) fn remove_abandoned(within: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(within)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Where outcomes are called back.
pub(crate) fn callback_endpoint(receiver: SocketAddr) -> String {
    format!("http://{receiver}/callback")
}

/// An address that nobody uses now. Between this and its use somebody could take it; then the
/// service says so and the run ends.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The service refuses secrets that everybody may read.
fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(secret.as_bytes())
}
