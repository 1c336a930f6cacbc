//! Whether the fake Teams of our tests behaves like Teams: Microsoft's own client of the Bot Connector
//! calls every route of it that our adapter calls, and MSAL asks it for tokens.

use serde::Deserialize;

use super::place::Place;
use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

const PACKAGE: &str = "countersign-fake-teams";
/// New thread, line, redraw, new chat, member, channels, team, roster.
const ROUTES: usize = 8;

/// What the client says at its end.
#[derive(Debug, Deserialize)]
struct Verdict {
    routes: usize,
    answers: usize,
    refusals: usize,
    tokens: usize,
    faults: Vec<String>,
}

/// Builds the fake and lets the client at it.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    command::run(shop.cargo().args(["build", "--locked", "--package", PACKAGE]))?;
    let place = Place::new(shop, "teams-sdk")?;
    let mut client = place.node("sdk.mjs")?;
    client.env("FAKE_TEAMS", shop.target.join("debug").join(PACKAGE));
    read(&command::read(&mut client)?)
}

fn read(said: &str) -> Outcome<String> {
    let verdict: Verdict =
        serde_json::from_str(said.lines().last().unwrap_or_default()).during("the verdict")?;
    let Verdict { routes, answers, refusals, tokens, faults } = verdict;
    if !faults.is_empty() {
        return fail(faults.join("\n"));
    }
    if routes < ROUTES || refusals == 0 || tokens == 0 {
        return fail(format!("{routes} routes, {refusals} refusals, {tokens} tokens: too little"));
    }
    Ok(format!("{routes} routes, {answers} answers, {refusals} refusals, {tokens} tokens as typed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_or_too_little_fails() {
        let verdict = |routes: usize, faults: &str| {
            format!(
                r#"{{"routes":{routes},"answers":9,"refusals":1,"tokens":1,"faults":[{faults}]}}"#
            )
        };
        assert!(read(&verdict(8, "")).is_ok());
        assert!(read(&verdict(7, "")).is_err());
        assert!(read(&verdict(8, "\"team is no TeamDetails\"")).is_err());
        assert!(read("").is_err());
    }
}
