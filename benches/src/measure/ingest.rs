//! Submits with policy, idempotency key, audit entry, card and callback: how many, how fast, and
//! how near that comes to what the machine gives.

use serde_json::json;

use crate::{
    database::Engine,
    failure::Failure,
    load::{Run, Times, approximate, closed, open},
    payload::{Submits, Wish},
    report::{Bound, Report},
    rival::{self, Rival},
    series::Series,
    service::Service,
    site::Site,
    tools::Tools,
};

const ACCEPTED: u16 = 202;
const MANY: usize = 256;

/// The figures of one engine, round by round.
#[derive(Debug, Default)]
struct Rounds {
    one: Series,
    one_p50_ms: Series,
    some: Series,
    some_p99_ms: Series,
    many: Series,
    many_p99_ms: Series,
    many_max_ms: Series,
    processor_us: Series,
    half_p50_ms: Series,
    half_p99_ms: Series,
    half_p999_ms: Series,
    half_max_ms: Series,
}

/// What SQLite is measured against, round by round.
#[derive(Debug, Default)]
struct Against {
    echo: Series,
    naive: Series,
    naive_p99_ms: Series,
    append: Series,
    append_p50_ms: Series,
    single: Series,
    single_p50_ms: Series,
    bulk: Series,
}

pub(super) async fn measure(tools: &Tools, report: &mut Report) -> Result<(), Failure> {
    for engine in &tools.engines {
        let mut rounds = Rounds::default();
        let mut against = Against::default();
        for _ in 0..tools.scale.rounds() {
            if matches!(engine, Engine::Sqlite) {
                against.round(tools).await?;
            }
            rounds.round(tools, engine).await?;
        }
        report.about(&format!("Ingest on {}", engine.name()), &json!({}))?;
        rounds.tell(report)?;
        if matches!(engine, Engine::Sqlite) {
            against.tell(report)?;
            judge(&rounds, &against, report)?;
        }
    }
    Ok(())
}

impl Rounds {
    /// A service that has just been started, on a database that is empty.
    async fn round(&mut self, tools: &Tools, engine: &Engine) -> Result<(), Failure> {
        let site = Site::make(engine, &tools.folder, tools.receiver).await?;
        let service = Service::start(tools, &site).await?;
        let submits = Submits::new(site.address, tools.receiver, Wish::Write);
        let lasting = tools.scale.lasting();
        let mut answered = 0;
        let mut take = |run: Run| -> Result<Times, Failure> {
            let times = run.only(ACCEPTED)?;
            answered += times.count();
            Ok(times)
        };
        let one = take(closed(site.address, 1, lasting, submits.clone()).await?)?;
        self.one.push(one.per_second());
        self.one_p50_ms.push(one.quantile_ms(0.5));
        let some = take(closed(site.address, 32, lasting, submits.clone()).await?)?;
        self.some.push(some.per_second());
        self.some_p99_ms.push(some.quantile_ms(0.99));
        let before = service.processor_time()?;
        let many = take(closed(site.address, MANY, lasting, submits.clone()).await?)?;
        let spent = service.processor_time()?.saturating_sub(before);
        self.processor_us.push(spent.as_secs_f64() * 1e6 / approximate(many.count()));
        self.many.push(many.per_second());
        self.many_p99_ms.push(many.quantile_ms(0.99));
        self.many_max_ms.push(many.max_ms());
        let half = many.per_second() / 2.0;
        let half = take(open(site.address, MANY, half, lasting, submits).await?)?;
        self.half_p50_ms.push(half.quantile_ms(0.5));
        self.half_p99_ms.push(half.quantile_ms(0.99));
        self.half_p999_ms.push(half.quantile_ms(0.999));
        self.half_max_ms.push(half.max_ms());
        agrees(&site, answered).await?;
        service.stop().await?;
        site.database.remove().await
    }

