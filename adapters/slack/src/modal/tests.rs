//! What the forms look like, and that they keep Slack's limits.

use countersign_port::card::{Emphasis, Face};
use serde_json::{Value, json};

use super::*;
use crate::samples;

fn opened(verb: Verb, fields: &Form) -> Value {
    let button = samples::button(verb, "Press…", Emphasis::Plain, Some(fields.clone()));
    let card = samples::card(Face::Pending);
    serde_json::to_value(form(&card, &button, fields, samples::at("2026-11-22T14:02:00Z"))).unwrap()
}

fn behind(verb: Verb) -> Value {
    let card = samples::card(Face::Pending);
    let button = card.actions.into_iter().find(|button| button.verb == verb).unwrap();
    opened(verb, &button.form.unwrap())
}

#[test]
fn the_three_forms_and_the_details() {
    insta::assert_json_snapshot!("approve", behind(Verb::Approve));
    insta::assert_json_snapshot!("approve_less", behind(Verb::ApproveLess));
    insta::assert_json_snapshot!("deny", behind(Verb::Deny));
    insta::assert_json_snapshot!("details", details(&samples::card(Face::Partial)));
}

#[test]
fn a_form_carries_the_token_and_its_time_and_nothing_else() {
    let carried: Value =
        serde_json::from_str(behind(Verb::Deny)["private_metadata"].as_str().unwrap()).unwrap();
    let button = "crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.deny";
    assert_eq!(carried, json!({ "button": button, "seen_at": "2026-11-22T14:02:00Z" }));
}

#[test]
fn more_than_ten_scopes_become_a_menu_and_more_than_a_hundred_several() {
    let element = |number: usize, view: &Value| view["blocks"][number]["element"].clone();
    let ten = opened(Verb::ApproveLess, &samples::less(10));
    assert_eq!(element(1, &ten)["type"], "checkboxes");
    assert_eq!(element(1, &ten)["options"], element(1, &ten)["initial_options"]);
    let eleven = opened(Verb::ApproveLess, &samples::less(11));
    assert_eq!(element(1, &eleven)["type"], "multi_static_select");
    assert_eq!(element(1, &eleven)["options"], element(1, &eleven)["initial_options"]);
    let many = opened(Verb::ApproveLess, &samples::less(256));
    let names: Vec<_> = many["blocks"].as_array().unwrap()[1..4]
        .iter()
        .map(|block| {
            (
                block["block_id"].as_str().unwrap(),
                block["element"]["options"].as_array().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(names, [("scopes", 100), ("scopes.1", 100), ("scopes.2", 56)]);
}

#[test]
fn a_grant_starts_from_what_was_asked_and_a_reason_has_to_be_chosen() {
    let less = behind(Verb::ApproveLess);
    assert_eq!(less["blocks"][2]["element"]["initial_option"]["value"], "3600");
    let deny = behind(Verb::Deny);
    assert_eq!(deny["blocks"][1]["element"].get("initial_option"), None);
}

#[test]
fn a_long_option_shows_its_beginning_and_its_end() {
    let label = format!("{}the end", "Change live orders of the shop ".repeat(20));
    let option = FieldOption { value: "0".into(), label: samples::outside(&label) };
    let item = serde_json::to_value(item::<SlackBlockText>(&option)).unwrap();
    let (text, end) =
        (item["text"]["text"].as_str().unwrap(), item["description"]["text"].as_str().unwrap());
    assert!(text.starts_with("Change live") && text.ends_with(" more)"), "{text}");
    assert!(end.starts_with('…') && end.ends_with("the end"), "{end}");
    assert!(limit::length(text) <= limit::OPTION && limit::length(end) <= limit::OPTION);
}

#[test]
fn every_view_keeps_the_limits() {
    for text in samples::HOSTILE {
        let mut card = samples::hostile(Face::Pending, &text.repeat(100));
        for _ in 0..120 {
            card.changes.extend(card.changes.last().cloned());
        }
        let view = serde_json::to_value(details(&card)).unwrap();
        assert!(view["blocks"].as_array().unwrap().len() <= limit::VIEW_BLOCKS);
        assert!(limit::length(view["title"]["text"].as_str().unwrap()) <= limit::VIEW_TITLE);
    }
}
