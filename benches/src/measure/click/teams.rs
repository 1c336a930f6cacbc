//! The same clicks in Teams: another door, another proof of who calls, and the whole card as the
//! answer. Measured beside Slack, round by round.

use super::round::{OK, SOME, alternating, ask, counted};
use crate::{
    database::Engine,
    failure::Failure,
    load::{approximate, closed},
    measure::ingest::agrees,
    payload::Once,
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::{Outside, Tools},
};

/// Round by round.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    one: Series,
    some: Series,
    some_p99_ms: Series,
    processor_us: Series,
}

impl Rounds {
    pub(super) async fn round(
        &mut self,
        tools: &Tools,
        outside: &Outside,
        engine: &Engine,
    ) -> Result<(), Failure> {
        let site = Site::in_teams(engine, tools, &outside.tenant).await?;
        let (asked, clicks) = prepared(tools, outside, &site).await?;
        let service = Service::start(tools, &site).await?;
        let clicks = Once::new(clicks);
        let lasting = tools.scale.lasting();
        let one = closed(site.address, 1, lasting, clicks.clone()).await?.only(OK)?;
        let before = service.processor_time()?;
        let some = closed(site.address, SOME, lasting, clicks).await?.only(OK)?;
        let spent = service.processor_time()?.saturating_sub(before);
        self.one.push(one.per_second());
        self.some.push(some.per_second());
        self.some_p99_ms.push(some.quantile_ms(0.99));
        self.processor_us.push(spent.as_secs_f64() * 1e6 / approximate(some.count()));
        agrees(&site, asked).await?;
        counted(&site, one.count() + some.count()).await?;
        service.stop().await?;
        site.database.remove().await
    }

    /// `slack` are the rates of the same rounds there.
    pub(super) fn tell(&self, slack: &Series, report: &mut Report) -> Result<(), Failure> {
        report.figure("Teams, 1 connection", "clicks/s", &self.one)?;
        report.figure("Teams, 32 connections", "clicks/s", &self.some)?;
        report.figure("Teams, 32 connections, p99", "ms", &self.some_p99_ms)?;
        report.figure("Teams, 32 connections, processor", "µs/click", &self.processor_us)?;
        let times = self.some.over(slack);
        report.goal("R7", "Teams, 32 connections, times Slack", Bound::AtLeast(0.8), &times)
    }
}

/// Installs the app, opens requests, and makes the clicks. No service runs afterwards.
async fn prepared(
    tools: &Tools,
    outside: &Outside,
    site: &Site,
) -> Result<(u64, Vec<Vec<u8>>), Failure> {
    let service = Service::start(tools, site).await?;
    let installation = Once::new(vec![outside.tenant.installation(site.address)]);
    closed(site.address, 1, tools.scale.lasting(), installation).await?.only(OK)?;
    let asked = ask(tools, site).await?;
    let cards = alternating(site.database.cards(usize::try_from(asked)?).await?);
    service.stop().await?;
    site.database.post_cards(site.message()).await?;
    Ok((asked, outside.tenant.clicks(site.address, &cards)?))
}
