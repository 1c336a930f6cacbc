//! `countersign completions`: what a shell needs to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, End, Failure};

/// Which shell.
#[derive(Debug, Args)]
pub struct Completions {
    shell: Shell,
}

/// Writes the completions.
pub fn run(completions: &Completions) -> Result<End, Failure> {
    let mut command = Cli::command();
    clap_complete::generate(completions.shell, &mut command, "countersign", &mut std::io::stdout());
    Ok(End::Yes)
}
