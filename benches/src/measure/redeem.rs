//! Single-use credentials: how long a resource server waits for its yes, beside a plain conditional
//! update on the same database.

use std::net::SocketAddr;

use countersign_verify::hash;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    database::Engine,
    failure::Failure,
    load::{Times, closed},
    payload::{Once, key},
    report::Report,
    rival,
    series::Series,
    service::Service,
    site::{
        API_KEY, Site,
        bank::{BANK, BANK_KEY, PAYOUT},
    },
    tools::Tools,
    wire::Wire,
};

/// How many resource servers ask at once where there are some.
const SOME: usize = 32;

/// More than are redeemed in a second.
const PER_SECOND: u64 = 4_000;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const SESSION: &str = "ses_01hzy3v8k2";

#[derive(Debug, Default)]
struct Rounds {
    one_p50_ms: Series,
    one_p99_ms: Series,
    some: Series,
    some_p50_ms: Series,
    some_p99_ms: Series,
}

pub(super) async fn measure(tools: &Tools, report: &mut Report) -> Result<(), Failure> {
    for engine in &tools.engines {
        let (mut ours, mut plain) = <(Rounds, Rounds)>::default();
        for _ in 0..tools.scale.silences() {
            ours.round(tools, engine).await?;
            plain.plain(tools, engine).await?;
        }
        report.about(&format!("Redemptions on {}", engine.name()), &json!({ "at once": SOME }))?;
        ours.tell("redeemed", report)?;
        plain.tell("a plain conditional update", report)?;
        let times = ours.one_p50_ms.over(&plain.one_p50_ms);
        report.figure("one at a time: p50, times the plain update", "", &times)?;
    }
    Ok(())
}

impl Rounds {
    async fn round(&mut self, tools: &Tools, engine: &Engine) -> Result<(), Failure> {
        let site = Site::with_bank(engine, tools).await?;
        let service = Service::start(tools, &site).await?;
        let lasting = tools.scale.lasting();
        let calls = Once::new(redemptions(site.address, 2 * PER_SECOND * lasting.as_secs()).await?);
        let one = closed(site.address, 1, lasting, calls.clone()).await?.only(200)?;
        let some = closed(site.address, SOME, lasting, calls).await?.only(200)?;
        redeemed(&site, &[&one, &some]).await?;
        service.stop().await?;
        site.database.remove().await?;
        self.one_p50_ms.push(one.quantile_ms(0.5));
        self.one_p99_ms.push(one.quantile_ms(0.99));
        self.some.push(some.per_second());
        self.some_p50_ms.push(some.quantile_ms(0.5));
        self.some_p99_ms.push(some.quantile_ms(0.99));
        Ok(())
    }

    async fn plain(&mut self, tools: &Tools, engine: &Engine) -> Result<(), Failure> {
        let updates = rival::update(tools, engine).await?;
        self.one_p50_ms.push(updates.one_p50_ms);
        self.one_p99_ms.push(updates.one_p99_ms);
        self.some.push(updates.some_per_second);
        self.some_p50_ms.push(updates.some_p50_ms);
        self.some_p99_ms.push(updates.some_p99_ms);
        Ok(())
    }

    fn tell(&self, what: &str, report: &mut Report) -> Result<(), Failure> {
        report.figure(&format!("{what}, one at a time, p50"), "ms", &self.one_p50_ms)?;
        report.figure(&format!("{what}, one at a time, p99"), "ms", &self.one_p99_ms)?;
        report.figure(&format!("{what}, {SOME} at once"), "a second", &self.some)?;
        report.figure(&format!("{what}, {SOME} at once, p50"), "ms", &self.some_p50_ms)?;
        report.figure(&format!("{what}, {SOME} at once, p99"), "ms", &self.some_p99_ms)
    }
}

