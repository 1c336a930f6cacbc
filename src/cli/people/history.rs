//! `countersign people history`: what was changed, the newest first.

use clap::Args;
use secrecy::ExposeSecret;

use crate::{
    cli::{ConfigFile, End, Failure, output, table},
    store::{Store, people_change::PeopleChange},
};

/// How much of it.
#[derive(Debug, Args)]
pub struct History {
    #[command(flatten)]
    file: ConfigFile,
    /// So many lines at most.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Reads the database.
pub(super) async fn run(history: &History) -> Result<End, Failure> {
    let config = output::config(&history.file.config)?;
    let store = Store::existing(config.database.expose_secret()).await?;
    let changes = store.people_changes(history.limit.into()).await;
    store.close().await;
    for change in changes? {
        if history.json {
            output::data(&serde_json::to_string(&change)?);
        } else {
            let PeopleChange { at, actor, what, subject, body, .. } = change;
            let what = what.replace('_', " ");
            output::data(&format!(
                "{at:.0}  {actor}: {what} {subject}  {}",
                table::safe(&body.to_string())
            ));
        }
    }
    Ok(End::Yes)
}
