//! `countersign policy diff OLD NEW --replay`: which of the requests that were ever made would be
//! decided otherwise. Both policies are read with the catalogue, the people and the clients of today.

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    adapters,
    cli::{ConfigFile, End, Failure, output},
    clock::Clock,
    config::Config,
    domain::{
        client::Client,
        plan::{Ask, Plan},
        request::AccessRequest,
        yaml::read::parse_seconds,
    },
    law::{
        Law, Source, Sources,
        planning::Asking,
        replay::{Change, Verdict, compare},
    },
    store::{Store, replay::Place},
};

/// What to compare, and with what.
#[derive(Debug, Args)]
pub struct Diff {
    /// The policy as it was, or as it is in force.
    old: PathBuf,
    /// The policy as it would be.
    new: PathBuf,
    #[command(flatten)]
    file: ConfigFile,
    /// Judge the recorded requests of so long a time, such as 30d; without a length, all of them.
    #[arg(
        long,
        required = true,
        value_name = "TIME",
        num_args = 0..=1,
        default_missing_value = "3650d",
        value_parser = seconds
    )]
    replay: i64,
    /// Only what becomes easier is a no.
    #[arg(long)]
    allow_tighter: bool,
    /// One JSON object a line: every request that differs, and then the sum.
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<i64, String> {
    parse_seconds(text).ok_or_else(|| "a length of time such as 12h or 30d".to_owned())
}

/// The two laws, and all that they judge with.
struct Bench {
    old: Law,
    new: Law,
    config: Config,
    platforms: Vec<&'static str>,
}

/// What was judged.
#[derive(Debug, Default)]
struct Sum {
    judged: usize,
    /// Of clients that are not registered any more.
    unknown: usize,
    easier: usize,
    harder: usize,
    other: usize,
}

/// Judges everything that is recorded; what differs is a no.
pub async fn run(diff: &Diff) -> Result<End, Failure> {
    let config = output::config(&diff.file.config)?;
    let bench = Bench::set_up(diff, config)?;
    let store = Store::existing(bench.config.database.expose_secret()).await?;
    let judged = bench.judge_all(diff, &store).await;
    store.close().await;
    let sum = judged?;
    sum.tell(diff);
    let differs = if diff.allow_tighter { sum.easier + sum.other } else { sum.different() };
    Ok(if differs == 0 { End::Yes } else { End::No })
}

impl Bench {
    fn set_up(diff: &Diff, config: Config) -> Result<Self, Failure> {
        let known = adapters::known(&config);
        let law = |policy: &Path| {
            let sources = Sources {
                policy: Source::read(policy)?,
                catalogue: Source::read(&config.catalogue)?,
                people: Source::read(&config.people)?,
            };
            Law::parse(&sources, &known).map_err(|faulty| output::law_faults(&faulty))
        };
        let (old, new) = (law(&diff.old)?, law(&diff.new)?);
        Ok(Self { old, new, config, platforms: known.platforms })
    }

    async fn judge_all(&self, diff: &Diff, store: &Store) -> Result<Sum, Failure> {
        let now = Clock::system().now().as_microsecond();
        let since = now - diff.replay * 1_000_000;
        let mut sum = Sum::default();
        let mut place = Place::since(since);
        while let Some((requests, end)) = store.recorded(&place).await? {
            for request in &requests {
                self.judge(diff, request, &mut sum);
            }
            place = end;
        }
        Ok(sum)
    }

    fn judge(&self, diff: &Diff, request: &AccessRequest, sum: &mut Sum) {
        let Some(client) = self.client(request) else {
            sum.unknown += 1;
            return;
        };
        sum.judged += 1;
        let asking = Asking { client, request, platforms: &self.platforms };
        let (old, new) = (self.old.plans(&asking), self.new.plans(&asking));
        let Some(change) = compare(&old, &new) else { return };
        match change {
            Change::Easier => sum.easier += 1,
            Change::Harder => sum.harder += 1,
            Change::Other => sum.other += 1,
        }
        let (old, new) = (in_words(&old), in_words(&new));
        output::data(&if diff.json {
            json!({
                "request": request.id, "opened_at": request.opened_at,
                "change": change.as_str(), "old": old, "new": new,
            })
            .to_string()
        } else {
            let at = request.opened_at;
            format!("{}  {at:.0}  {}\n  - {old}\n  + {new}", request.id, change.as_str())
        });
    }

    fn client(&self, request: &AccessRequest) -> Option<&Client> {
        let mut clients = self.config.clients.iter().map(|client| &client.client);
        clients.find(|client| client.id == request.integrator)
    }
}

impl Sum {
    fn different(&self) -> usize {
        self.easier + self.harder + self.other
    }

    fn tell(&self, diff: &Diff) {
        let Self { judged, unknown, easier, harder, other } = self;
        if diff.json {
            let told = json!({
                "judged": judged, "unknown_client": unknown,
                "easier": easier, "harder": harder, "other": other,
            });
            output::data(&told.to_string());
            return;
        }
        let requests = output::count(*judged, "request", "requests");
        output::data(&format!(
            "{requests} judged, {} otherwise: {easier} easier, {harder} harder, {other} other",
            self.different()
        ));
        if *unknown > 0 {
            let requests = output::count(*unknown, "request", "requests");
            output::talk(&format!("{requests} of clients that are not registered: not judged"));
        }
    }
}

fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Ok(plans) => plans.iter().map(plan_in_words).collect::<Vec<_>>().join("; "),
        Err(refusal) => format!("refused: {refusal}"),
    }
}

fn plan_in_words(plan: &Plan) -> String {
    let rules = plan.rules.join(", ");
    if plan.is_pre_approved() {
        return format!("{rules}: approved by policy");
    }
    let ask = |ask: &Ask| format!("{} from {}", ask.count, ask.group_names());
    let steps = plan.steps.iter().map(|step| {
        let asks: Vec<String> = step.asks.iter().map(ask).collect();
        asks.join(" and ")
    });
    format!("{rules}: {}", steps.collect::<Vec<_>>().join(", then "))
}
