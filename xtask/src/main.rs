//! `cargo xtask`: the tasks of this repository, one file each. It installs and starts what a task
//! needs, and says in plain words what it could not have.

mod bench;
mod check;
mod command;
mod figures;
mod loopback;
mod outcome;
mod peers;
mod postgres;
mod suite;
mod test;
mod verdict;
mod workshop;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{outcome::Stop, workshop::Workshop};

/// The tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    /// The folder of the public test vectors (json/, jws/, merkle/, slack/, teams/).
    #[arg(long, env = "COUNTERSIGN_VECTORS", value_name = "DIR", global = true)]
    vectors: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run everything: style, lints, tests on both databases, the demo, the peers.
    Test(suite::Selection),
    /// The fast checks before handing over: style, lints, house rules, dependencies.
    Check,
    /// Ask programs that no one here wrote whether they agree with us.
    Peers(peers::Selection),
    /// Measure: the package countersign-bench, built as what is shipped.
    Bench(bench::Options),
    /// Print the sizes of our files and functions beside what we aim at.
    Figures,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = Workshop::open(arguments.vectors.as_deref()).and_then(|shop| match arguments.task {
        Task::Test(selection) => test::run(&shop, &selection),
        Task::Check => check::run(&shop),
        Task::Peers(selection) => peers::run(&shop, &selection),
        Task::Bench(options) => bench::run(&shop, &options),
        Task::Figures => figures::run(&shop),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Fail(why)) => {
            anstream::eprintln!("failed: {why}");
            ExitCode::FAILURE
        }
        Err(Stop::Skip(why)) => {
            anstream::eprintln!("not run: {why}");
            ExitCode::FAILURE
        }
    }
}
