//! Everything that this adapter can draw, for programs that no one here wrote to judge: where
//! `COUNTERSIGN_RECORD_SLACK` names a file, the test writes it there, a JSON document a line.

use std::fs;

use countersign_port::{
    access::Waiting,
    card::{Button, Card, Change, Face, Form, Novelty, Verb},
    chat::MessageRef,
    text::Untrusted,
};
use serde_json::{Value, json};
use slack_morphism::blocks::SlackView;

use crate::{
    blocks, commands, kit, limit, modal,
    payload::Claim,
    samples::{self, FACES, HOSTILE},
    waiting,
    web::Message,
};

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
#[test]
fn everything_that_is_drawn_has_room_in_slack() {
    let drawn = all();
    for (kind, value) in &drawn {
        let blocks = value["blocks"].as_array().unwrap();
        let most = if *kind == "message" { limit::MESSAGE_BLOCKS } else { limit::VIEW_BLOCKS };
        assert!(value["blocks"].to_string().len() <= limit::BLOCKS_BYTES + 1000);
        assert!((1..=most).contains(&blocks.len()), "{} blocks in {value}", blocks.len());
    }
    let Ok(file) = std::env::var("COUNTERSIGN_RECORD_SLACK") else { return };
    let line =
        |(kind, value): &(&str, Value)| format!("{}\n", json!({ "kind": kind, "value": value }));
    fs::write(file, drawn.iter().map(line).collect::<String>()).unwrap();
}

fn all() -> Vec<(&'static str, Value)> {
    let mut drawn = Vec::new();
    for card in cards() {
        drawn.push(("message", message(&blocks::message(&card))));
        drawn.push(("message", message(&blocks::plain_message(&card))));
        drawn.extend(forms(&card).into_iter().map(|form| view(&form)));
        drawn.push(view(&modal::details(&card)));
        drawn.push(view(&modal::recorded(&card)));
        for number in [0, 1, 30] {
            let list =
                waiting::list(&entries(&card, number), &"https://slack.com/api".parse().unwrap());
            let text = "Countersign".to_owned();
            drawn.push(("message", message(&Message { text, blocks: list.clone() })));
            drawn.push(view(&waiting::home(list)));
        }
    }
    let claim = Claim { user: "U1".to_owned(), ..Claim::default() };
    let blocks = vec![kit::section("Not counted."), commands::link(&claim)];
    drawn.push(("message", message(&Message { text: "Not counted.".to_owned(), blocks })));
    drawn.push(view(&modal::said("Not confirmed yet", "Clicking again is harmless.")));
    drawn
}

/// Every face; every text that wants to be more; a card as full as can be; a card of one click.
fn cards() -> Vec<Card> {
    let mut cards: Vec<Card> = FACES.map(samples::card).into();
    cards.extend(HOSTILE.map(|text| samples::hostile(Face::Partial, text)));
    cards.extend(FACES.map(|face| samples::hostile(face, &"🙂x<".repeat(300))));
    cards.push(full());
    let mut one_click = samples::card(Face::Pending);
    one_click.actions[0] = samples::one_click();
    one_click.quote = None;
    one_click.facts.clear();
    cards.push(one_click);
    cards
}

fn full() -> Card {
    let long = "Change live orders of every shop ".repeat(120);
    let mut card = samples::hostile(Face::Pending, &long);
    let name = |number| samples::shown(&format!("{number} {long}"));
    card.changes = (0..256)
        .map(|number| Change { novelty: Novelty::New, title: name(number), name: name(number) })
        .collect();
    card.facts = card.facts.iter().cycle().take(64).cloned().collect();
    card.progress = card.progress.iter().cycle().take(40).cloned().collect();
    card.quote.as_mut().unwrap().text = Untrusted::new(long).display_lines();
    card
}

/// The forms of a card, and those that approve less of many scopes.
fn forms(card: &Card) -> Vec<SlackView> {
    let now = samples::at("2026-11-22T14:02:00Z");
    let open = |button: &Button, form: &Form| modal::form(card, button, form, now);
    let of_card = card
        .actions
        .iter()
        .filter_map(|button| button.form.as_ref().map(|form| open(button, form)));
    let mut forms: Vec<_> = of_card.collect();
    if let Some(button) = card.actions.iter().find(|button| button.verb == Verb::ApproveLess) {
        forms.extend([1, 10, 11, 100, 101, 256].map(|scopes| open(button, &samples::less(scopes))));
    }
    forms
}

fn entries(card: &Card, number: usize) -> Vec<Waiting> {
    let entry = Waiting {
        card: card.clone(),
        expires_at: samples::at("2026-11-22T14:32:00Z"),
        message: Some(MessageRef("T1/C1/1763820120.000100".to_owned())),
    };
    vec![entry; number]
}

/// As the arguments of `chat.postMessage`.
fn message(message: &Message) -> Value {
    json!({
        "channel": "C1",
        "text": message.text,
        "blocks": message.blocks,
        "parse": "none",
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn view(view: &SlackView) -> (&'static str, Value) {
    let kind = match view {
        SlackView::Home(_) => "home",
        SlackView::Modal(_) => "modal",
    };
    (kind, serde_json::to_value(view).unwrap())
}
