//! The text, the copy in the repository and the limits.

use std::{fs, path::Path};

use serde_json::Value;

use super::*;

const PUBLIC_URL: &str = "https://countersign.example.com";

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("our YAML is YAML")
}

#[test]
fn the_text_says_what_was_meant() {
    let text = manifest(PUBLIC_URL, Transport::Http).expect("a manifest");
    assert_eq!(read(&text), over_http(PUBLIC_URL));
    let text = manifest(PUBLIC_URL, Transport::Socket).expect("a manifest");
    assert_eq!(read(&text), over_socket());
}

#[test]
fn strings_that_look_like_something_else_stay_strings() {
    let value = json!({ "a": ["no", "1", "", "- x", "a: b # c", "\"\\\n\u{85}", "~"], "b": "…" });
    assert_eq!(read(&yaml::text(&value)), value);
}

#[test]
fn the_copy_in_the_repository_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/slack.yaml");
    let copy = fs::read_to_string(&path).unwrap_or_default();
    let text = manifest(PUBLIC_URL, Transport::Http).expect("a manifest");
    assert_eq!(copy, text, "write manifests/slack.yaml anew with `countersign manifest slack`");
}

#[test]
fn every_address_is_below_the_public_one() {
    let text = manifest("https://example.com/approve/", Transport::Http).expect("a manifest");
    let addresses: Vec<&str> = text.split('"').filter(|part| part.starts_with("https:")).collect();
    assert_eq!(
        addresses,
        [
            "https://example.com/approve/slack/commands",
            "https://example.com/approve/slack/oauth/callback",
            "https://example.com/approve/slack/events",
            "https://example.com/approve/slack/interactions",
        ]
    );
}

#[test]
fn socket_mode_names_no_address_and_rotates_nothing() {
    let text = manifest(PUBLIC_URL, Transport::Socket).expect("a manifest");
    assert!(!text.contains("https:"), "{text}");
    let settings = &read(&text)["settings"];
    assert_eq!(settings["socket_mode_enabled"], true);
    assert_eq!(settings["token_rotation_enabled"], false);
}

#[test]
fn only_https_will_do() {
    for url in ["http://example.com", "example.com", "https://example.com/?a=b", "https://e.com/#a"]
    {
        assert_eq!(
            manifest(url, Transport::Http),
            Err(ManifestError::PublicUrl(url.to_owned())),
            "{url}"
        );
    }
}

#[test]
fn what_is_too_long_or_odd_is_named() {
    let places = [
        ("/display_information/name", "x".repeat(36)),
        ("/display_information/description", "x".repeat(141)),
        ("/display_information/long_description", "x".repeat(173)),
        ("/display_information/long_description", "x".repeat(4001)),
        ("/features/bot_user/display_name", "x".repeat(81)),
        ("/features/bot_user/display_name", "Countersign".to_owned()),
        ("/features/slash_commands/0/command", "x".repeat(33)),
        ("/features/slash_commands/0/description", String::new()),
    ];
    for (bad, text) in places {
        let mut manifest = over_http(PUBLIC_URL);
        *manifest.pointer_mut(bad).expect("the place exists") = text.into();
        let Err(ManifestError::Limit { place, .. }) = check(&manifest) else {
            panic!("{bad} was let through");
        };
        assert_eq!(place, bad);
    }
}
