//! Bolt for JavaScript with better-sqlite3: what a user would otherwise take for clicks that must
//! not be lost. Its packages are installed as its lock file says; it gets the service's core.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sqlx::{AnyConnection, Connection};

use crate::{
    failure::Failure,
    rival::{self, Rival},
    site::{SIGNING_SECRET, free_address},
    tools::{Peers, Tools},
};

const FILES: [(&str, &str); 3] = [
    ("app.mjs", include_str!("../peers/bolt-js/app.mjs")),
    ("package.json", include_str!("../peers/bolt-js/package.json")),
    (LOCK, include_str!("../peers/bolt-js/package-lock.json")),
];
const LOCK: &str = "package-lock.json";
/// The lock file that the packages were installed by.
const INSTALLED: &str = "node_modules/installed-from";
const DATABASE: &str = "bolt.db";

/// Its program, ready to be started.
#[derive(Debug)]
pub(crate) struct Bolt {
    folder: PathBuf,
}

/// Bolt, listening.
#[derive(Debug)]
pub(crate) struct Running(Rival);

impl Bolt {
    /// Installs it, or says why not.
    pub(crate) fn install(tools: &Tools) -> Result<Self, String> {
        if tools.peers == Peers::Left {
            return Err("--peers measures it as well".to_owned());
        }
        if !["node", "npm"].into_iter().all(answers) {
            return Err("there is no Node.js with npm here".to_owned());
        }
        let folder = tools.folder.join("peers/bolt-js");
        unpack(&folder).map_err(|failure| format!("npm ci: {failure}"))?;
        Ok(Self { folder })
    }

    /// Starts it on an empty database.
    pub(crate) async fn start(&self, tools: &Tools) -> Result<Running, Failure> {
        let (address, folder) = (free_address()?, rival::folder(tools)?);
        let mut command = tools.pin.command(Path::new("node"));
        command.current_dir(&self.folder).env("NODE_ENV", "production").arg("app.mjs");
        command.args([address.ip().to_string(), address.port().to_string()]);
        command.arg(folder.path().join(DATABASE)).arg(SIGNING_SECRET);
        Ok(Running(Rival::start(address, folder, command).await?))
    }
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Resident memory at most so far, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64, Failure> {
        self.0.memory_mib().map(|(_, peak)| peak)
    }

    /// The clicks that it has written down.
    pub(crate) async fn votes(&self) -> Result<i64, Failure> {
        let url = format!("sqlite:{}", self.0.path(DATABASE).display());
        let mut connection = AnyConnection::connect(&url).await?;
        let question = sqlx::query_scalar("select count(*) from vote");
        let votes = question.fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(votes)
    }
}

/// Installs again only where the lock file is not the one installed before.
fn unpack(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    for (name, text) in FILES {
        fs::write(folder.join(name), text)?;
    }
    let wanted = fs::read(folder.join(LOCK))?;
    if fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut command = Command::new("npm");
    command.current_dir(folder).args(["ci", "--no-audit", "--no-fund"]);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("it ended with {status}").into());
    }
    Ok(fs::write(folder.join(INSTALLED), wanted)?)
}

fn answers(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
