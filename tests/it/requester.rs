//! Whoever asked is told in a card of their own: whom was asked, each step, and how it ended.

use std::sync::Arc;

use countersign_port::card::{Card, Face, Verb};
use countersign_sandbox::{demo, weather::Weather};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::office::{Office, tell, write_prod};

/// The cards that dana alone sees.
fn shown(office: &Office) -> Vec<Arc<Card>> {
    let direct = office.sandbox.direct(&demo::identity("dana").subject);
    direct.into_iter().map(|message| message.card).collect()
}

/// The only one of them.
fn copy(office: &Office) -> Arc<Card> {
    let [card] = shown(office).try_into().expect("one card");
    card
}

fn title(card: &Card) -> String {
    card.title.plain()
}

async fn ask(office: &Office, body: &Value) {
    let answer = office.ask(body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    office.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_sees_who_decides_each_step_and_the_end() {
    tell(|office| async move {
        ask(&office, &write_prod()).await;
        let card = copy(&office);
        let asked = "Shop Admin wants to change live orders in production";
        assert_eq!(title(&card), format!("Approval needed: {asked}"));
        assert_eq!(card.notification.plain(), format!("You asked: {asked}"));
        let steps: Vec<String> = card.progress.iter().map(|step| step.line.plain()).collect();
        assert_eq!(
            steps,
            ["0 of 2 from shop.lead: Erin Doyle or Farid Aziz", "then 1 from security"]
        );
        assert!(card.actions.is_empty(), "there is nothing to press on it");
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(copy(&office).face, Face::Partial);
        let office = office.restart().await;
        office.advance(SignedDuration::from_mins(31)).await;
        let card = copy(&office);
        assert_eq!(card.face, Face::Expired);
        assert_eq!(title(&card), format!("Expired, nothing granted: {asked}"));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_nobody_knows_is_told_by_the_client_alone() {
    tell(|office| async move {
        let mut body = write_prod();
        body["subject"]["id"] = json!("somebody");
        ask(&office, &body).await;
        assert!(shown(&office).is_empty());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_submission_tells_nothing_twice() {
    tell(|office| async move {
        for _ in 0..2 {
            let key = [("idempotency-key", "k-1")];
            assert_eq!(office.ask_with(&write_prod(), &key).await.status, 202);
            office.settle().await;
        }
        copy(&office);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_who_cannot_be_told_holds_nothing_up() {
    tell(|office| async move {
        office.sandbox.set_weather(Weather::Down);
        ask(&office, &write_prod()).await;
        assert!(shown(&office).is_empty());
        office.sandbox.set_weather(Weather::Fine);
        office.advance(SignedDuration::from_mins(2)).await;
        assert_eq!(copy(&office).face, Face::Pending);
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(copy(&office).face, Face::Partial);
        office
    })
    .await;
}
