//! `countersign policy history`: which policy was in force since when, and what was refused.

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::{
    cli::{ConfigFile, End, Failure, output},
    store::{Store, law_change::LawChange},
};

/// How much of it.
#[derive(Debug, Args)]
pub struct History {
    #[command(flatten)]
    file: ConfigFile,
    /// So many lines at most, the newest first.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Reads the database.
pub async fn run(history: &History) -> Result<End, Failure> {
    let config = output::config(&history.file.config)?;
    let store = Store::existing(config.database.expose_secret()).await?;
    let changes = store.law_changes(history.limit.into()).await;
    store.close().await;
    for change in changes? {
        if history.json {
            output::data(&serde_json::to_string(&change)?);
        } else {
            tell(&change);
        }
    }
    Ok(End::Yes)
}

fn tell(change: &LawChange) {
    let LawChange { at, result, policy_sha256, body, .. } = change;
    let result = result.replace('_', " ");
    output::data(&format!("{at:.0}  {result}  policy {policy_sha256}"));
    let diffs = body.get("diff").and_then(Value::as_object).into_iter().flatten();
    for line in diffs.filter_map(|(_, diff)| diff.as_str()).flat_map(str::lines) {
        output::data(&format!("    {line}"));
    }
    for fault in body.get("faults").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| fault.get(key).map(Value::to_string).unwrap_or_default();
        output::data(&format!("    line {}: {}", text("line"), text("message")));
    }
}
