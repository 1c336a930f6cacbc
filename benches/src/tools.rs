//! What every measurement works with.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{database::Engine, failure::Failure, pin::Pin, scale::Scale};

/// Programs, places and lengths.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) scale: Scale,
    pub(crate) pin: Pin,
    /// The service's program.
    pub(crate) server: PathBuf,
    /// This program: its hidden commands are what the service is compared with.
    pub(crate) this: PathBuf,
    /// Where databases are made: on the disk of the build, never in memory.
    pub(crate) folder: PathBuf,
    /// SQLite, and PostgreSQL where there is one.
    pub(crate) engines: Vec<Engine>,
    /// Where outcomes are called back.
    pub(crate) receiver: SocketAddr,
}

impl Tools {
    /// A hidden command of this program, on the other side's core.
    pub(crate) fn peer(&self, arguments: &[&str]) -> Command {
        let mut command = self.pin.command(&self.this);
        command.arg("peer").args(arguments);
        command
    }
}

/// Builds the service in release mode and says where its program is: beside this one.
pub(crate) fn built_server(this: &Path) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--bins"]);
    // Both together: with one alone the dependencies would have other features and be built anew.
    cargo.args(["--package", "countersign", "--package", "countersign-bench"]);
    if !cargo.status()?.success() {
        return Err("the service could not be built; or name its program with --server".into());
    }
    let server = this.with_file_name("countersign");
    if server.is_file() {
        Ok(server)
    } else {
        Err("the service was built somewhere else; name its program with --server".into())
    }
}
