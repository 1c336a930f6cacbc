//! What a card looks like, and that no text in it is ever more than text.

use countersign_port::{
    card::{Card, Face},
    text::Untrusted,
};
use serde_json::Value;

use super::*;
use crate::samples::{self, FACES, HOSTILE};

fn drawn(card: &Card) -> Value {
    serde_json::to_value(message(card).blocks).unwrap()
}

/// Every value below some key, anywhere.
fn collect<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == key {
                    found.push(member);
                }
                collect(member, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    collect(value, key, &mut found);
    found
}

fn texts_of(value: &Value, kind: &str) -> Vec<String> {
    fn walk(value: &Value, kind: &str, found: &mut Vec<String>) {
        if value["type"] == kind && value["text"].is_string() {
            found.push(value["text"].as_str().unwrap().to_owned());
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| walk(member, kind, found)),
            Value::Array(items) => items.iter().for_each(|item| walk(item, kind, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(value, kind, &mut found);
    found
}

#[test]
fn a_pending_card() {
    insta::assert_json_snapshot!(drawn(&samples::card(Face::Pending)));
}

#[test]
fn the_other_faces() {
    for face in FACES.into_iter().skip(1) {
        let message = message(&samples::card(face));
        insta::assert_json_snapshot!(format!("{face:?}").to_lowercase(), message.blocks);
    }
}

#[test]
fn only_open_cards_have_buttons() {
    for face in FACES {
        let blocks = drawn(&samples::card(face));
        let buttons = texts_of(&blocks, "actions").len() + all(&blocks, "action_id").len();
        assert_eq!(buttons > 0, !face.is_final(), "{face:?}");
    }
}

#[test]
fn a_button_carries_the_token_and_nothing_else() {
    let blocks = drawn(&samples::card(Face::Pending));
    let values: Vec<_> = all(&blocks, "value").into_iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(values[0], "crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.approve");
    assert_eq!(values.len(), 4);
    let actions: Vec<_> = all(&blocks, "action_id").into_iter().cloned().collect();
    assert_eq!(actions, ["approve_form", "approve_less_form", "deny_form", "details"]);
    assert_eq!(action_id(&samples::one_click()), "approve");
}

/// Nothing from outside stands where Slack reads markup, and the text beside the blocks has no
/// character left that would make any.
#[test]
fn every_hostile_text_is_inert() {
    let plain = drawn(&samples::card(Face::Pending));
    for text in HOSTILE {
        for face in FACES {
            let card = samples::hostile(face, text);
            let message = message(&card);
            let blocks = serde_json::to_value(&message.blocks).unwrap();
            for markup in texts_of(&blocks, "mrkdwn") {
                assert!(markup.starts_with("Expires <!date^1795357920^"), "{face:?}: {markup}");
            }
            for key in ["url", "user_id", "usergroup_id", "channel_id", "range", "image_url"] {
                assert!(all(&blocks, key).is_empty(), "{face:?}: {key} in {blocks}");
            }
            assert!(all(&blocks, "emoji").iter().all(|emoji| **emoji == Value::Bool(false)));
            assert!(!message.text.contains(['<', '>']), "{}", message.text);
            assert!(!message.text.contains(":white_check_mark:"), "{}", message.text);
            assert_eq!(
                all(&blocks, "action_id"),
                if face.is_final() { vec![] } else { all(&plain, "action_id") }
            );
        }
    }
}

#[test]
fn the_text_beside_the_blocks_is_escaped_on_its_own() {
    let card = samples::hostile(Face::Pending, "<!channel> & :tada:");
    assert_eq!(
        message(&card).text,
        "Approval needed by 14:32 UTC: &lt;!channel&gt; &amp; \u{2236}tada\u{2236} wants to change \
         live orders in production, asked by Dana Novak. High risk."
    );
}

#[test]
fn what_cannot_be_seen_is_made_visible() {
    let card = samples::hostile(Face::Pending, "safe\u{202e}txt.exe\u{200b}");
    let blocks = drawn(&card).to_string();
    assert!(blocks.contains("\\\\u{202e}") && blocks.contains("\\\\u{200b}"), "{blocks}");
    assert!(!blocks.contains(['\u{202e}', '\u{200b}']));
}

/// The limits hold for a card that is as full as it can be.
#[test]
fn a_card_of_everything_fits() {
    for text in ["x".repeat(4000), "🙂".repeat(2000), "<".repeat(4000)] {
        let mut card = samples::hostile(Face::Pending, &text);
        for _ in 0..60 {
            card.facts.extend(card.facts.first().cloned());
            card.changes.extend(card.changes.last().cloned());
            card.progress.extend(card.progress.last().cloned());
            card.warnings.push(samples::outside(&text));
            card.footer.push(samples::outside(&text));
        }
        card.quote.as_mut().unwrap().text = Untrusted::new(&text).display();
        let message = message(&card);
        fits(&serde_json::to_value(&message.blocks).unwrap(), limit::MESSAGE_BLOCKS);
        assert!(limit::length(&message.text) <= limit::TEXT);
    }
}

fn fits(blocks: &Value, max: usize) {
    let blocks = blocks.as_array().unwrap();
    assert!(blocks.len() <= max, "{} blocks", blocks.len());
    for block in blocks {
        let total: usize = texts_of(block, "text").iter().map(|text| limit::length(text)).sum();
        assert!(total <= limit::SECTION, "{total} in {}", block["type"]);
        for text in texts_of(block, "plain_text") {
            let most = if block["type"] == "header" { limit::HEADER } else { limit::SECTION };
            assert!(limit::length(&text) <= most);
        }
        assert!(block["fields"].as_array().is_none_or(|fields| fields.len() <= limit::FIELDS));
        let elements = block["elements"].as_array().map_or(0, Vec::len);
        assert!(block["type"] != "context" || elements <= limit::CONTEXT_ELEMENTS);
    }
}

#[test]
fn what_a_short_card_leaves_out_is_said_and_stands_in_the_details() {
    let mut card = samples::card(Face::Pending);
    for number in 0..20 {
        let mut change = card.changes[0].clone();
        change.title = samples::shown(&format!("Change shop {number}"));
        card.changes.push(change);
    }
    let short = drawn(&card).to_string();
    assert!(short.contains("… and 12 more: see Details"), "{short}");
    assert!(!short.contains("prod:orders:write"), "raw names are for the details");
    let full = serde_json::to_string(&body(&card, Detail::Full)).unwrap();
    assert!(full.contains("Change shop 19") && full.contains("prod:orders:write"));
    assert!(!full.contains("more: see Details"));
}

#[test]
fn a_title_that_is_too_long_for_a_header_stands_below_it_whole() {
    let name = format!("{}end", "Shop ".repeat(60));
    let blocks = drawn(&samples::hostile(Face::Pending, &name));
    assert!(blocks[0]["text"]["text"].as_str().unwrap().ends_with(" more)"));
    assert!(blocks[1].to_string().contains("Shop Shop end\""));
}
