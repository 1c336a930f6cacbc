//! Whether the example of an asking OAuth server works: `examples/oidc-provider`, on a certified
//! library, with a client, people who click and every kind of answer.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
};

use super::place::Place;
use crate::{
    command,
    loopback::free_address,
    outcome::{During, Outcome, fail},
    verdict,
    workshop::Workshop,
};

/// The keys of the client that asks in the stories.
const API_KEY: &str = "cs_shop_00000000000000000000000000000000000000000000";
const WEBHOOK_SECRET: &str = "whsec_Y291bnRlcnNpZ24tdGVzdC1zZWNyZXQtMDAwMDAwMDE=";

/// The example, running.
struct Example {
    process: Child,
}

/// Starts it, and tells the stories.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::of(shop, "oidc-provider", &shop.root.join("examples/oidc-provider"))?;
    let (server, ours) = (free_address()?, free_address()?);
    let _example = Example::start(&mut place.node("server.mjs")?, server, ours)?;
    let mut tests = shop.cargo();
    tests.args(["test", "--test", "it", "--", "--nocapture", "a_certified_server"]);
    tests.env("COUNTERSIGN_OIDC_PROVIDER", format!("http://{server}"));
    tests.env("COUNTERSIGN_OIDC_PROVIDER_LISTEN", ours.to_string());
    if let Ok(postgres) = shop.postgres() {
        tests.env("COUNTERSIGN_TEST_POSTGRES", postgres.url());
    }
    verdict::run(&mut tests)?;
    let lock = place.path("node_modules/oidc-provider/package.json");
    let package: serde_json::Value =
        serde_json::from_slice(&fs::read(&lock).during(lock.display())?).during(lock.display())?;
    let version = package.get("version").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(format!("oidc-provider {version}: eleven stories on each database"))
}

impl Example {
    fn start(command: &mut Command, server: SocketAddr, ours: SocketAddr) -> Outcome<Self> {
        command.env("PORT", server.port().to_string());
        command.env("COUNTERSIGN_URL", format!("http://{ours}"));
        command.env("COUNTERSIGN_API_KEY", API_KEY);
        command.env("COUNTERSIGN_WEBHOOK_SECRET", WEBHOOK_SECRET);
        command.env("CLIENT_SECRET", "s3cret-of-the-shop");
        command.env("DETAIL_TYPES", "payment salary");
        command::show(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut example = Self { process: command.spawn().during("start the example")? };
        let Some(output) = example.process.stdout.take() else {
            return fail("the example has no standard output");
        };
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        if !lines.any(|line| line.starts_with("listening")) {
            return fail("the example ended before it listened");
        }
        // Read on, or it would stop at a full pipe.
        drop(thread::spawn(move || lines.for_each(drop)));
        Ok(example)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
