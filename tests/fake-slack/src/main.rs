//! `countersign-fake-slack`: the fake Slack as a program, for clients in other languages. It prints
//! one JSON line and serves until it is stopped.

use std::{error::Error, fs::File, path::PathBuf, sync::Arc};

use clap::Parser;
use countersign_fake_slack::{FakeSlack, seed::Seed, world::Endpoints};
use jiff::Timestamp;
use serde_json::json;

/// A Slack that remembers, on 127.0.0.1.
#[derive(Debug, Parser)]
struct Arguments {
    /// Listen here; a free port without it.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The world at the start.
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// Where the app listens: its base, below which /slack/interactions and the others lie.
    #[arg(long, value_name = "URL")]
    app_url: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let seed: Seed = serde_json::from_reader(File::open(&arguments.seed)?)?;
    #[expect(clippy::disallowed_methods, reason = "this program lives in the system's time")]
    let clock = Arc::new(Timestamp::now);
    let slack = FakeSlack::start_at(arguments.port, seed.app.clone(), clock).await?;
    if let Some(url) = &arguments.app_url {
        slack.connect(Endpoints::below(url));
    }
    let tokens = slack.sow(seed);
    let line = json!({ "url": slack.url(), "api_url": slack.api_url(), "tokens": tokens });
    anstream::println!("{line}");
    std::future::pending().await
}
