//! One round of clicks on each side.

use crate::{
    bolt::Bolt,
    database::{Engine, PostedCard},
    failure::Failure,
    load::{approximate, closed, open},
    measure::ingest::agrees,
    payload::{Once, Submits, Wish, wish_of},
    report::{Bound, Report},
    series::Series,
    service::Service,
    site::Site,
    tools::{Outside, Tools},
};

/// Slack is answered with nothing in it, whatever became of the click: the database tells.
pub(super) const OK: u16 = 200;

/// How many people click at once where there are some.
pub(super) const SOME: usize = 32;

/// Ours, round by round.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) one: Series,
    one_p50_ms: Series,
    one_p99_ms: Series,
    pub(super) some: Series,
    some_p50_ms: Series,
    pub(super) some_p99_ms: Series,
    some_max_ms: Series,
    processor_us: Series,
    half_p99_ms: Series,
    peak_mib: Series,
    clicks: Series,
}

/// Bolt's, round by round.
#[derive(Debug, Default)]
pub(super) struct Peer {
    pub(super) one: Series,
    one_p50_ms: Series,
    one_p99_ms: Series,
    pub(super) some: Series,
    some_p50_ms: Series,
    pub(super) some_p99_ms: Series,
    some_max_ms: Series,
    peak_mib: Series,
}

impl Rounds {
    /// A service that has just been started, on requests whose cards are posted. What is clicked
    /// here can be clicked elsewhere.
    pub(super) async fn round(
        &mut self,
        tools: &Tools,
        outside: &Outside,
        engine: &Engine,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let site = Site::in_slack(engine, tools).await?;
        let (asked, requests) = prepared(tools, outside, &site).await?;
        let service = Service::start(tools, &site).await?;
        let clicks = Once::new(requests.clone());
        let lasting = tools.scale.lasting();
        let one = closed(site.address, 1, lasting, clicks.clone()).await?.only(OK)?;
        self.one.push(one.per_second());
        self.one_p50_ms.push(one.quantile_ms(0.5));
        self.one_p99_ms.push(one.quantile_ms(0.99));
        let before = service.processor_time()?;
        let some = closed(site.address, SOME, lasting, clicks.clone()).await?.only(OK)?;
        let spent = service.processor_time()?.saturating_sub(before);
        self.processor_us.push(spent.as_secs_f64() * 1e6 / approximate(some.count()));
        self.some.push(some.per_second());
        self.some_p50_ms.push(some.quantile_ms(0.5));
        self.some_p99_ms.push(some.quantile_ms(0.99));
        self.some_max_ms.push(some.max_ms());
        let half = some.per_second() / 2.0;
        let half = open(site.address, SOME, half, lasting, clicks).await?.only(OK)?;
        self.half_p99_ms.push(half.quantile_ms(0.99));
        let clicked = one.count() + some.count() + half.count();
        self.clicks.push(approximate(clicked));
        self.peak_mib.push(service.memory_mib()?.1);
        agrees(&site, asked).await?;
        counted(&site, clicked).await?;
        service.stop().await?;
        site.database.remove().await?;
        Ok(requests)
    }

    pub(super) fn tell(&self, report: &mut Report) -> Result<(), Failure> {
        report.figure("1 connection", "clicks/s", &self.one)?;
        report.figure("1 connection, p50", "ms", &self.one_p50_ms)?;
        report.figure("1 connection, p99", "ms", &self.one_p99_ms)?;
        report.figure("32 connections", "clicks/s", &self.some)?;
        report.figure("32 connections, p50", "ms", &self.some_p50_ms)?;
        report.figure("32 connections, processor", "µs/click", &self.processor_us)?;
        report.figure("open loop at half of that, p99", "ms", &self.half_p99_ms)?;
        report.figure("clicks on one service", "clicks", &self.clicks)?;
        report.goal("R4", "32 connections: p99, ms", Bound::AtMost(25.0), &self.some_p99_ms)?;
        report.goal("R4", "32 connections: worst, ms", Bound::AtMost(1000.0), &self.some_max_ms)?;
        report.goal("R12", "peak of memory, MiB", Bound::AtMost(50.0), &self.peak_mib)
    }
}

