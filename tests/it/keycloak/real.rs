//! The same scenarios with the real Keycloak, where `cargo xtask peers keycloak` has started one.

use countersign::clock::Clock;

use super::{desk::Desk, realm::Realm, scenario};
use crate::{
    database::Database,
    office::{Office, Site},
};

/// The issuer of a realm that is set up for these stories.
const ISSUER: &str = "COUNTERSIGN_KEYCLOAK_ISSUER";
/// Where that server asks: host and port.
const LISTEN: &str = "COUNTERSIGN_KEYCLOAK_LISTEN";

/// One after the other: the server asks at one address.
#[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
#[tokio::test(flavor = "multi_thread")]
async fn the_real_keycloak_does_what_the_fake_does() {
    let (Ok(issuer), Ok(listen)) = (std::env::var(ISSUER), std::env::var(LISTEN)) else {
        eprintln!("skipped: real Keycloak: run `cargo xtask peers keycloak`");
        return;
    };
    let desk = async || {
        let site = Site { listen: listen.clone(), realm: Some(issuer.clone()), ..Site::default() };
        let office = Office::open_at(Database::sqlite(), Clock::system(), site).await;
        Desk { office, realm: Realm { issuer: issuer.clone() }, fake: None }
    };
    macro_rules! play {
        ($($story:ident),*) => {
            $(
                eprintln!("real Keycloak: {}", stringify!($story));
                scenario::$story(desk().await).await.office.close().await;
            )*
        };
    }
    play!(approve, deny, expire, join, restart, second_callback, refuse, join_what_is_not_ones_own);
}
