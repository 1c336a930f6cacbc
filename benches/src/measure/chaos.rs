//! kill -9 at random moments under load, the clicks of which come from Slack. The driver keeps a ledger of everything that was
//! acknowledged; after every restart and at the end the database must agree with it.

mod ledger;
mod load;

use std::time::{Duration, Instant};

use countersign::clock::Seeds;
use serde_json::json;

use self::ledger::Ledger;
use crate::{
    database::Engine,
    failure::Failure,
    load::approximate,
    receiver::Receiver,
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::Tools,
};

/// Between the first request after a start and the kill: from nothing to this.
const LONGEST_LIFE_MS: f64 = 400.0;

/// What was leased when the process was killed is sent once its lease has run out.
const PATIENCE: Duration = Duration::from_secs(90);

pub(super) async fn measure(
    tools: &Tools,
    receiver: &Receiver,
    report: &mut Report,
) -> Result<(), Failure> {
    for engine in &tools.engines {
        receiver.forget();
        let site = Site::in_slack(engine, tools).await?;
        let mut ledger = Ledger::default();
        let mut ready_ms = Series::default();
        for _ in 0..tools.scale.kills() {
            let service = Service::start(tools, &site).await?;
            ready_ms.push(service.ready_after.as_secs_f64() * 1e3);
            live(tools, &site, service, &mut ledger).await?;
        }
        let service = Service::start(tools, &site).await?;
        ready_ms.push(service.ready_after.as_secs_f64() * 1e3);
        load::settle(tools, &site, &mut ledger).await?;
        wait_for_callbacks(&site).await?;
        tell(engine, &site, &ledger, receiver, &ready_ms, report).await?;
        service.stop().await?;
        site.database.remove().await?;
    }
    Ok(())
}

/// One life: load, and a kill at a moment that nobody chose.
async fn live(
    tools: &Tools,
    site: &Site,
    service: Service,
    ledger: &mut Ledger,
) -> Result<(), Failure> {
    let life = Duration::from_secs_f64(Seeds::system().fraction() * LONGEST_LIFE_MS / 1e3);
    let work = load::start(tools, site, ledger).await?;
    tokio::time::sleep(life).await;
    service.kill()?;
    work.end(ledger).await?;
    ledger.kills += 1;
    Ok(())
}

async fn wait_for_callbacks(site: &Site) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        match site.database.census().await?.undelivered {
            0 => return Ok(()),
            left if start.elapsed() > PATIENCE => {
                return Err(format!("void: {left} callbacks were never delivered").into());
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn tell(
    engine: &Engine,
    site: &Site,
    ledger: &Ledger,
    receiver: &Receiver,
    ready_ms: &Series,
    report: &mut Report,
) -> Result<(), Failure> {
    let census = site.database.census().await?;
    let audit = ledger.audit(&site.database).await?;
    let told = receiver.told();
    let facts = json!({
        "kills": ledger.kills,
        "requests acknowledged": ledger.opened(),
        "votes acknowledged": ledger.voted(),
        "requests in the database": census.requests,
        "callbacks": format!("{} events in {} calls", told.events.len(), told.calls),
    });
    let (renamed, strange) = (told.renamed, told.strange);
    let untold = audit.decided.iter().filter(|id| !told.events.contains_key(&((*id).clone(), 1)));
    let untold = untold.count();
    drop(told);
    report.about(&format!("Chaos on {}", engine.name()), &facts)?;
    report.figure("from start to ready, after a kill", "ms", ready_ms)?;
    let none = Bound::AtMost(0.0);
    let mut law =
        |what: &str, broken: u64| report.goal("R6", what, none, &Series::one(approximate(broken)));
    law("acknowledged requests that are lost", audit.lost_requests)?;
    law("acknowledged votes that are lost", audit.lost_votes)?;
    law(
        "votes that are stored twice",
        u64::try_from(census.votes)?.saturating_sub(audit.voted_on),
    )?;
    law("keys that made two requests", ledger.doubled)?;
    law("requests decided twice", u64::try_from(census.decided_twice)?)?;
    law("logs with gaps", u64::try_from(census.with_gaps)?)?;
    law("requests without their first entry", u64::try_from(census.without_opening)?)?;
    law("decided requests that were not called back", u64::try_from(untold)?)?;
    law("events under two ids, or unreadable", renamed + strange)?;
    let worst = Series::one(ready_ms.worst());
    report.goal("S10", "ready after a kill, worst, ms", Bound::AtMost(2000.0), &worst)
}
