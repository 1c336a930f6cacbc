//! Whether Slack's own packages take what we draw: its types, by the TypeScript compiler, and its
//! Python package, which knows most of the limits. Our tests keep the count of blocks, which
//! neither of them knows.

use std::fs;

use crate::{
    command,
    outcome::{During, Outcome, fail},
    peers::place::{Place, pipe},
    workshop::Workshop,
};

/// Draws everything and asks both.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "slack-blocks")?;
    let file = place.path("drawn.jsonl");
    if file.exists() {
        fs::remove_file(&file).during(file.display())?;
    }
    let mut tests = shop.cargo();
    tests.args(["test", "--package", "countersign-slack", "--lib", "--quiet", "corpus"]);
    command::run(tests.env("COUNTERSIGN_RECORD_SLACK", &file))?;
    let drawn = fs::read_to_string(&file).during("the test recorded nothing")?;
    let count = drawn.lines().count();
    agreed("TypeScript", count, &pipe(&mut place.node("check.mjs")?, &drawn)?)?;
    agreed("Python", count, &pipe(place.python("python")?.arg("check.py"), &drawn)?)?;
    Ok(format!("{count} messages and views: well typed, and within the limits"))
}

fn agreed(peer: &str, count: usize, answer: &str) -> Outcome<()> {
    if count == 0 || answer.trim() != count.to_string() {
        return fail(format!("{peer} judged {} of {count}", answer.trim()));
    }
    Ok(())
}
