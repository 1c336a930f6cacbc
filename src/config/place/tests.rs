//! Which addresses are taken, and as what.

use std::path::Path;

use super::*;
use crate::{
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
};

fn parse(text: &str) -> Result<Config, String> {
    let environment = Environment::from([("URL", "postgres://me:secret@db/x")]);
    let config = Config::parse("c.yaml", text, Path::new("/etc"), &environment);
    config.map_err(|page| page.render(Paint::Plain))
}

#[test]
fn a_public_url_is_https_or_this_machine() {
    for (given, kept) in [
        ("https://countersign.example", "https://countersign.example"),
        ("https://countersign.example/", "https://countersign.example"),
        ("https://example.com/countersign/", "https://example.com/countersign"),
        ("HTTPS://Countersign.Example:443", "https://countersign.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        assert_eq!(public_url(given).as_deref(), Ok(kept));
    }
    for (given, why) in [
        ("countersign.example", "not a URL"),
        ("http://countersign.example", "https"),
        ("http://localhost.example", "https"),
        ("http://127.0.0.1.example", "https"),
        ("http://10.0.0.1", "https"),
        ("ftp://localhost", "https"),
        ("https://countersign.example/?a=b", "only"),
        ("https://countersign.example/#a", "only"),
        ("https://me@countersign.example", "only"),
        ("mailto:me@example.com", "no host"),
    ] {
        let refused = public_url(given).unwrap_err();
        assert!(refused.contains(why), "{given}: {refused}");
    }
}

#[test]
fn a_public_url_may_be_left_out_on_this_machine_only() {
    assert_eq!(parse("listen: 127.0.0.1:9090").unwrap().public_url, "http://127.0.0.1:9090");
    let page = parse("listen: 0.0.0.0:9090").unwrap_err();
    assert!(page.contains("`public_url` is missing"), "{page}");
}

#[test]
fn a_database_with_a_password_stands_elsewhere() {
    for good in ["sqlite:a.db", "postgres://me@db/x", "{ env: URL }"] {
        parse(&format!("database: {good}")).unwrap();
    }
    let page = parse("database: postgres://me:hunter2@db/x").unwrap_err();
    assert!(page.contains("a password may not stand here") && !page.contains("hunter2"), "{page}");
}

#[test]
fn paths_start_where_the_file_is() {
    let config = parse("policy: law/policy.yaml\npeople: /srv/people.yaml").unwrap();
    assert_eq!(config.policy, Path::new("/etc/law/policy.yaml"));
    assert_eq!(config.people, Path::new("/srv/people.yaml"));
    assert_eq!(config.catalogue, Path::new("/etc/catalogue.yaml"));
}

#[test]
fn an_address_to_listen_on_has_a_port() {
    assert_eq!(parse("listen: '[::1]:0'").unwrap().listen, "[::1]:0".parse().unwrap());
    for bad in ["127.0.0.1", "localhost:8080", "127.0.0.1:65536", "':8080'"] {
        let page = parse(&format!("listen: {bad}")).unwrap_err();
        assert!(page.contains("an address such as `127.0.0.1:8080`"), "{page}");
    }
}
