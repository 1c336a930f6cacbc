//! A throw-away place for one service: its database and a configuration like any other, with the
//! demo's company and secrets that are worth nothing.

pub(crate) mod bank;
mod chat;

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use countersign_sandbox::demo;
use tempfile::TempDir;

use self::chat::Chat;
use crate::{
    database::{Database, Engine},
    failure::Failure,
    realm::{self, PATH_SECRET, Realm},
    tenant::Tenant,
    tools::Tools,
};

/// The key of the only client.
pub(crate) const API_KEY: &str = "cs_bench_0123456789abcdefghijklmnopqrstuv";
/// What Slack signs with.
pub(crate) const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// Seals what adapters keep.
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

impl Site {
    /// Writes everything. Outcomes are called back at `receiver`.
    pub(crate) async fn make(
        engine: &Engine,
        within: &Path,
        receiver: SocketAddr,
    ) -> Result<Self, Failure> {
        Self::with(engine, within, receiver, Chat::default(), None).await
    }

    /// The same company, at work in a workspace of Slack.
    pub(crate) async fn in_slack(engine: &Engine, tools: &Tools) -> Result<Self, Failure> {
        let chat = Chat { slack: Some(tools.workspace), teams: None };
        Self::with(engine, &tools.folder, tools.receiver, chat, None).await
    }

    /// The same company, at work in Teams.
    pub(crate) async fn in_teams(
        engine: &Engine,
        tools: &Tools,
        tenant: &Tenant,
    ) -> Result<Self, Failure> {
        let chat = Chat { slack: None, teams: Some(tenant) };
        Self::with(engine, &tools.folder, tools.receiver, chat, None).await
    }

    /// The same company, at work in both, where a realm of Keycloak's asks.
    pub(crate) async fn behind_keycloak(
        engine: &Engine,
        tools: &Tools,
        tenant: &Tenant,
        realm: &Realm,
    ) -> Result<Self, Failure> {
        let chat = Chat { slack: Some(tools.workspace), teams: Some(tenant) };
        Self::with(engine, &tools.folder, tools.receiver, chat, Some(realm)).await
    }

    async fn with(
        engine: &Engine,
        within: &Path,
        receiver: SocketAddr,
        chat: Chat<'_>,
        realm: Option<&Realm>,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix(&prefix()).tempdir_in(within)?;
        let database = engine.database(folder.path()).await?;
        let address = free_address()?;
        let site = Self { address, database, folder, message: chat.message() };
        for (name, text) in [
            ("policy.yaml", chat.policy().as_str()),
            ("catalogue.yaml", &chat.catalogue()),
            ("people.yaml", &chat.people()),
            ("countersign.yaml", &site.configuration(receiver, chat, realm)),
        ] {
            fs::write(site.path(name), text)?;
        }
        for (name, text) in [
            ("api.key", API_KEY),
            ("page.key", PAGE_KEY),
            ("webhook.key", WEBHOOK_SECRET),
            ("signing.key", SIGNING_SECRET),
            ("slack.key", chat::BOT_TOKEN),
            ("teams.key", &chat::teams_secret()),
            ("keycloak.key", PATH_SECRET),
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

    fn configuration(&self, receiver: SocketAddr, chat: Chat<'_>, realm: Option<&Realm>) -> String {
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
{}{}
egress: {{ allow: [127.0.0.1/32] }}
limits: {{ requests_per_second: 100000, pending_per_client: 1000000 }}
",
            callback_endpoint(receiver),
            realm.map(keycloak).unwrap_or_default(),
            chat.configuration(),
        )
    }
}

/// The client's other name, and the realm in which it has it.
fn keycloak(realm: &Realm) -> String {
    let (issuer, expires_in) = (realm.issuer(), realm::EXPIRES_IN_S);
    format!(
        "    tokens: [{{ issuer: \"{issuer}\", client_id: {} }}]
keycloak:
  - name: main
    issuers: [\"{issuer}\"]
    path_secret: {{ file: keycloak.key }}
    realm_expires_in: {expires_in}
",
        demo::CLIENT_ID
    )
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
