//! The command line: what can be asked for, and how a failure is said. One file each for the doing.

pub mod audit;
pub mod check;
pub mod clock;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod keys;
pub mod manifest;
pub mod migrate;
pub mod openapi;
pub mod outbox;
pub mod output;
pub mod people;
pub mod policy;
pub mod requests;
pub mod revoke;
pub mod serve;
pub mod slack;
pub mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

/// Human approval for OAuth scopes and actions, in chat.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct ConfigFile {
    /// The configuration file.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "countersign.yaml",
        env = "COUNTERSIGN_CONFIG"
    )]
    pub config: PathBuf,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try everything in the browser: no account, no internet, nothing is kept.
    Demo(demo::Demo),
    /// Run the service.
    Serve(serve::Serve),
    /// Write a configuration to start from.
    Init(init::Init),
    /// Say everything that is wrong with the configuration, the policy and their files.
    Check(check::Check),
    /// Prove a policy before it is in force: check, explain, test, replay.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Say whether all is well: files, database, channels, clocks; and what to do if not.
    Doctor(doctor::Doctor),
    /// Say who there is, who may not act, and what providers have changed.
    #[command(subcommand)]
    People(people::People),
    /// Bring the database up to date.
    Migrate(migrate::Migrate),
    /// Compare the clocks, and forget a time that never was.
    Clock(clock::Clocks),
    /// Write what a chat product is told about this service.
    Manifest(manifest::Manifest),
    /// Install the Slack app in one more workspace.
    Slack(slack::Slack),
    /// Look at what could not be delivered, and send it again.
    Outbox(outbox::Outbox),
    /// Look at the keys that secrets are sealed with, and seal anew under another.
    Keys(keys::Keys),
    /// Write the description of the HTTP API (OpenAPI) to stdout.
    Openapi,
    /// Read decisions and the audit log.
    Audit(audit::Audit),
    /// Ask for access, wait for the answer, withdraw.
    Requests(requests::Requests),
    /// Revoke what was approved: an approval that is live, and its credential.
    Revoke(revoke::Revoke),
    /// Write completions for a shell to stdout.
    Completions(completions::Completions),
}

/// How a command ends: the meaning of its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Done, or the answer is yes.
    Yes = 0,
    /// Failed, or the answer is no.
    No = 1,
    /// Nobody answered.
    Unreachable = 3,
    /// Nobody has decided yet.
    Undecided = 4,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end as u8)
    }
}

/// Does what was asked for.
pub async fn run(cli: Cli) -> ExitCode {
    let end = match cli.command {
        Command::Demo(demo) => demo::run(demo).await,
        Command::Serve(serve) => serve::run(serve).await,
        Command::Init(init) => init::run(&init),
        Command::Check(check) => check::run(&check),
        Command::Policy(policy) => policy::run(policy).await,
        Command::Doctor(doctor) => doctor::run(doctor).await,
        Command::People(people) => people::run(people).await,
        Command::Migrate(migrate) => migrate::run(&migrate).await,
        Command::Clock(clocks) => clock::run(&clocks).await,
        Command::Manifest(wanted) => manifest::run(&wanted),
        Command::Slack(slack) => slack::run(slack).await,
        Command::Outbox(outbox) => outbox::run(outbox).await,
        Command::Keys(keys) => keys::run(keys).await,
        Command::Openapi => openapi::run(),
        Command::Audit(audit) => audit::run(audit).await,
        Command::Requests(requests) => requests::run(requests).await,
        Command::Revoke(revoke) => revoke::run(revoke).await,
        Command::Completions(completions) => completions::run(&completions),
    };
    match end {
        Ok(end) => end.into(),
        Err(failure) => {
            output::failure(&failure);
            End::No.into()
        }
    }
}

/// What a command says when it cannot go on.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
