//! Whether our client of Slack's Web API gets along with a server that no one here wrote: npm's
//! `emulate` is posted to, redrawn on, and asked for views and people.

use crate::{
    command,
    outcome::{During, Outcome},
    peers::place::Place,
    workshop::Workshop,
};

/// Runs the tests that want such a server.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "slack-emulate")?;
    let manifest = shop.root.join("Cargo.toml").canonicalize().during("find the workspace")?;
    let mut tests = place.node("run.mjs")?;
    tests.args(["cargo", "test", "--package", "countersign-slack", "--lib", "--quiet"]);
    tests.arg("--manifest-path").arg(manifest).args(["--", "emulated::"]);
    command::run(&mut tests)?;
    Ok("posted, redrew, told, opened forms and drew the home tab".to_owned())
}
