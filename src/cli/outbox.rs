//! `countersign outbox`: what could not be delivered, and sending it again.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{ConfigFile, End, Failure, output};
use crate::{clock::Clock, store::Store};

/// How many dead letters are listed.
const MOST: i64 = 1000;

/// What to do with the dead letters.
#[derive(Debug, Args)]
pub struct Outbox {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// What was given up, and what may or may not have arrived (`unknown`), oldest first.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Send callbacks again that were given up. Ids, bytes and order stay as they were.
    Redrive {
        /// Only this event: `evt_…`.
        #[arg(long)]
        id: Option<String>,
        /// Only the events of this client.
        #[arg(long)]
        client: Option<String>,
        /// Also call their endpoints again that answered 410.
        #[arg(long)]
        enable: bool,
    },
}

/// Does it, on the database itself.
pub async fn run(outbox: Outbox) -> Result<End, Failure> {
    let config = output::config(&outbox.file.config)?;
    let store = Store::existing(config.database.expose_secret()).await?;
    match outbox.act {
        Act::List { json } => list(&store, json).await?,
        Act::Redrive { id, client, enable } => {
            if enable {
                store.enable(id.as_deref(), client.as_deref()).await?;
            }
            let now_us = Clock::system().now().as_microsecond();
            let due = store.redrive(now_us, id.as_deref(), client.as_deref()).await?;
            let callbacks = output::count(due, "callback is", "callbacks are");
            output::talk(&format!("{callbacks} due again"));
        }
    }
    store.close().await;
    Ok(End::Yes)
}

async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let letters = store.dead_letters(MOST).await?;
    for letter in &letters {
        if json {
            output::data(&serde_json::to_string(letter)?);
            continue;
        }
        let since = Timestamp::from_microsecond(letter.created_at_us)?;
        output::data(&format!(
            "{}  {}  {}  {}  {}  {} since {since:.0}  {}",
            letter.state,
            letter.id,
            letter.request,
            letter.target,
            letter.address,
            output::count(letter.attempts, "attempt", "attempts"),
            letter.error.as_deref().unwrap_or("-"),
        ));
    }
    if letters.is_empty() {
        output::talk("nothing was given up");
    }
    Ok(())
}
