//! Bolt with SQLite, for JavaScript and for Python: what a user would otherwise take for clicks that
//! must not be lost. Its packages are installed as they are pinned; it gets the service's core.

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

const DATABASE: &str = "bolt.db";
/// What the packages were installed by.
const INSTALLED: &str = "installed-from";

/// What Bolt is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// With better-sqlite3.
    JavaScript,
    /// With Python's own sqlite3, served by Waitress.
    Python,
}

/// Its program, ready to be started.
#[derive(Debug)]
pub(crate) struct Bolt {
    language: Language,
    folder: PathBuf,
}

/// Bolt, listening.
#[derive(Debug)]
pub(crate) struct Running(Rival);

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::JavaScript, Self::Python];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::JavaScript => "Bolt for JavaScript",
            Self::Python => "Bolt for Python",
        }
    }

    /// The folder's name, and its files; the first is the program, the last pins the packages.
    const fn files(self) -> (&'static str, &'static [(&'static str, &'static str)]) {
        match self {
            Self::JavaScript => (
                "bolt-js",
                &[
                    ("app.mjs", include_str!("../peers/bolt-js/app.mjs")),
                    ("package.json", include_str!("../peers/bolt-js/package.json")),
                    ("package-lock.json", include_str!("../peers/bolt-js/package-lock.json")),
                ],
            ),
            Self::Python => (
                "bolt-python",
                &[
                    ("app.py", include_str!("../peers/bolt-python/app.py")),
                    ("requirements.txt", include_str!("../peers/bolt-python/requirements.txt")),
                ],
            ),
        }
    }

    /// Why it cannot be installed here, if so.
    fn lacks(self) -> Option<&'static str> {
        match self {
            Self::JavaScript => {
                let is_there = succeeds("node", &["--version"]) && succeeds("npm", &["--version"]);
                (!is_there).then_some("there is no Node.js with npm here")
            }
            Self::Python => (!succeeds("python3", &["-c", "import ensurepip"]))
                .then_some("there is no Python 3 with venv here"),
        }
    }

    /// How its packages are brought into the folder.
    fn installation(self) -> Vec<(&'static str, &'static [&'static str])> {
        match self {
            Self::JavaScript => vec![("npm", &["ci", "--no-audit", "--no-fund"])],
            Self::Python => vec![
                ("python3", &["-m", "venv", "--clear", "venv"]),
                (
                    "venv/bin/python",
                    &["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"],
                ),
            ],
        }
    }

    /// What runs the program of a folder.
    fn interpreter(self, folder: &Path) -> PathBuf {
        match self {
            Self::JavaScript => PathBuf::from("node"),
            Self::Python => folder.join("venv/bin/python"),
        }
    }
}

impl Bolt {
    /// Installs it, or says why not.
    pub(crate) fn install(language: Language, tools: &Tools) -> Result<Self, String> {
        if tools.peers == Peers::Left {
            return Err("--peers measures it as well".to_owned());
        }
        if let Some(why) = language.lacks() {
            return Err(why.to_owned());
        }
        let (name, _) = language.files();
        let folder = tools.folder.join("peers").join(name);
        unpack(language, &folder).map_err(|failure| format!("its packages: {failure}"))?;
        Ok(Self { language, folder })
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.language.name()
    }

    /// Starts it on an empty database.
    pub(crate) async fn start(&self, tools: &Tools) -> Result<Running, Failure> {
        let (address, folder) = (free_address()?, rival::folder(tools)?);
        let mut command = tools.pin.command(&self.language.interpreter(&self.folder));
        command.current_dir(&self.folder).env("NODE_ENV", "production");
        let (_, files) = self.language.files();
        command.args(files.iter().take(1).map(|(program, _)| program));
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

/// Installs again only where other packages are pinned than those installed before.
fn unpack(language: Language, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let (_, files) = language.files();
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    let wanted = files.last().map(|(_, pinned)| *pinned).unwrap_or_default();
    if fs::read_to_string(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    for (program, arguments) in language.installation() {
        let mut command = Command::new(program);
        command.current_dir(folder).args(arguments);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("`{program}` ended with {status}").into());
        }
    }
    Ok(fs::write(folder.join(INSTALLED), wanted)?)
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_pinned() {
        for language in Language::ALL {
            let (folder, files) = language.files();
            let (name, pinned) = files.last().unwrap();
            assert!(pinned.contains("slack"), "{folder}/{name}");
        }
        let (_, python) = Language::Python.files();
        assert!(python[1].1.lines().all(|line| line.contains("==")));
    }
}
