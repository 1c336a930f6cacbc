//! `countersign slack`: what an operator does with Slack from the command line.

use clap::{Args, Subcommand};
use countersign_slack::install::install_link;

use super::{ConfigFile, End, Failure, output};
use crate::{
    adapters,
    clock::{Clock, Seeds},
    means::Means,
};

/// What to do.
#[derive(Debug, Args)]
pub struct Slack {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// A link that installs the app in one more workspace. It works once, for ten minutes.
    InstallLink,
}

/// Does it, on the database of the running service.
pub async fn run(slack: Slack) -> Result<End, Failure> {
    let mut config = output::config(&slack.file.config)?;
    let Act::InstallLink = slack.act;
    if config.slack.as_ref().and_then(|slack| slack.install.as_ref()).is_none() {
        return Err("`slack.install` is not configured: it says where the app may go".into());
    }
    let means = Means::beside(&mut config, Clock::system(), Seeds::system()).await?;
    let link = install_link(&config.public_url, &adapters::slack::marks(&means)).await?;
    means.store.close().await;
    output::talk("Open this link in a browser within ten minutes; it works once:");
    output::data(&link);
    Ok(End::Yes)
}
