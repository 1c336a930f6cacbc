//! `countersign policy …`: a policy proven before it is in force.

pub mod check;
pub mod diff;
pub mod explain;
pub mod history;
pub mod test;
mod online;
mod page;
mod sarif;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigFile, End, Failure, output};
use crate::{config::Config, law::Sources};

/// What to prove.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say everything that is wrong with the policy: slips, dead rules, asks nobody can fulfil.
    Check(check::Check),
    /// Play the cases of the test file, in virtual time, and say which rules they reach.
    Test(test::Test),
    /// Say what would become of a request, and why.
    Explain(explain::Explain),
    /// Say which recorded requests another policy would decide otherwise.
    Diff(diff::Diff),
    /// Say when which policy came into force, and what was refused.
    History(history::History),
}

/// Which policy.
#[derive(Debug, Clone, Args)]
pub struct Which {
    #[command(flatten)]
    file: ConfigFile,
    /// A policy file, instead of the one that the configuration names.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Does what was asked for.
pub async fn run(policy: Policy) -> Result<End, Failure> {
    match policy {
        Policy::Check(check) => check::run(&check).await,
        Policy::Test(test) => test::run(&test),
        Policy::History(history) => history::run(&history).await,
        Policy::Diff(diff) => diff::run(&diff).await,
        Policy::Explain(explain) => explain::run(&explain),
    }
}

impl Which {
    /// The configuration, and the files of the law as they stand.
    fn read(&self) -> Result<(Config, Sources), Failure> {
        let mut config = output::config(&self.file.config)?;
        if let Some(policy) = &self.policy {
            config.policy.clone_from(policy);
        }
        let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
        Ok((config, sources))
    }
}
