//! What every measurement works with.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    database::Engine,
    failure::Failure,
    pin::Pin,
    press::Presses,
    receiver::{Gate, Receiver},
    scale::Scale,
    site::Site,
    tenant::Tenant,
    workspace::Workspace,
};

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
    /// The workspace of Slack.
    pub(crate) workspace: SocketAddr,
    /// Whether the programs of others are measured too.
    pub(crate) peers: Peers,
}

/// Whether the programs of others are measured too: they are installed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peers {
    Measured,
    Left,
}

/// Everybody whom the service calls.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) receiver: Receiver,
    pub(crate) workspace: Workspace,
    pub(crate) tenant: Tenant,
}

impl Outside {
    /// Whether they answer.
    pub(crate) fn set(&self, gate: Gate) {
        self.receiver.set(gate);
        self.workspace.doorway.set(gate);
        self.tenant.doorway.set(gate);
    }
}

impl Tools {
    /// Makes the clicks in Slack of a site.
    pub(crate) fn presses(&self, site: &Site) -> Presses {
        Presses { to: site.address, workspace: self.workspace }
    }

    /// A hidden command of this program, on the other side's core.
    pub(crate) fn peer(&self, arguments: &[&str]) -> Command {
        let mut command = self.pin.command(&self.this);
        command.arg("peer").args(arguments);
        command
    }
}

/// Builds the service as it is shipped and says where its program is: beside this one.
pub(crate) fn built_server(this: &Path) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--profile", "dist", "--bins"]);
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
