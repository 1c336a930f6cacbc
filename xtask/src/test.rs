//! `cargo xtask test`: everything, on a machine that may have nothing but a Rust tool chain. What
//! is missing and cannot be installed is skipped aloud; what ran and did not pass fails the whole.

use std::fs;

use crate::{
    check, command,
    outcome::{During, Outcome, Stop, fail},
    peers,
    suite::{self, Selection, Suite},
    verdict,
    workshop::Workshop,
};

const OURS: &[Suite] = &[
    Suite { name: "postgres", about: "a throw-away PostgreSQL starts", run: postgres },
    Suite { name: "tests", about: "every test of the workspace, on both databases", run: tests },
    Suite { name: "control", about: "a store that reads first does lose decisions", run: control },
    Suite { name: "redeem-race", about: "of 1,000 redemptions at once one wins", run: redeem },
    Suite { name: "policy", about: "two readings of the manual judge alike", run: policy },
    Suite { name: "demo-check", about: "the guided tour, without a browser", run: demo },
    Suite { name: "manifest", about: "manifests/openapi.json is what we serve", run: manifest },
];

/// Runs the fast checks, our tests and the peers.
pub(crate) fn run(shop: &Workshop, selection: &Selection) -> Outcome<()> {
    suite::run_selected(shop, &[check::ALL, OURS, peers::ALL].concat(), selection)
}

fn postgres(shop: &Workshop) -> Outcome<String> {
    Ok(shop.postgres()?.url().to_owned())
}

fn tests(shop: &Workshop) -> Outcome<String> {
    let mut cargo = shop.cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    let databases = match shop.postgres() {
        Ok(postgres) => {
            cargo.env("COUNTERSIGN_TEST_POSTGRES", postgres.url());
            "SQLite and PostgreSQL"
        }
        Err(Stop::Skip(why)) => {
            anstream::println!("skipped: PostgreSQL: {why}");
            "SQLite only"
        }
        Err(failure) => return Err(failure),
    };
    verdict::run(&mut cargo)?;
    Ok(databases.to_owned())
}

/// A race test that cannot fail is worth nothing: this store reads before it locks.
fn control(shop: &Workshop) -> Outcome<String> {
    let mut cargo = shop.cargo();
    cargo.env("COUNTERSIGN_TEST_POSTGRES", shop.postgres()?.url());
    cargo.args(["test", "--features", "read-first", "--test", "it"]);
    command::show(cargo.arg("race::votes_that_wait_for_one_lock_see_each_other"));
    let said = command::read(&mut cargo)?;
    // A filter that fits nothing is no error to Cargo.
    if !said.contains("1 passed") {
        return fail("the test of the control was not run");
    }
    Ok("decisions are lost where the store reads before it locks".to_owned())
}

/// More than a story needs: each credential redeemed a thousand times at once, by two processes,
/// on both databases. The test prints its figures.
const REDEMPTIONS: &str = "1000x10";

fn redeem(shop: &Workshop) -> Outcome<String> {
    let mut cargo = shop.cargo();
    if let Ok(postgres) = shop.postgres() {
        cargo.env("COUNTERSIGN_TEST_POSTGRES", postgres.url());
    }
    cargo.env("COUNTERSIGN_REDEEM_RACE", REDEMPTIONS);
    cargo.args(["test", "--test", "it", "credential::race::", "--", "--nocapture"]);
    verdict::run(&mut cargo)?;
    Ok("10,000 redemptions of 10 credentials: 10 yes".to_owned())
}

/// More policies and requests than a change has to wait for; the reference lists how to judge more.
const POLICY_CASES: &str = "10000";

/// The evaluator against one that was written from the manual alone.
fn policy(shop: &Workshop) -> Outcome<String> {
    let mut cargo = shop.cargo();
    cargo.env("COUNTERSIGN_POLICY_CASES", POLICY_CASES);
    cargo.args(["test", "--lib", "policy::tests::compare", "--", "--nocapture"]);
    command::show(&cargo);
    let said = command::read(&mut cargo)?;
    let fact = said.lines().find(|line| line.starts_with(POLICY_CASES));
    fact.map_or_else(|| fail("the comparison was not run"), |fact| Ok(fact.to_owned()))
}

fn demo(shop: &Workshop) -> Outcome<String> {
    let mut demo = shop.countersign()?;
    command::run(demo.args(["demo", "--headless"]))?;
    Ok("the tour ends as it should".to_owned())
}

fn manifest(shop: &Workshop) -> Outcome<String> {
    let path = shop.root.join("manifests").join("openapi.json");
    let committed = fs::read_to_string(&path).during(path.display())?;
    let served = command::read(shop.countersign()?.arg("openapi"))?;
    if committed == served {
        return Ok("no drift".to_owned());
    }
    fail("manifests/openapi.json is old: `cargo run -- openapi > manifests/openapi.json`")
}
