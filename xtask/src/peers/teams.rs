//! Whether Microsoft's own programs agree with what Teams gets and sends: their library for bots
//! judges our tokens, their renderer and their schemas our cards and our app package. A test of the
//! adapter writes what they are given.

use std::path::PathBuf;

use serde::Deserialize;

use super::place::Place;
use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

const TOKENS_MIN: usize = 29;
const CARDS_MIN: usize = 100;

/// What a judge says at its end.
#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(default)]
    tokens: usize,
    #[serde(default)]
    accepted: usize,
    #[serde(default)]
    cards: usize,
    faults: Vec<String>,
}

/// Tokens, verdict by verdict.
pub(super) fn tokens(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "teams-tokens")?;
    let mut verify = place.node("verify.mjs")?;
    let corpus = corpus(shop, &place)?;
    let Verdict { tokens, accepted, .. } = read(&command::read(verify.arg(corpus))?)?;
    if tokens < TOKENS_MIN || accepted == 0 || accepted == tokens {
        return fail(format!("{accepted} of {tokens} tokens accepted: that shows nothing"));
    }
    Ok(format!("{tokens} tokens, one verdict on each but for the known differences"))
}

/// Cards and the app package.
pub(super) fn cards(shop: &Workshop) -> Outcome<String> {
    let chromium = shop.program("chromium", "chromium")?;
    let place = Place::new(shop, "teams-cards")?;
    let mut parse = place.node("parse.mjs")?;
    let mut schema = place.python("python")?;
    let corpus = corpus(shop, &place)?;
    let mut cards = enough(&command::read(parse.arg(&corpus))?)?;
    cards = cards.min(enough(&command::read(schema.arg("schema.py").arg(&corpus))?)?);
    let mut render = place.node("render.mjs")?;
    let rendered = command::read(render.arg(&corpus).arg(chromium).arg(place.path("profile")))?;
    cards = cards.min(enough(&rendered)?);
    Ok(format!("{cards} cards parsed, valid and inert on the screen; the package is valid"))
}

/// What the judges are given, with keys and tokens of this minute.
fn corpus(shop: &Workshop, place: &Place<'_>) -> Outcome<PathBuf> {
    let corpus = place.path("corpus.json");
    let mut cargo = shop.cargo();
    cargo.args(["test", "--quiet", "--package", "countersign-teams", "--lib"]);
    cargo.arg("the_corpus_for_the_judges").env("COUNTERSIGN_TEAMS_CORPUS", &corpus);
    command::run(&mut cargo)?;
    Ok(corpus)
}

fn enough(said: &str) -> Outcome<usize> {
    let Verdict { cards, .. } = read(said)?;
    if cards < CARDS_MIN {
        return fail(format!("{cards} cards of at least {CARDS_MIN}"));
    }
    Ok(cards)
}

/// The last line is the verdict; one fault is enough to fail.
fn read(said: &str) -> Outcome<Verdict> {
    let verdict: Verdict =
        serde_json::from_str(said.lines().last().unwrap_or_default()).during("the verdict")?;
    if verdict.faults.is_empty() { Ok(verdict) } else { fail(verdict.faults.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_or_too_little_fails() {
        assert!(enough("noise\n{\"cards\": 100, \"faults\": []}\n").is_ok());
        assert!(enough("{\"cards\": 99, \"faults\": []}").is_err());
        assert!(enough("{\"cards\": 100, \"faults\": [\"x\"]}").is_err());
        assert!(enough("").is_err());
    }
}
