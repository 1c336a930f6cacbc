//! Whether our callbacks verify where receivers verify: the official `standardwebhooks` packages of
//! Node and Python, and an Ed25519 check of each. tests/peers/webhooks/README.md tells how the
//! integration tests hand over what they received.

mod delivery;
mod signed;

use std::{collections::BTreeSet, fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};

use self::delivery::{Recorded, Trial};
use crate::{
    command,
    outcome::{During, Outcome, fail},
    peers::place::{Place, pipe},
    workshop::Workshop,
};

/// Every type of event that we send.
const EVENTS: [&str; 6] = [
    "access_request.approved",
    "access_request.denied",
    "access_request.expired",
    "access_request.cancelled",
    "access_request.partial",
    "approval.lapsed",
];

/// Collects deliveries, tampers with them and asks both receivers.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "webhooks")?;
    let recorded = record(shop, &place.path("recorded.jsonl"))?;
    let signed = signed::all()?;
    let all = std::iter::once(signed::published()).chain(signed).chain(recorded.iter().cloned());
    let trials: Vec<Trial> =
        all.flat_map(|delivery| delivery.trials().collect::<Vec<_>>()).collect();
    let lines = trials.iter().map(|trial| Ok(serde_json::to_string(trial)? + "\n"));
    let input = lines.collect::<serde_json::Result<String>>().during("write the trials")?;
    compare("Node", &trials, &pipe(&mut place.node("verify.mjs")?, &input)?)?;
    compare("Python", &trials, &pipe(place.python("python")?.arg("verify.py"), &input)?)?;
    Ok(format!("{} callbacks recorded, {} trials in each language", recorded.len(), trials.len()))
}

/// What our own integration tests received over HTTP.
fn record(shop: &Workshop, file: &Path) -> Outcome<Vec<Recorded>> {
    if file.exists() {
        fs::remove_file(file).during(file.display())?;
    }
    let mut tests = shop.cargo();
    tests.args(["test", "--workspace", "--test", "it", "--quiet", "callback"]);
    command::run(tests.env("COUNTERSIGN_RECORD_CALLBACKS", file))?;
    let text = fs::read_to_string(file).during("the tests recorded no callback")?;
    let recorded = text.lines().map(serde_json::from_str).collect::<serde_json::Result<Vec<_>>>();
    let recorded: Vec<Recorded> = recorded.during(file.display())?;
    let seen: BTreeSet<String> = recorded.iter().filter_map(event).collect();
    let missing: Vec<&str> = EVENTS.into_iter().filter(|event| !seen.contains(*event)).collect();
    if !missing.is_empty() {
        return fail(format!("the tests recorded no callback of: {}", missing.join(", ")));
    }
    Ok(recorded)
}

/// The type that the body names.
fn event(recorded: &Recorded) -> Option<String> {
    let body = STANDARD.decode(&recorded.delivery.body_base64).ok()?;
    let body: serde_json::Value = serde_json::from_slice(&body).ok()?;
    Some(body.get("type")?.as_str()?.to_owned())
}

fn compare(receiver: &str, trials: &[Trial], answer: &str) -> Outcome<()> {
    if answer.lines().count() != trials.len() {
        return fail(format!("{receiver} gave {} verdicts", answer.lines().count()));
    }
    let wrong = trials.iter().zip(answer.lines()).find(|(trial, said)| trial.verdict() != *said);
    match wrong {
        None => Ok(()),
        Some((trial, said)) => {
            let what = trial.tampering.unwrap_or("it is as it was sent");
            fail(format!("{receiver} {said} `{}`, but {what}", trial.delivery.id))
        }
    }
}
