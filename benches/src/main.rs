//! The load driver: a real service as it is shipped, from outside, beside the limits of the machine
//! and the way to build it that comes to mind first, round by round in one run.

mod bolt;
mod database;
mod doorway;
mod failure;
mod load;
mod machine;
mod measure;
mod payload;
mod peer;
mod pin;
mod press;
mod realm;
mod receiver;
mod report;
mod rival;
mod scale;
mod series;
mod service;
mod site;
mod tenant;
mod tools;
mod wire;
mod workspace;

use std::{env, fs, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use self::{
    database::Engine,
    failure::Failure,
    measure::Part,
    peer::Peer,
    pin::Pin,
    receiver::Receiver,
    report::{End, Report},
    scale::Scale,
    tenant::Tenant,
    tools::{Outside, Peers, Tools},
    workspace::Workspace,
};

/// A load average above this, before anything was started, is told as noise.
const BUSY: f64 = 1.0;

/// Measures a real service: what it takes, beside what the machine gives.
#[derive(Debug, Parser)]
#[command(name = "countersign-bench")]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    length: Length,
    /// Also measure the programs of others, which npm installs first.
    #[arg(long, global = true)]
    peers: bool,
    /// A PostgreSQL server where databases may be made.
    #[arg(long, global = true, value_name = "URL", env = "COUNTERSIGN_TEST_POSTGRES")]
    postgres: Option<String>,
    /// The service's program; without it, it is built first.
    #[arg(long, global = true, value_name = "FILE")]
    server: Option<PathBuf>,
    /// Where the JSON lines go.
    #[arg(long, global = true, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Let the scheduler choose the cores.
    #[arg(long, global = true)]
    no_pin: bool,
}

#[derive(Debug, Args)]
struct Length {
    /// Three minutes, 70 % of the goals: the default.
    #[arg(long, global = true, conflicts_with = "full")]
    quick: bool,
    /// A quarter of an hour, all of the goals: for figures that are published.
    #[arg(long, global = true)]
    full: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Part(Part),
    /// Everything.
    All,
    /// What the service is compared with; started by the driver.
    #[command(subcommand, hide = true)]
    Peer(Peer),
}

fn main() -> ExitCode {
    let Cli { options, command } = Cli::parse();
    let done = match command {
        Some(Command::Peer(peer)) => run_peer(peer).map(|()| End::Passed),
        Some(Command::Part(part)) => drive(options, &[part]),
        Some(Command::All) | None => drive(options, &Part::ALL),
    };
    match done {
        Ok(End::Passed) => ExitCode::SUCCESS,
        Ok(End::Failed) => ExitCode::FAILURE,
        Err(failure) => {
            anstream::eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// A peer is built like the service: as many threads as it has cores.
fn run_peer(peer: Peer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(peer::run(peer))
}

fn drive(options: Options, parts: &[Part]) -> Result<End, Failure> {
    // Before any thread is started: they inherit the core.
    let pin = if options.no_pin { Pin::Free } else { Pin::this_process() };
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measured(options, pin, parts))
}

async fn measured(options: Options, pin: Pin, parts: &[Part]) -> Result<End, Failure> {
    let this = env::current_exe()?;
    let server = match options.server {
        Some(server) => server,
        None => tools::built_server(&this)?,
    };
    let folder = this.with_file_name("bench");
    fs::create_dir_all(&folder)?;
    site::remove_abandoned(&folder)?;
    let lines = options.lines.unwrap_or_else(|| folder.join("lines.jsonl"));
    let postgres = options.postgres.map(|server| Engine::Postgres { server });
    let outside = Outside {
        receiver: Receiver::start().await?,
        workspace: Workspace::start().await?,
        tenant: Tenant::start().await?,
    };
    let tools = Tools {
        scale: if options.length.full { Scale::Full } else { Scale::Quick },
        pin,
        server,
        this,
        folder,
        engines: std::iter::once(Engine::Sqlite).chain(postgres).collect(),
        receiver: outside.receiver.address,
        workspace: outside.workspace.address,
        peers: if options.peers { Peers::Measured } else { Peers::Left },
    };
    let mut report = Report::start(tools.scale, &lines)?;
    report.about("Machine", &machine::facts(pin, &tools.folder, &tools.server))?;
    if machine::load().is_some_and(|load| load > BUSY) {
        report.disturbed("the machine was busy before anything was started");
    }
    for part in parts {
        part.run(&tools, &outside, &mut report).await?;
    }
    anstream::println!("\nJSON lines: {}", lines.display());
    Ok(report.end())
}
