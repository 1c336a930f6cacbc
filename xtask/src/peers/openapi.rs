//! Whether the API does what openapi.json says: schemathesis makes thousands of requests, good and
//! bad, from the document that the server itself serves.

use std::fs;

use serde::Deserialize;

use super::{place::Place, server::Server};
use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

const CASES_MIN: u64 = 5_000;
/// Per operation: with some fourteen of them, enough for `CASES_MIN`.
const EXAMPLES: &str = "400";

/// Valid, and known to this run alone.
const API_KEY: &str = "cs_peer_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// The part of the report that we read.
#[derive(Debug, Deserialize)]
struct Report {
    complete: bool,
    test_cases: Cases,
}

#[derive(Debug, Deserialize)]
struct Cases {
    generated: u64,
    with_failures: u64,
}

/// Starts a server and lets schemathesis at it.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "openapi")?;
    let mut schemathesis = place.python("st")?;
    let (_server, address) = Server::afresh(shop, &place, &[("PEER_API_KEY", API_KEY)])?;

    schemathesis.args(["--no-color", "run", &format!("http://{address}/openapi.json")]);
    schemathesis.args(["--generation-deterministic", "--continue-on-failure", "--checks", "all"]);
    // What the schema allows, policy may still refuse: an unknown scope is a 422.
    schemathesis.args(["--exclude-checks", "positive_data_acceptance"]);
    schemathesis.args(["--header", &format!("Authorization: Bearer {API_KEY}")]);
    // One worker: two that read their own source at the same time trip over each other in CPython 3.11
    // ("AST constructor recursion depth mismatch").
    schemathesis.args(["--max-examples", EXAMPLES, "--workers", "1"]);
    schemathesis.args(["--report", "json", "--report-json-path", "report.json"]);
    command::run(&mut schemathesis)?;
    judge(&fs::read(place.path("report.json")).during("schemathesis' report")?)
}

/// A run that stopped early, or tried little, has shown nothing.
fn judge(report: &[u8]) -> Outcome<String> {
    let report: Report = serde_json::from_slice(report).during("schemathesis' report")?;
    let Cases { generated, with_failures } = report.test_cases;
    if !report.complete || generated < CASES_MIN || with_failures > 0 {
        return fail(format!("{generated} cases of at least {CASES_MIN}, {with_failures} failed"));
    }
    Ok(format!("{generated} cases, none failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(complete: bool, generated: u64, with_failures: u64) -> Vec<u8> {
        let cases = serde_json::json!({"generated": generated, "with_failures": with_failures});
        serde_json::json!({"complete": complete, "test_cases": cases}).to_string().into_bytes()
    }

    #[test]
    fn only_a_whole_run_without_failures_passes() {
        assert!(judge(&report(true, 5_000, 0)).is_ok());
        assert!(judge(&report(false, 5_000, 0)).is_err());
        assert!(judge(&report(true, 4_999, 0)).is_err());
        assert!(judge(&report(true, 5_000, 1)).is_err());
    }
}
