//! What the service is compared with, each a hidden command of this program so that it gets the
//! same core and starts as empty: the limits of the machine, and the ways to build it that come to
//! mind first.

mod echo;
mod limits;
mod naive;
mod post;
mod settle;
mod unit;
mod update;

use std::{net::SocketAddr, path::PathBuf};

use clap::Subcommand;

use crate::failure::Failure;

pub(crate) use self::{limits::Limits, post::Drained, update::Updates};

/// A hidden command.
#[derive(Debug, Subcommand)]
pub(crate) enum Peer {
    /// An axum server that reads a body and answers as much.
    Echo { listen: SocketAddr },
    /// A pool of ten connections, a transaction for each request, an insert for each row.
    Naive { listen: SocketAddr, folder: PathBuf },
    /// What disk and database take.
    Limits { folder: PathBuf, milliseconds: u64 },
    /// Callbacks in a loop, nothing else.
    Post { to: SocketAddr, count: u64, connections: usize },
    /// Callbacks claimed, sent and settled one by one.
    Settle { to: SocketAddr, count: u64, connections: usize, folder: PathBuf },
    /// Rows that change once, in a database that is empty.
    Update { url: String, milliseconds: u64 },
}

/// Does what was asked for; a result goes to stdout as one line of JSON.
pub(crate) async fn run(peer: Peer) -> Result<(), Failure> {
    match peer {
        Peer::Echo { listen } => echo::serve(listen).await,
        Peer::Naive { listen, folder } => naive::serve(listen, &folder).await,
        Peer::Limits { folder, milliseconds } => {
            tell(&limits::measure(&folder, milliseconds).await?)
        }
        Peer::Post { to, count, connections } => tell(&post::drain(to, count, connections).await?),
        Peer::Settle { to, count, connections, folder } => {
            tell(&settle::drain(to, count, connections, &folder).await?)
        }
        Peer::Update { url, milliseconds } => tell(&update::measure(&url, milliseconds).await?),
    }
}

fn tell(result: &impl serde::Serialize) -> Result<(), Failure> {
    anstream::println!("{}", serde_json::to_string(result)?);
    Ok(())
}
