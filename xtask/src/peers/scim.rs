//! Whether our SCIM server is one: scim2-tester reads how it describes itself, then makes, reads,
//! filters, replaces, patches and deletes resources by that description.

use serde::Deserialize;

use super::{place::Place, server::Server};
use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

const CHECKS_MIN: u64 = 50;

/// Valid, and known to this run alone.
const SCIM_KEY: &str = "cs_peer_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// How many checks ended in which way.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "UPPERCASE")]
struct Counts {
    success: u64,
    compliant: u64,
    acceptable: u64,
    deviation: u64,
    skipped: u64,
    error: u64,
    critical: u64,
}

/// Starts a server and lets the tester at it.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "scim")?;
    let mut tester = place.python("python")?;
    let (_server, address) = Server::afresh(shop, &place, &[("PEER_SCIM_KEY", SCIM_KEY)])?;
    tester.args(["judge.py", &format!("http://{address}/scim/v2"), SCIM_KEY]);
    judge(&command::read(&mut tester)?)
}

/// A run that checked little has shown nothing.
fn judge(said: &str) -> Outcome<String> {
    let counts: Counts = serde_json::from_str(said).during("what the tester counted")?;
    let Counts { success, compliant, acceptable, deviation, skipped, error, critical } = counts;
    let good = success + compliant + acceptable;
    let bad = deviation + error + critical;
    if bad > 0 || good < CHECKS_MIN {
        return fail(format!("{good} checks of at least {CHECKS_MIN} passed, {bad} failed"));
    }
    Ok(format!("{good} checks passed, {skipped} skipped, none failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_checks_without_a_failure_pass() {
        assert!(judge(r#"{"SUCCESS": 60, "SKIPPED": 2}"#).is_ok());
        assert!(judge(r#"{"SUCCESS": 49}"#).is_err());
        assert!(judge(r#"{"SUCCESS": 60, "ERROR": 1}"#).is_err());
        assert!(judge(r#"{"SUCCESS": 60, "DEVIATION": 1}"#).is_err());
        assert!(judge("nothing").is_err());
    }
}