impl Peer {
    /// The same bytes from the start, on a program that has just been started.
    pub(super) async fn round(
        &mut self,
        tools: &Tools,
        bolt: &Bolt,
        clicks: Vec<Vec<u8>>,
    ) -> Result<(), Failure> {
        let (name, bolt) = (bolt.name(), bolt.start(tools).await?);
        let clicks = Once::new(clicks);
        let lasting = tools.scale.lasting();
        let one = closed(bolt.address(), 1, lasting, clicks.clone()).await?.only(OK)?;
        self.one.push(one.per_second());
        self.one_p50_ms.push(one.quantile_ms(0.5));
        self.one_p99_ms.push(one.quantile_ms(0.99));
        let some = closed(bolt.address(), SOME, lasting, clicks).await?.only(OK)?;
        self.some.push(some.per_second());
        self.some_p50_ms.push(some.quantile_ms(0.5));
        self.some_p99_ms.push(some.quantile_ms(0.99));
        self.some_max_ms.push(some.max_ms());
        self.peak_mib.push(bolt.peak_mib()?);
        let (answered, votes) = (one.count() + some.count(), bolt.votes().await?);
        if u64::try_from(votes)? != answered {
            return Err(format!("void: {answered} clicks were answered, {name} has {votes}").into());
        }
        Ok(())
    }

    pub(super) fn tell(&self, bolt: &str, report: &mut Report) -> Result<(), Failure> {
        report.figure(&format!("{bolt}, 1 connection"), "clicks/s", &self.one)?;
        report.figure(&format!("{bolt}, 1 connection, p50"), "ms", &self.one_p50_ms)?;
        report.figure(&format!("{bolt}, 1 connection, p99"), "ms", &self.one_p99_ms)?;
        report.figure(&format!("{bolt}, 32 connections"), "clicks/s", &self.some)?;
        report.figure(&format!("{bolt}, 32 connections, p50"), "ms", &self.some_p50_ms)?;
        report.figure(&format!("{bolt}, 32 connections, p99"), "ms", &self.some_p99_ms)?;
        report.figure(&format!("{bolt}, 32 connections, worst"), "ms", &self.some_max_ms)?;
        report.figure(&format!("{bolt}, memory at its peak"), "MiB", &self.peak_mib)
    }
}

/// Opens as many requests as can be clicked in the time that there is, and makes the clicks. Says
/// how many. No service runs afterwards.
pub(super) async fn prepared(
    tools: &Tools,
    outside: &Outside,
    site: &Site,
) -> Result<(u64, Vec<Vec<u8>>), Failure> {
    let service = Service::start(tools, site).await?;
    let asked = ask(tools, site).await?;
    let cards = alternating(site.database.cards(usize::try_from(asked)?).await?);
    let mut looks = [None, None];
    for (look, card) in looks.iter_mut().zip(&cards) {
        *look = Some(outside.workspace.card(&card.channel).await?);
    }
    service.stop().await?;
    site.database.post_cards(site.message()).await?;
    let presses = tools.presses(site);
    let looks = looks.iter().flatten().cycle();
    let clicks = cards.iter().zip(looks).map(|(card, look)| presses.yes(card, look));
    Ok((asked, clicks.collect::<Result<_, _>>()?))
}

/// As many votes as clicks: each counts, and none twice.
pub(super) async fn counted(site: &Site, clicked: u64) -> Result<(), Failure> {
    let votes = site.database.census().await?.votes;
    if u64::try_from(votes)? == clicked {
        return Ok(());
    }
    Err(format!("void: {clicked} clicks were answered, {votes} are stored").into())
}

pub(super) async fn ask(tools: &Tools, site: &Site) -> Result<u64, Failure> {
    let mut asked = 0;
    for (wish, first) in [(Wish::Write, 0), (Wish::Transfer, u64::MAX / 2)] {
        let submits = Submits::from(site.address, tools.receiver, wish, first);
        let lasting = tools.scale.lasting() * 3 / 2;
        asked += closed(site.address, 256, lasting, submits).await?.only(202)?.count();
    }
    Ok(asked)
}

/// One that stays pending, one that is decided, and so on.
pub(super) fn alternating(cards: Vec<PostedCard>) -> Vec<PostedCard> {
    let (pending, decided): (Vec<_>, Vec<_>) =
        cards.into_iter().partition(|card| wish_of(card) == Wish::Write);
    pending.into_iter().zip(decided).flat_map(|(one, other)| [one, other]).collect()
}
