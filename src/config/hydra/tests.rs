//! What the section means, and how its faults are shown.

use std::path::Path;

use super::*;
use crate::{
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
};

fn parse(text: &str) -> Result<Config, String> {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let environment = Environment::of([("KEY", key)]);
    Config::parse("countersign.yaml", text, Path::new("/"), &environment)
        .map_err(|page| page.render(Paint::Plain))
}

#[test]
fn a_hydra_needs_its_two_addresses() {
    let config = parse(
        "encryption_key: { env: KEY }\negress: { allow: [10.1.2.3/32] }\nhydra:\n  \
         issuer: https://hydra.example.com\n  admin_url: http://10.1.2.3:4445\n",
    );
    let hydra = config.unwrap().hydra.unwrap();
    assert_eq!(hydra.ignore_scopes, IGNORED);
    assert_eq!(hydra.expires_in, SignedDuration::from_secs(1800));
}

#[test]
fn every_fault_of_hydra_is_shown_at_once_where_it_stands() {
    let said = parse(
        "hydra:\n  issuer: ftp://hydra.example.com\n  admin_url: http://10.1.2.3:4445\n  \
         ignore_scopes: { a: b }\n  expires_in: two days\n  secret: x\n",
    );
    let said = said.unwrap_err();
    for fault in [
        "cookies is kept sealed: give an `encryption_key`",
        "`ftp://hydra.example.com` is no address of Hydra's",
        "`http://10.1.2.3:4445` is no address of Hydra's",
        "a whole number from 1 to 86400",
        "unknown key `secret`",
    ] {
        assert!(said.contains(fault), "{fault} is not in\n{said}");
    }
    for line in 2..=6 {
        assert!(said.contains(&format!("countersign.yaml:{line}:")), "{line}: {said}");
    }
    assert!(said.contains('─'), "the place is underlined: {said}");

    let said = parse("encryption_key: { env: KEY }\nhydra: {}\n").unwrap_err();
    for key in ["issuer", "admin_url"] {
        assert!(said.contains(&format!("`{key}`")), "{said}");
    }
    assert!(parse("hydra: [https://hydra.example.com]\n").is_err());
}
