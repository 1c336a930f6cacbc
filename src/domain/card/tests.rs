//! The words of a card at every moment of a request, and of the refusals of clicks on it.

use std::fmt::Write as _;

use countersign_port::{
    access::{Choice, DenyReason, RefusalKind},
    card::Emphasis,
};
use jiff::SignedDuration;
use serde_json::json;

use super::{refusal::refusal, *};
use crate::domain::{
    access::{Act, cancel::Cancel, effects::Reader},
    audit::Kind,
    fixture::{CLIENT, House, ask, at, plan, request},
    id::{CardId, ClientId, RequestId},
    people::People,
    request::{AccessRequest, Callback},
};

const PEOPLE: &str = "
people:
  dana:  { name: Dana Novak }
  erin:  { name: Erin Doyle, groups: [shop] }
  farid: { name: Farid Aziz, groups: [shop] }
  gus:   { name: Gus Lind, groups: [shop] }
  sam:   { name: Sam Okoro, groups: [security] }
";

fn people() -> People {
    People::parse(PEOPLE).unwrap()
}

fn two_then_one() -> Plan {
    plan([vec![ask("shop", 2)], vec![ask("security", 1)]])
}

/// A request with everything that a card can show.
fn full(number: u128) -> AccessRequest {
    let mut request = request(number, 1);
    request.client.name = Some(Untrusted::new("CRM Sync"));
    request.context.justification = Some(Untrusted::new("Correct order 4711\nbefore noon"));
    request.context.environment = Some("prod".to_owned());
    request.context.parameters = json!({ "order": 4711 }).as_object().unwrap().clone();
    request.binding_message = Some(Untrusted::new("W4SCT"));
    let endpoint = "https://auth.example/hook".to_owned();
    request.callback = Some(Callback { endpoint, state: None, events: Vec::new() });
    request
}

fn drawn(house: &House, id: &RequestId) -> Card {
    let people = people();
    let scene = Scene { view: house.view(id), item: 0, people: &people, now: house.now };
    let mut card = card(scene);
    buttons::add(&mut card, scene, &CardId::from_ulid(ulid::Ulid::from_parts(1, 1)), &[7; 32]);
    card
}

/// A card as plain text.
fn text(card: &Card) -> String {
    let mut text = format!("{} {}\n", card.face.mark(), card.title.plain());
    for line in &card.warnings {
        writeln!(text, "! {}", line.plain()).unwrap();
    }
    for fact in &card.facts {
        writeln!(text, "{}: {}", fact.label, fact.value.plain()).unwrap();
    }
    for change in &card.changes {
        writeln!(text, "+ {} ({})", change.title, change.name).unwrap();
    }
    for line in card.consequence.iter().chain(card.progress.iter().map(|line| &line.line)) {
        writeln!(text, "- {}", line.plain()).unwrap();
    }
    let labels: Vec<&str> = card.actions.iter().map(|button| button.label).collect();
    writeln!(text, "[{}]", labels.join("] [")).unwrap();
    let footer: Vec<String> = card.footer.iter().map(Line::plain).collect();
    writeln!(text, "{}\n{}", footer.join(" / "), card.notification.plain()).unwrap();
    text
}

fn deny() -> Choice {
    Choice::Deny { reason: DenyReason::TooBroad }
}

#[test]
fn the_words_of_a_card_at_every_moment() {
    let mut house = House::new();
    let mut moments = String::new();
    let mut note = |what: &str, house: &House, id: &RequestId| {
        writeln!(moments, "## {what}\n{}", text(&drawn(house, id))).unwrap();
    };
    let id = house.open(full(1), vec![two_then_one()]);
    note("new", &house, &id);
    house.now = at(1);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    note("one of the shop", &house, &id);
    let less = Choice::ApproveLess { scopes: vec![1, 2], valid_for_seconds: Some(900) };
    house.click(&id, "farid", "shop", less).unwrap();
    note("all of the shop", &house, &id);
    house.now = at(2);
    house.click(&id, "sam", "security", Choice::Approve).unwrap();
    note("approved, less than asked", &house, &id);
    let denied = house.open(full(2), vec![two_then_one()]);
    house.click(&denied, "gus", "shop", deny()).unwrap();
    note("denied", &house, &denied);
    let withdrawn = house.open(full(3), vec![two_then_one()]);
    let cancel =
        Cancel { request: withdrawn.clone(), client: ClientId::from(CLIENT), reason: None };
    house.act(Act::Cancel(cancel)).unwrap();
    note("withdrawn", &house, &withdrawn);
    let silent = house.open(full(4), vec![two_then_one()]);
    house.click(&silent, "erin", "shop", Choice::Approve).unwrap();
    house.posted(&silent);
    let unseen = house.open(full(5), vec![two_then_one()]);
    house.now = at(30);
    note("over, before the timer ran", &house, &silent);
    house.tick(&silent);
    note("expired", &house, &silent);
    house.tick(&unseen);
    note("failed", &house, &unseen);
    let pre_approved = house.open(full(6), vec![plan([])]);
    note("approved by policy", &house, &pre_approved);
    insta::assert_snapshot!(moments);
}

