//! `countersign-fake-teams`: the fake Teams as a program, for clients in other languages. It prints
//! one JSON line and serves until it is stopped.

use std::{error::Error, fs::File, path::PathBuf, sync::Arc};

use clap::Parser;
use countersign_fake_teams::{FakeTeams, seed::Seed};
use jiff::Timestamp;
use serde_json::json;

/// A Teams that remembers, on 127.0.0.1.
#[derive(Debug, Parser)]
struct Arguments {
    /// Listen here; a free port without it.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The world at the start.
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// Where the bot listens, such as `http://127.0.0.1:8080/teams/messages`.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let seed: Seed = serde_json::from_reader(File::open(&arguments.seed)?)?;
    #[expect(clippy::disallowed_methods, reason = "this program lives in the system's time")]
    let clock = Arc::new(Timestamp::now);
    let teams = FakeTeams::start_at(arguments.port, seed.bot.clone(), clock).await?;
    if let Some(endpoint) = &arguments.endpoint {
        teams.connect(endpoint);
    }
    teams.sow(seed);
    let line = json!({
        "service_url": teams.service_url(),
        "openid_metadata_url": teams.openid_metadata_url(),
        "token_url": teams.token_url(),
    });
    anstream::println!("{line}");
    std::future::pending().await
}
