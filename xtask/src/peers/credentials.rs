//! Whether resource servers in Rust, Node and Python let in the same calls: each validates the base
//! token, the credential and the hash of the body with libraries of its own language.

use std::path::Path;

use serde::Deserialize;

use super::place::Place;
use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

const CALLS_MIN: usize = 60;

#[derive(Debug, Deserialize)]
struct Corpus {
    calls: Vec<Call>,
}

/// A call, and whether it must be let in.
#[derive(Debug, Deserialize)]
struct Call {
    name: String,
    verdict: String,
}

/// Makes a corpus with keys of this minute and shows it to all three.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "credentials")?;
    let path = place.path("corpus.json");
    let mut tests = shop.cargo();
    tests.args(["test", "--quiet", "--package", "countersign-verify", "--test", "corpus"]);
    command::run(tests.env("COUNTERSIGN_CREDENTIAL_CORPUS", &path))?;
    let text = std::fs::read(&path).during(path.display())?;
    let Corpus { calls } = serde_json::from_slice(&text).during(path.display())?;
    let accepted = calls.iter().filter(|call| call.verdict == "accepted").count();
    if calls.len() < CALLS_MIN || accepted == 0 {
        return fail(format!("{accepted} of {} calls accepted: that shows nothing", calls.len()));
    }
    compare("Rust", &calls, &in_rust(shop, &path)?)?;
    let mut node = place.node("server.mjs")?;
    compare("Node", &calls, &command::read(node.arg("judge").arg(&path))?)?;
    let mut python = place.python("python")?;
    compare("Python", &calls, &command::read(python.args(["server.py", "judge"]).arg(&path))?)?;
    Ok(format!("{} calls, {accepted} accepted, one verdict on each in all three", calls.len()))
}

fn in_rust(shop: &Workshop, corpus: &Path) -> Outcome<String> {
    let mut cargo = shop.cargo();
    cargo.args(["run", "--quiet", "--package", "countersign-verify"]);
    cargo.args(["--example", "resource_server", "--", "judge"]);
    command::read(cargo.arg(corpus))
}

fn compare(language: &str, calls: &[Call], said: &str) -> Outcome<()> {
    if said.lines().count() != calls.len() {
        return fail(format!("{language} gave {} verdicts", said.lines().count()));
    }
    let wrong = calls.iter().zip(said.lines()).filter(|(call, verdict)| call.verdict != *verdict);
    let wrong: Vec<String> =
        wrong.map(|(call, verdict)| format!("{language} {verdict}: {}", call.name)).collect();
    if wrong.is_empty() { Ok(()) } else { fail(wrong.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_compared() {
        let call = |verdict: &str| Call { name: "a".to_owned(), verdict: verdict.to_owned() };
        let calls = [call("accepted"), call("refused")];
        assert!(compare("Rust", &calls, "accepted\nrefused\n").is_ok());
        assert!(compare("Rust", &calls, "accepted\naccepted\n").is_err());
        assert!(compare("Rust", &calls, "accepted\n").is_err());
    }
}
