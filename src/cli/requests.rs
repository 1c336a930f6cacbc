//! `countersign requests`: ask, look, wait and withdraw, over HTTP like any other client.

mod ask;
mod server;
mod told;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use self::{
    ask::Ask,
    server::{Answer, Connection, Server},
    told::Told,
};
use super::{End, Failure, audit, output, table};
use crate::{
    clock::Seeds,
    store::{decisions::Decision, filter::Filter},
};

/// How long one long poll waits.
const POLL_SECONDS: u64 = 30;
/// How often in a row the service may be out of reach while one waits.
const PATIENCE: u32 = 5;
/// How long after that the next try comes.
const PAUSE: Duration = Duration::from_secs(2);

/// Which service, and what to do there.
#[derive(Debug, Args)]
pub struct Requests {
    #[command(flatten)]
    server: Server,
    /// JSON instead of words.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// What was decided, newest first. Needs an auditor's key.
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Where a request stands. Ends with 0 for approved, 1 for no, 4 for undecided.
    Show {
        /// `arq_…`
        id: String,
        /// Wait until it is decided, for so many seconds at most.
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "86400")]
        wait: Option<u64>,
    },
    /// Ask for access. Ends with 0 for approved, 1 for no, 4 for undecided.
    Create(Ask),
    /// Withdraw a request that is still pending.
    Cancel {
        /// `arq_…`
        id: String,
        /// Why, in a word.
        #[arg(long)]
        reason: Option<String>,
        /// Why, for the people who were asked.
        #[arg(long)]
        comment: Option<String>,
    },
}

/// A page of decisions, as it comes.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Decision>,
    next_cursor: Option<String>,
}

/// Does it. Ends with what the answer means.
pub async fn run(requests: Requests) -> Result<End, Failure> {
    let connection = requests.server.connect()?;
    let json = requests.json;
    match requests.act {
        Act::List { filter, limit } => list(&connection, &filter, limit, json).await,
        Act::Show { id, wait: None } => show(&connection, &path(&id)?, json).await,
        Act::Show { id, wait: Some(seconds) } => {
            wait(&connection, &path(&id)?, None, seconds, json).await
        }
        Act::Create(ask) => create(&connection, &ask, json).await,
        Act::Cancel { id, reason, comment } => {
            let path = format!("{}/cancel", path(&id)?);
            let body = serde_json::json!({ "reason": reason, "comment": comment });
            match connection.post(&path, &body, None).await? {
                Answer::Good(answer) => {
                    say(&Told::read(&answer)?, json)?;
                    Ok(End::Yes)
                }
                Answer::Silence(why) => Ok(unreachable(&why)),
            }
        }
    }
}

/// The place of a request; an id that is none is not asked for.
fn path(id: &str) -> Result<String, Failure> {
    let id: crate::domain::id::RequestId = id.parse()?;
    Ok(format!("/access/v1/requests/{id}"))
}

async fn show(connection: &Connection, path: &str, json: bool) -> Result<End, Failure> {
    match connection.get(path, None).await? {
        Answer::Good(answer) => {
            let told = Told::read(&answer)?;
            say(&told, json)?;
            Ok(told.end())
        }
        Answer::Silence(why) => Ok(unreachable(&why)),
    }
}

async fn create(connection: &Connection, ask: &Ask, json: bool) -> Result<End, Failure> {
    let body = ask.body()?;
    let key = ask.key(&Seeds::system());
    match connection.post("/access/v1/requests", &body, Some(&key)).await? {
        Answer::Silence(why) => {
            let again = "what was sent may have arrived; to ask for the same thing again";
            output::talk(&format!("{again}, add --idempotency-key {key}"));
            Ok(unreachable(&why))
        }
        Answer::Good(answer) if ask.is_rehearsal() => {
            output::data(&answer.to_string());
            Ok(End::Yes)
        }
        Answer::Good(answer) => {
            let told = Told::read(&answer)?;
            match ask.wait {
                Some(seconds) if told.is_pending() => {
                    output::talk(&told.words());
                    wait(connection, &path(told.id())?, Some(told), seconds, json).await
                }
                Some(_) | None => {
                    say(&told, json)?;
                    Ok(told.end())
                }
            }
        }
    }
}

/// Long-polls until there is an end. What changes meanwhile is told on stderr.
async fn wait(
    connection: &Connection,
    path: &str,
    mut seen: Option<Told>,
    seconds: u64,
    json: bool,
) -> Result<End, Failure> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut silences = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).as_secs();
        let version = seen.as_ref().map(Told::version);
        // Who knows no version yet wants to hear the present one at once.
        let poll = version.map_or(0, |_| left.min(POLL_SECONDS));
        let poll = format!("{path}?wait={poll}");
        match connection.get(&poll, version).await? {
            Answer::Good(answer) if answer.is_null() => silences = 0,
            Answer::Good(answer) => {
                let told = Told::read(&answer)?;
                silences = 0;
                if !told.is_pending() {
                    say(&told, json)?;
                    return Ok(told.end());
                }
                output::talk(&told.progress());
                seen = Some(told);
            }
            Answer::Silence(why) => {
                silences += 1;
                if silences >= PATIENCE {
                    return Ok(unreachable(&why));
                }
                sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
            }
        }
        if Instant::now() >= deadline {
            if let Some(told) = &seen {
                say(told, json)?;
            }
            return Ok(End::Undecided);
        }
    }
}

async fn list(
    connection: &Connection,
    filter: &Filter,
    limit: usize,
    json: bool,
) -> Result<End, Failure> {
    let mut found: Vec<Decision> = Vec::new();
    let mut cursor = None;
    while found.len() < limit {
        let page = server::query(filter, limit - found.len(), cursor.as_deref())?;
        match connection.get(&format!("/audit/v1/decisions?{page}"), None).await? {
            Answer::Good(answer) => {
                let page: Page = serde_json::from_value(answer)?;
                found.extend(page.items);
                cursor = page.next_cursor;
            }
            Answer::Silence(why) => return Ok(unreachable(&why)),
        }
        if cursor.is_none() {
            break;
        }
    }
    audit::show(&found, json, &audit::DECISION_HEAD, audit::decision_row)?;
    Ok(End::Yes)
}

fn say(told: &Told, json: bool) -> Result<(), Failure> {
    if json {
        output::data(&told.json()?);
    } else {
        told.lines().iter().for_each(|line| output::data(&table::safe(line)));
    }
    Ok(())
}

fn unreachable(why: &str) -> End {
    output::talk(&format!("nobody answered: {why}"));
    End::Unreachable
}