    fn tell(&self, report: &mut Report) -> Result<(), Failure> {
        report.figure("1 connection", "requests/s", &self.one)?;
        report.figure("1 connection, p50", "ms", &self.one_p50_ms)?;
        report.figure("32 connections", "requests/s", &self.some)?;
        report.figure("32 connections, p99", "ms", &self.some_p99_ms)?;
        report.figure("256 connections", "requests/s", &self.many)?;
        report.figure("256 connections, p99", "ms", &self.many_p99_ms)?;
        report.figure("256 connections, worst", "ms", &self.many_max_ms)?;
        report.figure("256 connections, processor", "µs/request", &self.processor_us)?;
        report.figure("open loop at half of that, p50", "ms", &self.half_p50_ms)?;
        report.figure("open loop, p99", "ms", &self.half_p99_ms)?;
        report.figure("open loop, p99.9", "ms", &self.half_p999_ms)?;
        report.figure("open loop, worst", "ms", &self.half_max_ms)
    }
}

impl Against {
    async fn round(&mut self, tools: &Tools) -> Result<(), Failure> {
        let limits = rival::limits(tools)?;
        self.append.push(limits.append_per_second);
        self.append_p50_ms.push(limits.append_p50_ms);
        self.single.push(limits.single_per_second);
        self.single_p50_ms.push(limits.single_p50_ms);
        self.bulk.push(limits.bulk_per_second);
        self.echo.push(rate(tools, &Rival::echo(tools).await?).await?.per_second());
        let naive = rate(tools, &Rival::naive(tools).await?).await?;
        self.naive.push(naive.per_second());
        self.naive_p99_ms.push(naive.quantile_ms(0.99));
        Ok(())
    }

    fn tell(&self, report: &mut Report) -> Result<(), Failure> {
        report.figure("disk: 4 KiB appended and synced", "times/s", &self.append)?;
        report.figure("disk: the same, p50", "ms", &self.append_p50_ms)?;
        report.figure("SQLite: units, one a commit", "units/s", &self.single)?;
        report.figure("SQLite: the same, p50", "ms", &self.single_p50_ms)?;
        report.figure("SQLite: units, 256 a commit", "units/s", &self.bulk)?;
        report.figure("axum: echo, 256 connections", "requests/s", &self.echo)?;
        report.figure("naive pool of 10, 256 connections", "requests/s", &self.naive)?;
        report.figure("naive pool of 10, p99", "ms", &self.naive_p99_ms)
    }
}

async fn rate(tools: &Tools, rival: &Rival) -> Result<Times, Failure> {
    let submits = Submits::new(rival.address, tools.receiver, Wish::Write);
    closed(rival.address, MANY, tools.scale.lasting(), submits).await?.only(ACCEPTED)
}

/// As many requests as answers, each with its key, and the laws hold.
pub(super) async fn agrees(site: &Site, answered: u64) -> Result<(), Failure> {
    let census = site.database.census().await?;
    census.lawful()?;
    let answered = i64::try_from(answered)?;
    if census.requests != answered || census.keys != answered {
        return Err(
            format!("void: {answered} requests were answered, but there is {census:?}").into()
        );
    }
    Ok(())
}

fn judge(rounds: &Rounds, against: &Against, report: &mut Report) -> Result<(), Failure> {
    let limit = against.echo.in_a_row(&against.bulk);
    let share = rounds.many.over(&limit);
    report.goal("R1", "ingest, of the limit of HTTP and disk", Bound::AtLeast(0.30), &share)?;
    let times = rounds.many.over(&against.naive);
    report.goal("R1", "ingest, times the naive pool", Bound::AtLeast(6.0), &times)?;
    let commits = rounds.half_p99_ms.over(&against.single_p50_ms);
    report.goal("R2", "at half load: p99, in single commits", Bound::AtMost(15.0), &commits)?;
    report.goal("R2", "at half load: p99.9, ms", Bound::AtMost(50.0), &rounds.half_p999_ms)?;
    report.goal("R2", "256 connections: worst, ms", Bound::AtMost(250.0), &rounds.many_max_ms)?;
    let commits = rounds.one_p50_ms.over(&against.single_p50_ms);
    report.goal("R3", "one connection: p50, in single commits", Bound::AtMost(3.0), &commits)
}
