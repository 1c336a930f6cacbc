//! `countersign policy check`: everything that is wrong with the policy, at once.

use clap::Args;

use super::{Which, page, sarif};
use crate::{
    adapters,
    cli::{End, Failure, output},
    domain::diagnostic::Severity,
    law::{Faulty, Law, Sources},
};

/// What to check, and how it is told.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    which: Which,
    /// Warnings count as faults too.
    #[arg(long)]
    strict: bool,
    /// One JSON object a line, for each finding.
    #[arg(long)]
    json: bool,
    /// A SARIF 2.1.0 log, for code hosts.
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

/// Checks without starting anything.
pub fn run(check: &Check) -> Result<End, Failure> {
    let (config, sources) = check.which.read()?;
    let faulty = match Law::parse(&sources, &adapters::known(&config)) {
        Ok(law) => found(&law, &sources),
        Err(faulty) => faulty,
    };
    tell(check, &faulty)?;
    let mut all = faulty.iter().flat_map(|file| &file.faults);
    let counts = |severity: Severity| check.strict || severity == Severity::Error;
    Ok(if all.any(|fault| counts(fault.severity)) { End::No } else { End::Yes })
}

fn found(law: &Law, sources: &Sources) -> Vec<Faulty> {
    sources.faulty(law.warnings().iter().cloned())
}

fn tell(check: &Check, faulty: &[Faulty]) -> Result<(), Failure> {
    if check.sarif {
        output::data(&serde_json::to_string_pretty(&sarif::log(faulty))?);
    } else if check.json {
        for line in page::all(faulty) {
            output::data(&serde_json::to_string(&line)?);
        }
    } else if faulty.is_empty() {
        output::talk("nothing to find fault with");
    } else {
        output::talk(&output::found(faulty));
    }
    Ok(())
}
