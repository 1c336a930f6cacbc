//! What the service is compared with, as processes: started on the service's core, asked, ended.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::{
    database::Engine,
    failure::Failure,
    peer::{Drained, Limits, Updates},
    service::memory_mib,
    site::{self, free_address},
    tools::Tools,
    wire::Wire,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A server of the other kind; killed when dropped.
#[derive(Debug)]
pub(crate) struct Rival {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Rival {
    pub(crate) async fn echo(tools: &Tools) -> Result<Self, Failure> {
        let (address, folder) = (free_address()?, folder(tools)?);
        let command = tools.peer(&["echo", &address.to_string()]);
        Self::start(address, folder, command).await
    }

    pub(crate) async fn naive(tools: &Tools) -> Result<Self, Failure> {
        let (address, folder) = (free_address()?, folder(tools)?);
        let path = folder.path().display().to_string();
        let command = tools.peer(&["naive", &address.to_string(), &path]);
        Self::start(address, folder, command).await
    }

    pub(crate) async fn start(
        address: SocketAddr,
        folder: TempDir,
        mut command: Command,
    ) -> Result<Self, Failure> {
        let child = command.stdin(Stdio::null()).spawn()?;
        let rival = Self { address, child, folder };
        let start = Instant::now();
        while Wire::connect(address).await.is_err() {
            if start.elapsed() > PATIENCE {
                return Err("what it is compared with did not start".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(rival)
    }

    /// Resident memory now and at most so far, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<(f64, f64), Failure> {
        memory_mib(self.child.id())
    }

    /// A file in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Rival {
    /// Best effort: it may have ended already.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The limits of disk and database, now.
pub(crate) fn limits(tools: &Tools) -> Result<Limits, Failure> {
    let folder = folder(tools)?;
    let milliseconds = (tools.scale.lasting() / 2).as_millis().to_string();
    said(tools.peer(&["limits", &folder.path().display().to_string(), &milliseconds]))
}

/// Callbacks in a loop. The receiver is in this process, so that it must not be waited for here.
pub(crate) async fn post(
    tools: &Tools,
    count: usize,
    connections: usize,
) -> Result<Drained, Failure> {
    let (to, count) = (tools.receiver.to_string(), count.to_string());
    let command = tools.peer(&["post", &to, &count, &connections.to_string()]);
    tokio::task::spawn_blocking(move || said(command)).await?
}

/// Callbacks claimed, sent and settled one by one.
pub(crate) async fn settle(
    tools: &Tools,
    count: usize,
    connections: usize,
) -> Result<Drained, Failure> {
    let folder = folder(tools)?;
    let (to, count) = (tools.receiver.to_string(), count.to_string());
    let path = folder.path().display().to_string();
    let command = tools.peer(&["settle", &to, &count, &connections.to_string(), &path]);
    tokio::task::spawn_blocking(move || said(command)).await?
}

/// Conditional updates in a database of the same kind.
pub(crate) async fn update(tools: &Tools, engine: &Engine) -> Result<Updates, Failure> {
    let folder = folder(tools)?;
    let database = engine.database(folder.path()).await?;
    let milliseconds = tools.scale.lasting().as_millis().to_string();
    let command = tools.peer(&["update", &database.url(), &milliseconds]);
    let updates = tokio::task::spawn_blocking(move || said(command)).await??;
    database.remove().await?;
    Ok(updates)
}

pub(crate) fn folder(tools: &Tools) -> Result<TempDir, Failure> {
    Ok(tempfile::Builder::new().prefix(&site::prefix()).tempdir_in(&tools.folder)?)
}

fn said<T: DeserializeOwned>(mut command: Command) -> Result<T, Failure> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("what it is compared with ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
