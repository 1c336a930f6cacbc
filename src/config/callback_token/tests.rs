//! Which proofs there are, and how the faults of a key are shown.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};

use super::*;
use crate::{
    config::{Config, environment::Environment},
    domain::diagnostic::Paint,
};

fn parse(folder: &Path, token: &str) -> Result<Config, String> {
    let text = format!(
        "encryption_key: {{ env: KEY }}\nclients:\n  - id: crm\n    scopes: ['*']\n    \
         webhook_secret: {{ env: SECRET }}\n    callbacks: [https://crm.example/hook]\n    \
         callback_token:\n      token_endpoint: https://sso.example/token\n      \
         client_id: countersign\n{token}"
    );
    let environment = Environment::of([
        ("KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("SECRET", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    ]);
    Config::parse("countersign.yaml", &text, folder, &environment)
        .map_err(|page| page.render(Paint::Plain))
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_key_of_our_own_signs() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    write(folder.path(), "key.pem", &key);
    let config = parse(folder.path(), "      private_key: { file: key.pem }\n").unwrap();
    let token = config.clients[0].callback_token.as_ref().unwrap();
    let TokenProof::Key(_, audience) = &token.proof else { panic!("a key") };
    assert_eq!(audience, "https://sso.example/token");
    assert!(!format!("{token:?}").contains("PRIVATE"), "{token:?}");
}

#[test]
fn a_key_that_cannot_be_read_or_used_is_shown_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().serialize_pem();
    let wrong_curve = wrong.clone();
    for (text, why) in [
        (wrong, "this is no private key on P-256 in PKCS #8"),
        ("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n".to_owned(), "in PKCS #8"),
        ("not a key".to_owned(), "`openssl genpkey"),
        (String::new(), "this file is empty"),
    ] {
        write(folder.path(), "key.pem", &text);
        let said = parse(folder.path(), "      private_key: { file: key.pem }\n").unwrap_err();
        assert!(said.contains(why) && said.contains("countersign.yaml:10:"), "{why}: {said}");
        assert!(said.contains('─') && !said.contains("BEGIN"), "{said}");
    }
    let said = parse(folder.path(), "      private_key: { file: nowhere.pem }\n").unwrap_err();
    assert!(said.contains("cannot read this file"), "{said}");
    let said = parse(folder.path(), &format!("      private_key: {wrong_curve:?}\n"));
    assert!(said.unwrap_err().contains("a secret may not stand here"));
}

#[test]
fn what_goes_with_one_proof_goes_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let both = "      client_secret: { env: SECRET }\n      private_key: { file: key.pem }\n";
    let said = parse(folder.path(), both).unwrap_err();
    assert!(said.contains("there is one proof of who asks"), "{said}");
    let more = "      client_secret: { env: SECRET }\n      key_id: k\n      audience: a\n";
    let said = parse(folder.path(), more).unwrap_err();
    for key in ["`key_id` is of a `private_key`", "`audience` is of a `private_key`"] {
        assert!(said.contains(key), "{said}");
    }
}
