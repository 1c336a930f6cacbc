//! `countersign audit`: read decisions and the log on the database itself. Nothing is written to
//! it, and a running service is not needed.

use std::{
    io::{ErrorKind, Write},
    pin::pin,
};

use clap::{Args, CommandFactory, Subcommand, ValueEnum, error::ErrorKind as UsageError};
use futures::TryStreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secrecy::ExposeSecret;
use sqlx::AnyPool;

use super::{Cli, ConfigFile, End, Failure, output, table};
use crate::store::{
    cursor::Position,
    decisions::Decision,
    entries::LogEntry,
    export::{self, Decisions, Entries, Format, Search},
    filter::{EntryFilter, Filter},
    reader,
};

/// How many records are read at a time.
const PAGE: usize = 500;

/// What to read.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// The newest that fit, as a table.
    List {
        #[command(flatten)]
        sought: Sought,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Everything that fits, newest first.
    Export {
        #[command(flatten)]
        sought: Sought,
        /// How lines are written.
        #[arg(long, value_enum, default_value = "ndjson")]
        format: Format,
    },
}

/// What is looked for.
#[derive(Debug, Args)]
struct Sought {
    /// What to look through.
    #[arg(value_enum, default_value = "decisions")]
    what: What,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    own: EntryFilter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// How requests ended.
    Decisions,
    /// Everything that was logged; --kind, --actor and --request-id belong to it.
    Entries,
}

/// Reads it.
pub async fn run(audit: Audit) -> Result<End, Failure> {
    let (Act::List { sought, .. } | Act::Export { sought, .. }) = &audit.act;
    check(sought);
    let config = output::config(&audit.file.config)?;
    let pool = reader::open(config.database.expose_secret()).await?;
    match audit.act {
        Act::List { sought, limit, json } => list(&pool, sought, limit, json).await?,
        Act::Export { sought, format } => match sought.what {
            What::Decisions => export_all(&pool, sought.decisions(), format).await?,
            What::Entries => export_all(&pool, sought.entries(), format).await?,
        },
    }
    pool.close().await;
    Ok(End::Yes)
}

/// A filter that does not belong here would find everything: that is misuse, exit code 2.
fn check(sought: &Sought) {
    if sought.what == What::Decisions && sought.own != EntryFilter::default() {
        let words = "--kind, --actor and --request-id find entries: write `entries` before them";
        Cli::command().error(UsageError::ArgumentConflict, words).exit();
    }
}

impl Sought {
    fn decisions(self) -> Decisions {
        Decisions { filter: self.filter }
    }

    fn entries(self) -> Entries {
        Entries { filter: self.filter, own: self.own }
    }
}

async fn list(pool: &AnyPool, sought: Sought, limit: usize, json: bool) -> Result<(), Failure> {
    match sought.what {
        What::Decisions => {
            let found = newest(pool, &sought.decisions(), limit).await?;
            show(&found, json, &DECISION_HEAD, decision_row)
        }
        What::Entries => {
            let found = newest(pool, &sought.entries(), limit).await?;
            show(&found, json, &ENTRY_HEAD, entry_row)
        }
    }
}

async fn newest<S: Search>(
    pool: &AnyPool,
    search: &S,
    limit: usize,
) -> Result<Vec<S::Record>, sqlx::Error> {
    let mut found = Vec::new();
    let mut below = Some(Position::start(search.filter()));
    while let Some(place) = below.filter(|_| found.len() < limit) {
        let page = search.page(pool, place, PAGE.min(limit - found.len())).await?;
        found.extend(page.items);
        below = page.next;
    }
    Ok(found)
}

/// Writes records as a table, or as JSON lines.
pub(super) fn show<R: serde::Serialize>(
    records: &[R],
    json: bool,
    head: &[&str],
    row: fn(&R) -> Vec<String>,
) -> Result<(), Failure> {
    if json {
        for record in records {
            output::data(&serde_json::to_string(record)?);
        }
        return Ok(());
    }
    if records.is_empty() {
        output::talk("nothing was found");
        return Ok(());
    }
    table::print(head, &records.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

/// The columns of a table of decisions.
pub(super) const DECISION_HEAD: [&str; 7] =
    ["DECIDED", "REQUEST", "CLIENT", "SUBJECT", "STATUS", "ASKED FOR", "BY"];

const ENTRY_HEAD: [&str; 5] = ["AT", "REQUEST", "SEQ", "KIND", "ACTOR"];

/// A decision in a table.
pub(super) fn decision_row(decision: &Decision) -> Vec<String> {
    let people: Vec<&str> =
        decision.approvers.iter().map(|approver| approver.person.as_str()).collect();
    vec![
        format!("{:.0}", decision.decided_at),
        decision.request_id.clone(),
        decision.client.clone(),
        decision.subject.clone(),
        decision.status.as_str().to_owned(),
        decision.parts.join(" "),
        people.join(" "),
    ]
}

fn entry_row(entry: &LogEntry) -> Vec<String> {
    let leaf = entry.leaf();
    vec![
        format!("{:.0}", leaf.at),
        leaf.request_id.to_string(),
        leaf.seq.to_string(),
        leaf.kind.as_str().to_owned(),
        leaf.actor.clone(),
    ]
}

async fn export_all<S: Search + 'static>(
    pool: &AnyPool,
    search: S,
    format: Format,
) -> Result<(), Failure> {
    let progress = progress();
    let mut lines = pin!(export::lines(pool.clone(), search, format));
    while let Some(lines) = lines.try_next().await? {
        if write(&lines.text)? == Reader::Gone {
            break;
        }
        progress.inc(u64::try_from(lines.records).unwrap_or(0));
    }
    progress.finish_and_clear();
    match progress.position() {
        1 => output::talk("1 record"),
        records => output::talk(&output::count(records, "record", "records")),
    }
    Ok(())
}

/// Who reads stdout.
#[derive(Debug, PartialEq, Eq)]
enum Reader {
    There,
    /// As with `| head`: no failure.
    Gone,
}

fn write(text: &[u8]) -> Result<Reader, std::io::Error> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

/// On stderr, and only where that is a terminal. How many there will be nobody knows.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {human_pos} records, {per_sec}");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
