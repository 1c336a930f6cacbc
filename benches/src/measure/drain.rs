//! Callbacks to one receiver: how fast the outbox empties itself once the receiver answers, beside
//! posting alone and beside settling each one by one.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    database::Engine,
    failure::Failure,
    load::{approximate, closed},
    payload::{Once, Submits, Wish},
    receiver::{Gate, Receiver},
    report::{Bound, Report},
    rival,
    series::Series,
    service::Service,
    site::Site,
    tools::Tools,
};

/// How many requests the service has under way at one endpoint; the others get as many.
const CONCURRENT: usize = 2;

/// A drain that takes longer has stopped.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn measure(
    tools: &Tools,
    receiver: &Receiver,
    report: &mut Report,
) -> Result<(), Failure> {
    let count = tools.scale.callbacks();
    for engine in &tools.engines {
        let (mut ours, mut posted, mut settled) = <(Series, Series, Series)>::default();
        for _ in 0..tools.scale.rounds() {
            if matches!(engine, Engine::Sqlite) {
                posted.push(rival::post(tools, count, CONCURRENT).await?.per_second);
                settled.push(rival::settle(tools, count / 4, CONCURRENT).await?.per_second);
            }
            ours.push(drain(tools, engine, receiver, count).await?);
        }
        let facts = json!({ "callbacks": count, "at a time": CONCURRENT });
        report.about(&format!("Drain on {}", engine.name()), &facts)?;
        report.figure("callbacks delivered and settled", "callbacks/s", &ours)?;
        if matches!(engine, Engine::Sqlite) {
            report.figure("posting alone", "callbacks/s", &posted)?;
            report.figure("settling each", "callbacks/s", &settled)?;
            let share = ours.over(&posted);
            report.goal("R9", "drain, of posting alone", Bound::AtLeast(0.5), &share)?;
            let times = ours.over(&settled);
            report.goal("R9", "drain, times settling each", Bound::AtLeast(5.0), &times)?;
        }
    }
    Ok(())
}

/// Fills the outbox while the receiver holds its answers back, then lets it go.
async fn drain(
    tools: &Tools,
    engine: &Engine,
    receiver: &Receiver,
    count: usize,
) -> Result<f64, Failure> {
    receiver.forget();
    receiver.set(Gate::Shut);
    let site = Site::make(engine, &tools.folder, tools.receiver).await?;
    let service = Service::start(tools, &site).await?;
    let mut submits = Submits::new(site.address, tools.receiver, Wish::Read);
    let requests = (0..).take(count).map(|number| submits.number(number).to_vec()).collect();
    closed(site.address, 64, PATIENCE, Once::new(requests)).await?.only(201)?;
    receiver.set(Gate::Open);
    let start = Instant::now();
    while receiver.told().events.len() < count || site.database.census().await?.undelivered > 0 {
        if start.elapsed() > PATIENCE {
            let told = receiver.told().events.len();
            return Err(format!("void: {told} of {count} callbacks came").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let elapsed = start.elapsed();
    service.stop().await?;
    site.database.remove().await?;
    Ok(approximate(u64::try_from(count)?) / elapsed.as_secs_f64())
}
