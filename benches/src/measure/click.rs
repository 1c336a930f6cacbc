//! Clicks, through the door of the sandbox: each is a vote, and every second one decides. A card is
//! clicked once, as people do.

use serde_json::json;

use super::ingest::agrees;
use crate::{
    database::{Engine, PostedCard},
    failure::Failure,
    load::{closed, open},
    payload::{Once, Submits, Wish, click, wish_of},
    report::Report,
    series::Series,
    service::Service,
    site::Site,
    tools::Tools,
};

/// The sandbox sends the browser back to the page.
const SEE_OTHER: u16 = 303;

#[derive(Debug, Default)]
struct Rounds {
    one: Series,
    one_p50_ms: Series,
    some: Series,
    some_p99_ms: Series,
    some_max_ms: Series,
    half_p99_ms: Series,
}

pub(super) async fn measure(tools: &Tools, report: &mut Report) -> Result<(), Failure> {
    for engine in &tools.engines {
        let mut rounds = Rounds::default();
        for _ in 0..tools.scale.rounds() {
            rounds.round(tools, engine).await?;
        }
        report.about(&format!("Clicks on {}", engine.name()), &json!({}))?;
        report.figure("1 connection", "clicks/s", &rounds.one)?;
        report.figure("1 connection, p50", "ms", &rounds.one_p50_ms)?;
        report.figure("32 connections", "clicks/s", &rounds.some)?;
        report.figure("32 connections, p99", "ms", &rounds.some_p99_ms)?;
        report.figure("32 connections, worst", "ms", &rounds.some_max_ms)?;
        report.figure("open loop at half of that, p99", "ms", &rounds.half_p99_ms)?;
    }
    Ok(())
}

impl Rounds {
    async fn round(&mut self, tools: &Tools, engine: &Engine) -> Result<(), Failure> {
        let site = Site::make(engine, &tools.folder, tools.receiver).await?;
        let service = Service::start(tools, &site).await?;
        let asked = ask(tools, &site).await?;
        let cards = alternating(site.database.cards(usize::try_from(asked)?).await?);
        let clicks: Result<Vec<_>, _> =
            cards.iter().map(|card| click(site.address, card)).collect();
        let clicks = Once::new(clicks?);
        let lasting = tools.scale.lasting();
        let one = closed(site.address, 1, lasting, clicks.clone()).await?.only(SEE_OTHER)?;
        self.one.push(one.per_second());
        self.one_p50_ms.push(one.quantile_ms(0.5));
        let some = closed(site.address, 32, lasting, clicks.clone()).await?.only(SEE_OTHER)?;
        self.some.push(some.per_second());
        self.some_p99_ms.push(some.quantile_ms(0.99));
        self.some_max_ms.push(some.max_ms());
        let half = some.per_second() / 2.0;
        let half = open(site.address, 32, half, lasting, clicks).await?.only(SEE_OTHER)?;
        self.half_p99_ms.push(half.quantile_ms(0.99));
        agrees(&site, asked).await?;
        let votes = site.database.census().await?.votes;
        let clicked = one.count() + some.count() + half.count();
        if u64::try_from(votes)? != clicked {
            return Err(format!("void: {clicked} clicks were answered, {votes} are stored").into());
        }
        service.stop().await?;
        site.database.remove().await
    }
}

/// Opens as many requests as can be clicked in the time that there is.
async fn ask(tools: &Tools, site: &Site) -> Result<u64, Failure> {
    let mut asked = 0;
    for (wish, first) in [(Wish::Write, 0), (Wish::Transfer, u64::MAX / 2)] {
        let submits = Submits::from(site.address, tools.receiver, wish, first);
        let lasting = tools.scale.lasting() * 3 / 2;
        asked += closed(site.address, 256, lasting, submits).await?.only(202)?.count();
    }
    Ok(asked)
}

/// One that stays pending, one that is decided, and so on.
fn alternating(cards: Vec<PostedCard>) -> Vec<PostedCard> {
    let (pending, decided): (Vec<_>, Vec<_>) =
        cards.into_iter().partition(|card| wish_of(card) == Wish::Write);
    pending.into_iter().zip(decided).flat_map(|(one, other)| [one, other]).collect()
}
