//! Whether the fake Slack of our tests behaves like Slack: Slack's own SDKs for Node (`WebClient`,
//! Bolt, Socket Mode client) and for Python talk to it, each to one of its own.

use super::place::Place;
use crate::{command, outcome::Outcome, workshop::Workshop};

const PACKAGE: &str = "countersign-fake-slack";
const IN_NODE: &[&str] = &["web-api.mjs", "bolt.mjs", "socket-mode.mjs"];
const IN_PYTHON: &str = "sdk.py";

/// Builds the fake and lets the SDKs at it.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    command::run(shop.cargo().args(["build", "--locked", "--package", PACKAGE]))?;
    let fake = shop.target.join("debug").join(PACKAGE);
    let place = Place::new(shop, "slack-fake")?;
    let mut node = place.node("--test")?;
    node.args(["--test-reporter", "spec"]).args(IN_NODE);
    command::run(node.env("FAKE_SLACK", &fake))?;
    command::run(place.python("python")?.arg(IN_PYTHON).env("FAKE_SLACK", &fake))?;
    Ok(format!("nothing to object to, by {} and {IN_PYTHON}", IN_NODE.join(", ")))
}
