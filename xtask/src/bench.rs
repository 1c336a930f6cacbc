//! `cargo xtask bench`: the package countersign-bench as it is shipped, beside a throw-away
//! PostgreSQL that commits to the disk as in production.

use clap::Args;

use crate::{
    command,
    outcome::{Outcome, Stop},
    postgres::{Durability, Postgres},
    workshop::Workshop,
};

/// What to measure; all of it is decided by countersign-bench.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Minutes rather than hours.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Every figure, at the length that the published ones have.
    #[arg(long)]
    full: bool,
    /// Also measure the programs that we are compared with.
    #[arg(long)]
    peers: bool,
    /// Handed on as they are.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds and runs the measurements.
pub(crate) fn run(shop: &Workshop, options: &Options) -> Outcome<()> {
    let mut cargo = shop.cargo();
    cargo.args(["run", "--profile", "dist", "--package", "countersign-bench", "--"]);
    cargo.args(options.flags()).args(&options.rest);
    // Held until the measurements end.
    let _postgres = match Postgres::start(shop, Durability::Full) {
        Ok(postgres) => {
            cargo.env("COUNTERSIGN_TEST_POSTGRES", postgres.url());
            Some(postgres)
        }
        Err(Stop::Skip(why)) => {
            anstream::println!("skipped: PostgreSQL: {why}");
            None
        }
        Err(failure) => return Err(failure),
    };
    command::run(&mut cargo)
}

impl Options {
    fn flags(&self) -> impl Iterator<Item = &'static str> {
        [("--quick", self.quick), ("--full", self.full), ("--peers", self.peers)]
            .into_iter()
            .filter_map(|(flag, given)| given.then_some(flag))
    }
}
