//! `cargo xtask check`: what takes a minute, not twenty. Nothing here starts a server.

use std::{env, path::PathBuf};

use crate::{
    command,
    outcome::{During, Outcome, fail, skip},
    suite::{self, Suite},
    workshop::Workshop,
};

/// The suites that need no test to be built.
pub(crate) const ALL: &[Suite] = &[
    Suite { name: "fmt", about: "one style", run: fmt },
    Suite { name: "clippy", about: "no warning in the whole workspace", run: clippy },
    Suite { name: "deny", about: "licences, bans and sources of the dependencies", run: deny },
];

const TIDY: Suite = Suite { name: "tidy", about: "the house rules hold", run: tidy };

/// Runs the fast checks.
pub(crate) fn run(shop: &Workshop) -> Outcome<()> {
    suite::run(shop, &[ALL, &[TIDY]].concat())
}

fn fmt(shop: &Workshop) -> Outcome<String> {
    command::run(shop.cargo().args(["fmt", "--all", "--check"]))?;
    Ok("formatted".to_owned())
}

fn clippy(shop: &Workshop) -> Outcome<String> {
    let what = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    command::run(shop.cargo().args(what))?;
    Ok("no warning".to_owned())
}

fn tidy(shop: &Workshop) -> Outcome<String> {
    let mut cargo = shop.cargo();
    command::show(cargo.args(["test", "--workspace", "--test", "it", "tidy::"]));
    let said = command::read(&mut cargo)?;
    // A filter that fits nothing is no error to Cargo.
    match said.lines().filter(|line| line.starts_with("test tidy::")).count() {
        0 => fail("no test of tests/it/tidy.rs was run"),
        rules => Ok(format!("{rules} rules hold")),
    }
}

fn deny(shop: &Workshop) -> Outcome<String> {
    if command::find("cargo-deny").is_none() {
        return skip("cargo-deny is not installed: cargo install --locked cargo-deny");
    }
    // It looks at the crates of every platform; a build brings only those of this one.
    command::run(shop.cargo().args(["fetch", "--locked"]))?;
    let check = ["deny", "--offline", "--workspace", "check", "--hide-inclusion-graph"];
    command::run(shop.cargo().args(check).args(["bans", "licenses", "sources"]))?;
    control(shop)?;
    if !has_advisories() {
        anstream::println!("skipped: advisories: there is no copy of their database here");
        return Ok("without advisories: no copy of their database here".to_owned());
    }
    command::run(shop.cargo().args(check).arg("advisories"))?;
    Ok("with advisories".to_owned())
}

/// A check that cannot fail is worth nothing: this one bans a crate that we have.
fn control(shop: &Workshop) -> Outcome<()> {
    let mut deny = shop.cargo();
    deny.args(["deny", "--offline", "--workspace", "--config", "xtask/deny-control.toml"]);
    let output = deny.args(["check", "bans"]).output().during("cargo deny")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !said.contains("error[banned]") {
        return fail("cargo-deny did not object to a banned crate: its verdict is worth nothing");
    }
    Ok(())
}

/// Whether somebody put a copy of the advisory database where cargo-deny looks for one.
fn has_advisories() -> bool {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    cargo_home.is_some_and(|home| home.join("advisory-dbs").is_dir())
}