/// As many were redeemed as were answered: a no would be answered with 200 too.
async fn redeemed(site: &Site, answered: &[&Times]) -> Result<(), Failure> {
    let answered: u64 = answered.iter().map(|times| times.count()).sum();
    let redeemed = site.database.redeemed().await?;
    if u64::try_from(redeemed)? == answered {
        return Ok(());
    }
    Err(format!("void: {answered} were answered, {redeemed} are redeemed").into())
}

/// Calls that each redeem a credential of their own, which was asked for and claimed.
async fn redemptions(to: SocketAddr, count: u64) -> Result<Vec<Vec<u8>>, Failure> {
    let asks = (0..count).map(|number| ask(to, number)).collect();
    let tasks = answers(to, 201, asks).await?;
    let ids = tasks.iter().map(|task| text(task, "/task/id"));
    let claims = ids.map(|id| Ok(claim(to, id?))).collect::<Result<_, Failure>>()?;
    let claimed = answers(to, 200, claims).await?;
    let hash = params_hash()?;
    claimed.iter().map(|one| Ok(redeem(to, text(one, "/credential")?, &hash))).collect()
}

fn action() -> Value {
    json!({ "name": PAYOUT })
}

fn resource() -> Value {
    json!({ "type": "account", "id": "DE02120300000000202051" })
}

fn parameters() -> Value {
    json!({ "amount": "99.00" })
}

/// What the bank says that it is about to execute.
fn params_hash() -> Result<String, Failure> {
    let call = json!({ "action": action(), "resource": resource(), "parameters": parameters() });
    Ok(hash::asked(call.to_string().as_bytes())?.params_hash()?)
}

fn ask(to: SocketAddr, number: u64) -> Vec<u8> {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "action": action(),
        "resource": resource(),
        "context": { "parameters": parameters() },
        "credential": { "type": "action", "aud": BANK, "sid": SESSION },
    });
    let key = format!("idempotency-key: {}\r\n", key(number));
    post(to, ("/access/v1/requests", API_KEY, &key), JSON, &body.to_string())
}

fn claim(to: SocketAddr, id: &str) -> Vec<u8> {
    post(to, (&format!("/access/v1/requests/{id}/credential"), API_KEY, ""), JSON, "{}")
}

fn redeem(to: SocketAddr, credential: &str, hash: &str) -> Vec<u8> {
    let pairs = [("token", credential), ("params_hash", hash), ("sid", SESSION), ("sub", "dana")];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    post(to, ("/access/v1/credentials/redeem", BANK_KEY, ""), FORM, &form)
}

fn post(to: SocketAddr, (path, key, more): (&str, &str, &str), kind: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {key}\r\n\
         content-type: {kind}\r\ncontent-length: {}\r\n{more}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The answers to requests, which are sent side by side; in no order.
async fn answers(
    to: SocketAddr,
    status: u16,
    requests: Vec<Vec<u8>>,
) -> Result<Vec<Value>, Failure> {
    let mut workers = JoinSet::new();
    for share in requests.chunks(requests.len().div_ceil(SOME).max(1)) {
        let share = share.to_vec();
        workers.spawn(async move {
            let mut wire = Wire::connect(to).await?;
            let mut bodies = Vec::with_capacity(share.len());
            for request in &share {
                let answer = wire.send(request).await?;
                if answer.status != status {
                    let body = String::from_utf8_lossy(wire.body());
                    return Err(Failure::from(format!("void: {}: {body}", answer.status)));
                }
                bodies.push(serde_json::from_slice(wire.body())?);
            }
            Ok(bodies)
        });
    }
    let mut all = Vec::with_capacity(requests.len());
    while let Some(bodies) = workers.join_next().await {
        all.extend(bodies??);
    }
    Ok(all)
}

fn text<'v>(answer: &'v Value, place: &str) -> Result<&'v str, Failure> {
    let text = answer.pointer(place).and_then(Value::as_str);
    text.ok_or_else(|| "an answer without what it is asked for".into())
}
