//! Starting other programs, each shown as it is run, so that it can be repeated by hand.

use std::{
    env,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use crate::outcome::{During, Outcome, fail};

/// The program of this name on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Runs to the end, its output going where ours goes; fails unless it exits with 0.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    show(command);
    let status = command.stdin(Stdio::null()).status().during(spelled(command))?;
    require_success(command, status)
}

/// Runs to the end and gives back what it wrote to standard output; shows it where it fails.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().during(spelled(command))?;
    if !output.status.success() {
        anstream::print!("{}", String::from_utf8_lossy(&output.stdout));
    }
    require_success(command, output.status)?;
    String::from_utf8(output.stdout).during(spelled(command))
}

/// Prints the command as one would type it.
pub(crate) fn show(command: &Command) {
    anstream::println!("$ {}", spelled(command));
}

fn require_success(command: &Command, status: ExitStatus) -> Outcome<()> {
    if status.success() {
        return Ok(());
    }
    fail(format!("`{}` ended with {status}", spelled(command)))
}

fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
