//! What the section means, and how its faults are shown.

use std::path::Path;

use super::*;
use crate::{
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
};

fn parse(text: &str) -> Result<Config, String> {
    let environment = Environment::of([
        ("KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("PATH_SECRET", "0123456789abcdef0123456789abcdef"),
        ("SHORT", "0123456789abcdef"),
    ]);
    Config::parse("countersign.yaml", text, Path::new("/"), &environment)
        .map_err(|page| page.render(Paint::Plain))
}

const REALM: &str = "https://sso.example.com/realms/acme";

#[test]
fn a_connection_needs_a_name_its_realms_and_a_secret() {
    let config = parse(&format!(
        "encryption_key: {{ env: KEY }}\nkeycloak:\n- {{ name: main, issuers: [\"{REALM}\"], \
         path_secret: {{ env: PATH_SECRET }} }}\nclients:\n- {{ id: crm, scopes: [\"*\"], \
         tokens: [{{ issuer: \"{REALM}\", client_id: crm-backend }}] }}\n"
    ))
    .unwrap();
    let [connection] = config.keycloak.as_slice() else { panic!("one connection") };
    assert_eq!(connection.realms, [Realm::new(REALM, None).unwrap()]);
    assert_eq!(connection.ignore_scopes, IGNORED);
    assert_eq!(connection.realm_expires_in, SignedDuration::from_secs(120));
    assert_eq!(connection.subject_from, SubjectFrom::Username);
}

#[test]
fn every_fault_of_a_connection_is_shown_at_once() {
    let said = parse(
        "keycloak:\n\
         - { name: a b, issuers: [https://sso.example.com], path_secret: { env: SHORT } }\n\
         - { name: two, issuers: [https://sso/realms/a, https://sso/realms/a], \
             path_secret: a-secret-in-the-file-itself, base_url: ftp://sso, subject_from: email, \
             realm_expires_in: 0, delivery: push, algorithm: none, secret: x }\n",
    )
    .unwrap_err();
    for fault in [
        "so they are kept sealed",
        "a name of letters, digits, - and _",
        "`https://sso.example.com` is no realm",
        "at least 22 letters",
        "a secret may not stand here",
        "an https URL",
        "unknown value `email`",
        "a whole number from 1 to 86400",
        "unknown value `push`",
        "unknown value `none`",
        "unknown key `secret`",
    ] {
        assert!(said.contains(fault), "{fault} is not in\n{said}");
    }
    assert!(!said.contains("a-secret-in-the-file-itself"), "{said}");
}