#[test]
fn a_card_that_can_be_pressed_has_one_primary_button_and_one_that_is_over_has_none() {
    let mut house = House::new();
    let id = house.open(full(1), vec![two_then_one()]);
    let pending = drawn(&house, &id);
    let primary = pending.actions.iter().filter(|button| button.emphasis == Emphasis::Primary);
    assert_eq!(primary.count(), 1);
    let mut tokens: Vec<&str> =
        pending.actions.iter().map(|button| button.token.as_str()).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), pending.actions.len(), "every button has a token of its own");
    house.now = at(30) - SignedDuration::from_micros(1);
    assert!(!drawn(&house, &id).actions.is_empty());
    house.now = at(30);
    assert!(drawn(&house, &id).actions.is_empty(), "over, even before the timer ran");
}

#[test]
fn what_looks_odd_is_said_before_the_rest() {
    let mut house = House::new();
    let mut odd = full(1);
    odd.client.name = Some(Untrusted::new("CRM\u{202e}cnyS"));
    odd.context.justification = Some(Untrusted::new("zero\u{200b}width"));
    let id = house.open(odd, vec![two_then_one()]);
    let warnings: Vec<String> = drawn(&house, &id).warnings.iter().map(Line::plain).collect();
    assert_eq!(
        warnings,
        [
            "The client name contains unusual characters; read it with care.",
            "The reason contains unusual characters; read it with care.",
        ]
    );
}

#[test]
fn somebody_who_is_not_in_the_file_is_named_as_a_claim() {
    let mut house = House::new();
    let mut stranger = full(1);
    stranger.subject.id = "mallory".to_owned();
    stranger.subject.name = Some(Untrusted::new("Erin Doyle"));
    let id = house.open(stranger, vec![two_then_one()]);
    let card = drawn(&house, &id);
    assert_eq!(card.facts[0].value.plain(), "Erin Doyle (not in the people file)");
}

#[test]
fn a_refusal_says_why_and_who_can() {
    let mut house = House::new();
    let id = house.open(full(1), vec![two_then_one()]);
    house.now = at(1);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    let people = people();
    let says = |house: &House, kind: RefusalKind| {
        let scene = Scene { view: house.view(&id), item: 0, people: &people, now: house.now };
        refusal(scene, kind, Some(&PersonId::from("erin"))).sentence
    };
    for (kind, sentence) in [
        (
            RefusalKind::OwnRequest,
            "You asked for this, so you can't approve it. Farid Aziz or Gus Lind can.",
        ),
        (RefusalKind::NotEligible, "You're not in shop. Farid Aziz or Gus Lind can decide."),
        (RefusalKind::AlreadyVoted, "You already approved at 12:01 UTC; each person counts once."),
        (RefusalKind::StepNotOpen, "shop decides now. You'll get a message when it is your turn."),
        (
            RefusalKind::NumberLocked,
            "Three wrong numbers: your vote on this request is locked. Farid Aziz or Gus Lind can still decide.",
        ),
    ] {
        assert_eq!(says(&house, kind), sentence);
    }
    house.now = at(2);
    house.click(&id, "gus", "shop", deny()).unwrap();
    let over = says(&house, RefusalKind::Over);
    assert_eq!(over, "This was denied at 12:02 UTC; nothing was granted.");
    let nobody = says(&house, RefusalKind::OwnRequest);
    assert_eq!(nobody, "You asked for this, so you can't approve it. Nobody can.");
}

#[test]
fn a_reminder_names_those_who_can_still_decide() {
    let mut house = House::new();
    let mut asked = two_then_one();
    asked.steps[0].asks[0].remind_every_seconds = Some(300);
    let id = house.open(full(1), vec![asked]);
    let says = |house: &House| {
        let people = people();
        let scene = Scene { view: house.view(&id), item: 0, people: &people, now: house.now };
        let entries = house.slice.effects.entries.iter();
        let mut newest = entries.rev().filter(|entry| entry.leaf.kind == Kind::Reminded);
        let last = newest.next().expect("a reminder");
        let (leaf, payload) = (&last.leaf, serde_json::json!({}));
        assert_eq!(story::line(scene, Reader::Requester, leaf, &payload), None);
        story::line(scene, Reader::Approvers, leaf, &payload).map(|line| line.plain())
    };
    house.now = at(5);
    house.tick(&id);
    let all = "Reminder: this still waits. Erin Doyle, Farid Aziz or Gus Lind can decide until 12:30 UTC.";
    assert_eq!(says(&house).as_deref(), Some(all));
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    let rest = "Reminder: this still waits. Farid Aziz or Gus Lind can decide until 12:30 UTC.";
    assert_eq!(says(&house).as_deref(), Some(rest));
    house.click(&id, "gus", "shop", deny()).unwrap();
    assert_eq!(says(&house), None, "it has been decided meanwhile");
}
