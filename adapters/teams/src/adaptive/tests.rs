//! Cards as they are drawn: everything is on them, they fit, and text from outside stays text.

use countersign_port::card::Span;
use serde_json::Value;

use super::*;
use crate::samples::{self, FACES, HOSTILE};

fn at() -> Timestamp {
    samples::at("2026-11-22T14:02:00Z")
}

/// Every object of a card with a type, and where it stands.
fn elements<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("type") {
                found.push(value);
            }
            members.values().for_each(|member| elements(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| elements(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn of_type<'a>(card: &'a Value, kind: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    elements(card, &mut found);
    found.retain(|element| element["type"] == kind);
    found
}

fn texts(card: &Value) -> Vec<String> {
    let runs = of_type(card, "TextRun");
    runs.iter().map(|run| run["text"].as_str().unwrap().to_owned()).collect()
}

/// A face, how much of it is drawn, and the card.
fn all() -> Vec<(Face, Detail, Value)> {
    let details = [Detail::Short, Detail::Full];
    let draw = |face| details.map(|each| (face, each, content(&samples::card(face), each, at())));
    FACES.into_iter().flat_map(draw).collect()
}

#[test]
fn the_face_of_a_pending_card() {
    insta::assert_json_snapshot!(activity(&samples::card(Face::Partial), at()));
}

#[test]
fn a_button_without_a_form_is_one_click() {
    let mut card = samples::card(Face::Pending);
    card.actions = vec![samples::one_click()];
    let drawn = content(&card, Detail::Short, at());
    let set = of_type(&drawn, "ActionSet");
    assert_eq!(set[0]["actions"][0]["type"], "Action.Execute");
    assert_eq!(set[0]["actions"][0]["style"], "positive");
}

#[test]
fn the_details_of_an_approved_card() {
    let card = content(&samples::card(Face::Approved), Detail::Full, at());
    insta::assert_json_snapshot!(card);
}

#[test]
fn every_face_fits_and_has_unique_ids() {
    for (face, detail, card) in all() {
        assert!(card.to_string().len() <= MAX_BYTES, "{face:?} {detail:?}");
        let mut ids: Vec<_> = ["Input.Text", "Input.ChoiceSet"]
            .iter()
            .flat_map(|kind| of_type(&card, kind))
            .map(|input| input["id"].as_str().unwrap())
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{face:?} {detail:?}");
        assert_eq!(count, if face.is_final() { 0 } else { 5 }, "{face:?} {detail:?}");
        assert!(of_type(&card, "TextBlock").is_empty());
    }
}

#[test]
fn every_press_has_a_way_for_old_clients_with_the_same_data() {
    for (face, _, card) in all() {
        let executes = of_type(&card, "Action.Execute");
        assert_eq!(executes.len(), if face.is_final() { 0 } else { 4 }, "{face:?}");
        for execute in executes {
            let submit = &execute["fallback"];
            assert_eq!(submit["type"], "Action.Submit");
            assert_eq!(submit["data"]["verb"], execute["verb"]);
            assert_eq!(submit["data"]["button"], execute["data"]["button"]);
            let members = execute["data"].as_object().unwrap();
            assert_eq!(members.keys().collect::<Vec<_>>(), ["button", "seen_at"]);
        }
    }
}

#[test]
fn only_forms_hold_required_fields() {
    for (_, _, card) in all() {
        for element in card["body"].as_array().unwrap() {
            assert!(!element["type"].as_str().unwrap().starts_with("Input."));
        }
        for inner in of_type(&card, "AdaptiveCard").iter().skip(1) {
            assert_eq!(inner["actions"].as_array().unwrap().len(), 1);
        }
    }
}

#[test]
fn text_from_outside_is_inert_wherever_it_stands() {
    for text in HOSTILE {
        for face in FACES {
            for detail in [Detail::Short, Detail::Full] {
                let card = content(&samples::hostile(face, text), detail, at());
                assert!(card.to_string().len() <= MAX_BYTES);
                check(&card, text);
            }
        }
    }
}

/// Nothing expands but our own instants, and what is read as Markdown holds none.
fn check(card: &Value, hostile: &str) {
    let ours: Vec<String> = ["14:00", "14:06", "14:19", "14:32", "14:42"]
        .iter()
        .map(|time| text::instant(samples::at(&format!("2026-11-22T{time}:00Z"))))
        .collect();
    for text in texts(card) {
        assert!(!text.contains("{{") || ours.contains(&text), "{hostile}: {text}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{hostile}: {text}");
    }
    for choice in of_type(card, "Input.ChoiceSet") {
        for choice in choice["choices"].as_array().unwrap() {
            let title = choice["title"].as_str().unwrap();
            let mut before = ' ';
            for char in title.chars() {
                let means = "[]()*_`~<>#!&{}|+-.".contains(char);
                assert!(!means || before == '\\', "{hostile}: {title}");
                before = if before == '\\' { ' ' } else { char };
            }
        }
    }
    let mut found = Vec::new();
    elements(card, &mut found);
    for element in found {
        let kind = element["type"].as_str().unwrap();
        assert_ne!(kind, "Action.OpenUrl");
        assert_ne!(kind, "Image");
        if kind.starts_with("Action.") {
            let title = element["title"].as_str().unwrap();
            assert!(!title.contains(hostile), "{title}");
            assert!(!element["tooltip"].as_str().unwrap().contains("{{"));
        }
    }
}

#[test]
fn the_summary_says_everything_in_one_plain_sentence() {
    let drawn = activity(&samples::card(Face::Pending), at());
    let summary = drawn["summary"].as_str().unwrap();
    assert!(summary.starts_with("Approval needed by 14:32 UTC: Shop Admin wants"), "{summary}");
    let hostile = activity(&samples::hostile(Face::Pending, "{{DATE(x)}}"), at());
    assert!(!hostile["summary"].as_str().unwrap().contains("{{"));
}

#[test]
fn a_card_that_is_too_large_is_cut_and_says_so() {
    let mut card = samples::card(Face::Pending);
    let long = "é".repeat(5000);
    for _ in 0..200 {
        card.facts.push(countersign_port::card::Fact {
            label: "Parameter",
            value: samples::outside(&long),
        });
        card.changes.push(Change {
            novelty: Novelty::New,
            title: samples::shown(&long),
            name: samples::shown(&long),
        });
    }
    for detail in [Detail::Short, Detail::Full] {
        let drawn = content(&card, detail, at());
        assert!(drawn.to_string().len() <= MAX_BYTES);
        assert_eq!(of_type(&drawn, "Action.Execute").len(), 4, "{detail:?}");
        let texts = texts(&drawn).join("\n");
        assert!(texts.contains("more: see Details") && texts.contains("more)"), "{detail:?}");
    }
    card.warnings = vec![samples::outside(&long); 400];
    let bare = content(&card, Detail::Full, at());
    assert!(bare.to_string().len() <= MAX_BYTES);
    assert!(texts(&bare).join("").contains("It cannot be drawn here. arq_"));
}

#[test]
fn a_quote_stays_inside_its_frame() {
    let mut card = samples::card(Face::Pending);
    let quote = card.quote.as_mut().unwrap();
    quote.text = countersign_port::text::Untrusted::new("a\n\nb\n".repeat(20)).display_lines();
    let drawn = content(&card, Detail::Short, at());
    let frame = of_type(&drawn, "Container");
    let frame = frame.iter().find(|each| each["style"] == "emphasis").unwrap();
    let lines = frame["items"].as_array().unwrap();
    assert_eq!(lines.len(), QUOTE_LINES + 1);
    assert!(lines.iter().all(|line| !line["inlines"].as_array().unwrap().is_empty()));
}

#[test]
fn every_part_of_a_card_is_drawn() {
    let card = samples::card(Face::Partial);
    let drawn = texts(&content(&card, Detail::Full, at())).join("");
    let mut lines: Vec<&Line> = vec![&card.title];
    lines.extend(card.facts.iter().map(|fact| &fact.value));
    lines.extend(card.progress.iter().map(|step| &step.line));
    lines.extend(card.consequence.iter().chain(&card.footer).chain(&card.warnings));
    for span in lines.iter().flat_map(|line| &line.0) {
        let text = match span {
            Span::Words(words) => words.clone(),
            Span::Outside(shown) => shown.to_string(),
            Span::Time(at) => text::instant(*at),
        };
        assert!(drawn.contains(&text), "{text}");
    }
}
