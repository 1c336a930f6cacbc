//! Whether the example of an asking OAuth server works: `examples/oidc-provider`, on a certified
//! library, with a client, people who click and every kind of answer.

use std::{fs, net::SocketAddr, process::Command};

use super::{listening::Listening, place::Place};
use crate::{
    loopback::free_address,
    outcome::{During, Outcome},
    verdict,
    workshop::Workshop,
};

/// The keys of the client that asks in the stories.
const API_KEY: &str = "cs_shop_00000000000000000000000000000000000000000000";
const WEBHOOK_SECRET: &str = "whsec_Y291bnRlcnNpZ24tdGVzdC1zZWNyZXQtMDAwMDAwMDE=";

/// Starts it, and tells the stories.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::of(shop, "oidc-provider", &shop.root.join("examples/oidc-provider"))?;
    let (server, ours) = (free_address()?, free_address()?);
    let _example = Listening::start(command(&mut place.node("server.mjs")?, server, ours))?;
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

fn command(command: &mut Command, server: SocketAddr, ours: SocketAddr) -> &mut Command {
    command.env("PORT", server.port().to_string());
    command.env("COUNTERSIGN_URL", format!("http://{ours}"));
    command.env("COUNTERSIGN_API_KEY", API_KEY);
    command.env("COUNTERSIGN_WEBHOOK_SECRET", WEBHOOK_SECRET);
    command.env("CLIENT_SECRET", "s3cret-of-the-shop");
    command.env("DETAIL_TYPES", "payment salary")
}
