//! Whether people can sign in at an identity provider that no one here wrote, on a certified library:
//! by its own pages, with RS256.

use super::{listening::Listening, place::Place};
use crate::{loopback::free_address, outcome::Outcome, verdict, workshop::Workshop};

/// The secret that the story's configuration finds in its environment.
const SECRET: &str = "directory-token";

/// Starts it, and tells the story.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "sign-in")?;
    let address = free_address()?;
    let mut server = place.node("server.mjs")?;
    server.env("PORT", address.port().to_string()).env("CLIENT_SECRET", SECRET);
    let _server = Listening::start(&mut server)?;
    let mut tests = shop.cargo();
    tests.args(["test", "--test", "it", "--", "--nocapture", "at_a_certified_provider"]);
    tests.env("COUNTERSIGN_SIGN_IN_ISSUER", format!("http://{address}"));
    if let Ok(postgres) = shop.postgres() {
        tests.env("COUNTERSIGN_TEST_POSTGRES", postgres.url());
    }
    verdict::run(&mut tests)?;
    Ok("signed in, linked, and turned away what was mixed up, on each database".to_owned())
}
