//! Clicks while nobody outside answers: Slack and the callback server take every call and say
//! nothing, and the outbox is full of what is due.

use serde_json::json;

use super::round::{OK, SOME, counted, prepared};
use crate::{
    database::Engine,
    failure::Failure,
    load::{Times, closed},
    payload::{Once, Submits, Wish},
    receiver::Gate,
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::{Outside, Tools},
};

/// Submits that the policy says yes to at once.
const CREATED: u16 = 201;

/// Their idempotency keys lie between those of the other submits.
const FIRST: u64 = u64::MAX / 4;

#[derive(Debug, Default)]
struct Rounds {
    healthy: Series,
    healthy_p99_ms: Series,
    silent: Series,
    silent_p99_ms: Series,
}

pub(super) async fn measure(
    tools: &Tools,
    outside: &Outside,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut rounds = Rounds::default();
    for _ in 0..tools.scale.silences() {
        let done = rounds.round(tools, outside).await;
        outside.set(Gate::Open);
        done?;
    }
    let facts = json!({ "callbacks due": tools.scale.due() });
    report.about("Clicks in Slack while nobody outside answers, on SQLite", &facts)?;
    report.figure("all answer, 32 connections", "clicks/s", &rounds.healthy)?;
    report.figure("all answer, p99", "ms", &rounds.healthy_p99_ms)?;
    report.figure("nobody answers, 32 connections", "clicks/s", &rounds.silent)?;
    report.figure("nobody answers, p99", "ms", &rounds.silent_p99_ms)?;
    let times = rounds.silent_p99_ms.over(&rounds.healthy_p99_ms);
    report.goal("R5", "nobody answers: p99, times all answer", Bound::AtMost(1.5), &times)
}

impl Rounds {
    async fn round(&mut self, tools: &Tools, outside: &Outside) -> Result<(), Failure> {
        let site = Site::in_slack(&Engine::Sqlite, tools).await?;
        let (_, clicks) = prepared(tools, outside, &site).await?;
        let service = Service::start(tools, &site).await?;
        let clicks = Once::new(clicks);
        let healthy = clicked(tools, &site, clicks.clone()).await?;
        outside.set(Gate::Shut);
        fill(tools, &site).await?;
        let silent = clicked(tools, &site, clicks).await?;
        counted(&site, healthy.count() + silent.count()).await?;
        self.healthy.push(healthy.per_second());
        self.healthy_p99_ms.push(healthy.quantile_ms(0.99));
        self.silent.push(silent.per_second());
        self.silent_p99_ms.push(silent.quantile_ms(0.99));
        service.kill()
    }
}

async fn clicked(tools: &Tools, site: &Site, clicks: Once) -> Result<Times, Failure> {
    closed(site.address, SOME, tools.scale.lasting(), clicks).await?.only(OK)
}

/// Callbacks that nobody takes.
async fn fill(tools: &Tools, site: &Site) -> Result<(), Failure> {
    let due = tools.scale.due();
    let mut submits = Submits::new(site.address, tools.receiver, Wish::Read);
    let requests = (FIRST..).take(due).map(|number| submits.number(number).to_vec()).collect();
    let patience = tools.scale.lasting() * 60;
    closed(site.address, 64, patience, Once::new(requests)).await?.only(CREATED)?;
    match usize::try_from(site.database.census().await?.undelivered)? {
        undelivered if undelivered >= due => Ok(()),
        undelivered => Err(format!("void: {undelivered} callbacks are due, not {due}").into()),
    }
}
