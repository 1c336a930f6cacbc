//! `countersign policy check`: everything that is wrong with the policy, at once.

use clap::Args;

use super::{Which, online, page, sarif, test};
use crate::{
    adapters,
    cli::{End, Failure, output},
    config::Config,
    domain::diagnostic::Severity,
    law::{
        Faulty, Known, Law, Source, Sources,
        rehearsal::{self, Script},
    },
};

/// What to check, and how it is told.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Check {
    #[command(flatten)]
    which: Which,
    /// Ask chat products and directories too whether channels, groups and people are there.
    #[arg(long)]
    online: bool,
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

/// Checks without starting anything. What cannot be read asks nobody.
pub async fn run(check: &Check) -> Result<End, Failure> {
    let (config, sources) = check.which.read()?;
    let known = adapters::known(&config);
    let faulty = match Law::parse(&sources, &known) {
        Ok(law) => {
            let mut faulty = found(&law, &sources, &config, &known)?;
            if check.online {
                faulty.extend(online::ask(config, &sources, &law).await?);
            }
            faulty
        }
        Err(faulty) => faulty,
    };
    tell(check, &faulty)?;
    let mut all = faulty.iter().flat_map(|file| &file.faults);
    let counts = |severity: Severity| check.strict || severity == Severity::Error;
    Ok(if all.any(|fault| counts(fault.severity)) { End::No } else { End::Yes })
}

/// What is in force all the same, and what the test file says, if there is one.
fn found(
    law: &Law,
    sources: &Sources,
    config: &Config,
    known: &Known,
) -> Result<Vec<Faulty>, Failure> {
    let mut warnings = law.warnings().to_vec();
    let cases = test::beside(&config.policy);
    let mut broken = None;
    if cases.exists() {
        let source = Source::read(&cases)?;
        match Script::parse(&source.text, law) {
            Ok(script) => {
                let reached = script.play(law, &known.platforms).reached;
                warnings.extend(rehearsal::untested(law, &reached));
            }
            Err(faults) => broken = Some(Faulty { source, faults }),
        }
    }
    let mut faulty = sources.faulty(warnings);
    faulty.extend(broken);
    Ok(faulty)
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
