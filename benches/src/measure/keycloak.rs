//! Authentication requests from Keycloak, which fails its client's request where it is not answered
//! in time: while all answer, and while Slack and Teams take every card and say nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use super::ingest::agrees;
use crate::{
    database::Engine,
    failure::Failure,
    load::{Times, closed},
    payload::Once,
    realm::Realm,
    receiver::Gate,
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::{Outside, Tools},
};

/// All that Keycloak understands.
const CREATED: u16 = 201;

/// Keycloak makes a connection for each request; so many are under way.
const AT_A_TIME: usize = 8;

/// More than are taken in a second.
const PER_SECOND: u64 = 2_500;

/// A card goes out every second, and a try that is not answered is given up after some.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct Rounds {
    healthy: Took,
    silent: Took,
}

/// Round by round.
#[derive(Debug, Default)]
struct Took {
    rate: Series,
    p50_ms: Series,
    p99_ms: Series,
    worst_ms: Series,
}

pub(super) async fn measure(
    tools: &Tools,
    outside: &Outside,
    report: &mut Report,
) -> Result<(), Failure> {
    let realm = Realm::start().await?;
    for engine in &tools.engines {
        let mut rounds = Rounds::default();
        for _ in 0..tools.scale.silences() {
            let done = rounds.round(tools, outside, &realm, engine).await;
            outside.set(Gate::Open);
            done?;
        }
        let facts = json!({ "connections at a time": AT_A_TIME });
        report.about(&format!("Keycloak asks, on {}", engine.name()), &facts)?;
        rounds.healthy.tell("all answer", report)?;
        rounds.silent.tell("Slack and Teams hang", report)?;
        let p99 = &rounds.silent.p99_ms;
        report.goal("R14", "Slack and Teams hang: p99, ms", Bound::AtMost(200.0), p99)?;
    }
    Ok(())
}

impl Rounds {
    async fn round(
        &mut self,
        tools: &Tools,
        outside: &Outside,
        realm: &Realm,
        engine: &Engine,
    ) -> Result<(), Failure> {
        let site = Site::behind_keycloak(engine, tools, &outside.tenant, realm).await?;
        let service = Service::start(tools, &site).await?;
        let installation = Once::new(vec![outside.tenant.installation(site.address)]);
        closed(site.address, 1, PATIENCE, installation).await?.only(200)?;
        let count = usize::try_from(2 * PER_SECOND * tools.scale.lasting().as_secs())?;
        let asks = Once::new(realm.asks(site.address, count)?);
        let healthy = asked(tools, &site, asks.clone()).await?;
        outside.set(Gate::Shut);
        hang(outside).await?;
        let silent = asked(tools, &site, asks).await?;
        stored(&site, healthy.count() + silent.count()).await?;
        self.healthy.push(&healthy);
        self.silent.push(&silent);
        service.kill()?;
        site.database.remove().await
    }
}

impl Took {
    fn push(&mut self, times: &Times) {
        self.rate.push(times.per_second());
        self.p50_ms.push(times.quantile_ms(0.5));
        self.p99_ms.push(times.quantile_ms(0.99));
        self.worst_ms.push(times.max_ms());
    }

    fn tell(&self, meanwhile: &str, report: &mut Report) -> Result<(), Failure> {
        report.figure(&format!("{meanwhile}, answered with 201"), "asks/s", &self.rate)?;
        report.figure(&format!("{meanwhile}, p50"), "ms", &self.p50_ms)?;
        report.figure(&format!("{meanwhile}, p99"), "ms", &self.p99_ms)?;
        report.figure(&format!("{meanwhile}, worst"), "ms", &self.worst_ms)
    }
}

async fn asked(tools: &Tools, site: &Site, asks: Once) -> Result<Times, Failure> {
    closed(site.address, AT_A_TIME, tools.scale.lasting(), asks).await?.only(CREATED)
}

/// Waits until a card hangs in each.
async fn hang(outside: &Outside) -> Result<(), Failure> {
    let (slack, teams) = (&outside.workspace.doorway, &outside.tenant.doorway);
    let start = Instant::now();
    while slack.held() == 0 || teams.held() == 0 {
        if start.elapsed() > PATIENCE {
            let (slack, teams) = (slack.held(), teams.held());
            return Err(format!("void: {slack} calls hang in Slack, {teams} in Teams").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// As many requests as answers, and as many decisions that Keycloak waits for.
async fn stored(site: &Site, answered: u64) -> Result<(), Failure> {
    agrees(site, answered).await?;
    let waiting = site.database.delegations().await?;
    if u64::try_from(waiting)? == answered {
        return Ok(());
    }
    Err(format!("void: {answered} were answered, Keycloak waits for {waiting}").into())
}
