//! Four times as much as it can take: what is refused is refused at once and says when to come
//! back, what is accepted does not suffer, and memory does not grow.

use serde_json::json;

use super::ingest::agrees;
use crate::{
    database::Engine,
    failure::Failure,
    load::{Run, approximate, closed, open},
    payload::{Submits, Wish},
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::Tools,
};

const ACCEPTED: u16 = 202;
const REFUSED: [u16; 2] = [429, 503];
/// Connections at the most, and four times as many under four times the load.
const COMPANY: usize = 256;
const CROWD: usize = 4 * COMPANY;
const TIMES: f64 = 4.0;

#[derive(Debug, Default)]
struct Rounds {
    most: Series,
    most_p99_ms: Series,
    offered: Series,
    accepted: Series,
    refused: Series,
    refused_p99_ms: Series,
    without_time: Series,
    latency: Series,
    memory: Series,
}

pub(super) async fn measure(tools: &Tools, report: &mut Report) -> Result<(), Failure> {
    let mut rounds = Rounds::default();
    for _ in 0..tools.scale.rounds() {
        rounds.round(tools).await?;
    }
    report.about("Overload on SQLite", &json!({ "connections": CROWD, "times": TIMES }))?;
    report.figure("the most that it takes", "requests/s", &rounds.most)?;
    report.figure("the same, p99", "ms", &rounds.most_p99_ms)?;
    report.figure("answered under overload", "requests/s", &rounds.offered)?;
    report.figure("of these accepted", "requests/s", &rounds.accepted)?;
    report.figure("of these refused", "requests/s", &rounds.refused)?;
    let bound = Bound::AtMost(50.0);
    report.goal("R13", "refusals: p99 after arrival, ms", bound, &rounds.refused_p99_ms)?;
    let bound = Bound::AtMost(0.0);
    report.goal("R13", "refusals without Retry-After", bound, &rounds.without_time)?;
    let bound = Bound::AtMost(2.0);
    report.goal("R13", "accepted: p99, times that at the most", bound, &rounds.latency)?;
    report.goal("R13", "memory: peak, times that at the most", bound, &rounds.memory)
}

impl Rounds {
    async fn round(&mut self, tools: &Tools) -> Result<(), Failure> {
        let site = Site::make(&Engine::Sqlite, &tools.folder, tools.receiver).await?;
        let service = Service::start(tools, &site).await?;
        let submits = Submits::new(site.address, tools.receiver, Wish::Write);
        let lasting = tools.scale.lasting();
        let most = closed(site.address, COMPANY, lasting, submits.clone()).await?.only(ACCEPTED)?;
        let (_, peak_before) = service.memory_mib()?;
        let rate = most.per_second() * TIMES;
        let run = open(site.address, CROWD, rate, lasting, submits).await?;
        let (_, peak_after) = service.memory_mib()?;
        let over = Over::of(&run)?;
        agrees(&site, most.count() + over.accepted).await?;
        service.stop().await?;
        site.database.remove().await?;
        let seconds = run.elapsed.as_secs_f64();
        self.most.push(most.per_second());
        self.most_p99_ms.push(most.quantile_ms(0.99));
        self.offered.push(approximate(over.accepted + over.refused) / seconds);
        self.accepted.push(approximate(over.accepted) / seconds);
        self.refused.push(approximate(over.refused) / seconds);
        self.refused_p99_ms.push(over.refused_p99_ms);
        self.without_time.push(approximate(run.refused_without_time));
        self.latency.push(over.accepted_p99_ms / most.quantile_ms(0.99));
        self.memory.push(peak_after / peak_before);
        Ok(())
    }
}

/// What became of the requests that were too many.
#[derive(Debug, Default)]
struct Over {
    accepted: u64,
    accepted_p99_ms: f64,
    refused: u64,
    refused_p99_ms: f64,
}

impl Over {
    fn of(run: &Run) -> Result<Self, Failure> {
        let mut over = Self::default();
        for (status, times) in &run.by_status {
            let p99_ms = approximate(times.value_at_quantile(0.99)) / 1e3;
            if *status == ACCEPTED {
                (over.accepted, over.accepted_p99_ms) = (times.len(), p99_ms);
            } else if REFUSED.contains(status) {
                over.refused += times.len();
                over.refused_p99_ms = over.refused_p99_ms.max(p99_ms);
            } else {
                return Err(format!("void: {} answers were {status}", times.len()).into());
            }
        }
        if run.unanswered > 0 {
            return Err(format!("void: {} requests got no answer", run.unanswered).into());
        }
        Ok(over)
    }
}
