//! What it needs: memory when idle and at its peak, time to start, size on disk.

use std::{fs, time::Duration};

use serde_json::json;

use crate::{
    database::Engine,
    failure::Failure,
    load::{approximate, closed},
    payload::{Once, Submits, Wish},
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::Tools,
};

/// Long enough for everything that a start brings with it.
const SETTLED: Duration = Duration::from_millis(1500);

const STARTS: usize = 10;

pub(super) async fn measure(tools: &Tools, report: &mut Report) -> Result<(), Failure> {
    let site = Site::make(&Engine::Sqlite, &tools.folder, tools.receiver).await?;
    // The first start makes the tables; it is not what a restart costs.
    Service::start(tools, &site).await?.stop().await?;
    let mut starts = Series::default();
    for _ in 0..STARTS {
        let service = Service::start(tools, &site).await?;
        starts.push(service.ready_after.as_secs_f64() * 1e3);
        service.stop().await?;
    }
    let (idle, peak) = memory(tools, &site).await?;
    report.about("Footprint", &json!({ "requests": tools.scale.requests() }))?;
    report.goal("R12", "memory when idle, MiB", Bound::AtMost(20.0), &idle)?;
    report.goal("R12", "memory at its peak, MiB", Bound::AtMost(50.0), &peak)?;
    report.goal("R12", "from start to ready, ms", Bound::AtMost(80.0), &starts)?;
    let weight = size_mib(&tools.server)?;
    report.goal("R12", "program, MiB", Bound::AtMost(25.0), &weight)
}

async fn memory(tools: &Tools, site: &Site) -> Result<(Series, Series), Failure> {
    let service = Service::start(tools, site).await?;
    tokio::time::sleep(SETTLED).await;
    let (idle, _) = service.memory_mib()?;
    let mut submits = Submits::new(site.address, tools.receiver, Wish::Write);
    let count = tools.scale.requests();
    let requests = (0..).take(count).map(|number| submits.number(number).to_vec()).collect();
    let patience = Duration::from_mins(2);
    closed(site.address, 32, patience, Once::new(requests)).await?.only(202)?;
    let (_, peak) = service.memory_mib()?;
    service.stop().await?;
    Ok((Series::one(idle), Series::one(peak)))
}

fn size_mib(program: &std::path::Path) -> Result<Series, Failure> {
    Ok(Series::one(approximate(fs::metadata(program)?.len()) / (1024.0 * 1024.0)))
}
