//! Whether what `countersign policy check --sarif` writes is SARIF: the published schema judges the
//! log of a policy that has a bit of everything. A test of ours writes it.

use serde::Deserialize;

use super::place::Place;
use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

/// Findings in the log: fewer show little.
const RESULTS_MIN: usize = 4;

#[derive(Debug, Deserialize)]
struct Verdict {
    valid: bool,
    /// Whether a log with a fault is refused.
    control: bool,
    results: usize,
}

/// Writes a log and has it judged.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "sarif")?;
    let mut judge = place.node("judge.mjs")?;
    let log = place.path("log.sarif");
    let mut tests = shop.cargo();
    tests.args(["test", "--test", "it", "--quiet", "policy::check::a_code_host_is_told"]);
    command::run(tests.env("COUNTERSIGN_RECORD_SARIF", &log))?;
    let said = command::read(judge.arg(&log))?;
    let Verdict { valid, control, results } =
        serde_json::from_str(&said).during("read the verdict")?;
    if !valid || !control || results < RESULTS_MIN {
        return fail(format!("valid: {valid}, fault found: {control}, {results} results"));
    }
    Ok(format!("{results} findings, valid by the schema of SARIF 2.1.0"))
}
