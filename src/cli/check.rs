//! `countersign check`: everything that is wrong with the configuration and its files, at once.

use clap::Args;

use super::{ConfigFile, End, Failure, output};
use crate::{
    adapters,
    law::{Law, Sources},
};

/// What to check.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
}

/// Checks without starting anything.
pub fn run(check: &Check) -> Result<End, Failure> {
    let config = output::config(&check.file.config)?;
    let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
    let law = Law::parse(&sources, &adapters::known(&config))
        .map_err(|faulty| output::law_faults(&faulty))?;
    let found = [
        output::count(config.clients.len(), "client", "clients"),
        output::count(law.policy.rules.len(), "rule", "rules"),
        output::count(law.policy.guardrails.len(), "guardrail", "guardrails"),
        output::count(law.people.iter().count(), "person", "people"),
    ];
    let warned = sources.faulty(law.warnings().iter().cloned());
    if !warned.is_empty() {
        output::talk(&output::found(&warned));
    }
    output::talk(&format!("no faults: {}", found.join(", ")));
    Ok(End::Yes)
}
