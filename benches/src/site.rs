//! A throw-away place for one service: its database and a configuration like any other, with the
//! demo's company and secrets that are worth nothing.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use countersign_sandbox::demo;
use tempfile::TempDir;

use crate::{
    database::{Database, Engine},
    failure::Failure,
};

/// The key of the only client.
pub(crate) const API_KEY: &str = "cs_bench_0123456789abcdefghijklmnopqrstuv";
/// The key of the sandbox's door.
pub(crate) const PAGE_KEY: &str = "0123456789abcdef0123456789abcdef";
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Files and database of one service; gone when dropped.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) database: Database,
    folder: TempDir,
}

impl Site {
    /// Writes everything. Outcomes are called back at `receiver`.
    pub(crate) async fn make(
        engine: &Engine,
        within: &Path,
        receiver: SocketAddr,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-").tempdir_in(within)?;
        let database = engine.database(folder.path()).await?;
        let address = free_address()?;
        let site = Self { address, database, folder };
        for (name, text) in [
            ("policy.yaml", demo::POLICY),
            ("catalogue.yaml", demo::CATALOGUE),
            ("people.yaml", demo::PEOPLE),
            ("countersign.yaml", &site.configuration(receiver)),
        ] {
            fs::write(site.path(name), text)?;
        }
        for (name, text) in
            [("api.key", API_KEY), ("page.key", PAGE_KEY), ("webhook.key", WEBHOOK_SECRET)]
        {
            write_secret(&site.path(name), text)?;
        }
        Ok(site)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self, receiver: SocketAddr) -> String {
        let Self { address, database, .. } = self;
        let (id, name, url) = (demo::CLIENT_ID, demo::CLIENT_NAME, database.url());
        let channels = demo::CHANNELS.join(", ");
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
sandbox: {{ channels: [{channels}], key: {{ file: page.key }} }}
egress: {{ allow: [127.0.0.1/32] }}
limits: {{ requests_per_second: 100000, pending_per_client: 1000000 }}
",
            callback_endpoint(receiver),
        )
    }
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
