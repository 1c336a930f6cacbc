//! The page as its visitors get it.

use axum::Router;
use countersign_port::{
    card::{Face, Verb},
    chat::Chat,
};

use crate::{
    click::Answers,
    demo,
    door::Key,
    fakes::{self, FakeAccess, ids, stage},
    oauth_server::Switch,
    page, samples,
    stage::Stage,
    weather::Weather,
};

fn router(stage: &Stage) -> Router {
    page::routes(stage.clone())
}

async fn fetch(stage: &Stage, method: &str, target: &str, body: &str) -> (u16, String) {
    let (status, _, text) = fakes::fetch(router(stage), method, target, body).await;
    (status, text)
}

async fn page(stage: &Stage, persona: &str) -> String {
    let (status, html) = fetch(stage, "GET", &format!("/demo?as={persona}"), "").await;
    assert_eq!(status, 200, "{html}");
    html
}

#[tokio::test]
async fn an_empty_page_offers_everything() {
    let html = page(&stage(), "sam").await;
    for wanted in [
        "Guided tour 1/8: Nobody approves for themselves",
        "transfer 12,500",
        "callback down",
        "chat 429",
        "+10 min: escalate",
        "Nothing yet in #shop-approvals, #security",
        r#"<a href="/demo?as=sam&#38;look=slack" aria-current="true"><b>Sam Okoro</b>"#,
    ] {
        assert!(html.contains(wanted), "{wanted} in {html}");
    }
}

#[tokio::test]
async fn the_page_brings_no_script_or_style_of_its_own() {
    let stage = stage();
    stage.sandbox.post("security", &samples::card(Face::Pending)).await.unwrap();
    let html = page(&stage, "erin").await;
    for forbidden in ["<style", "style=", "onclick=\"", "http://", "javascript:"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert_eq!(html.matches("<script").count(), 1);
    assert!(html.contains(r#"<script src="/demo/demo.js" defer></script>"#));
}

#[tokio::test]
async fn every_id_is_there_once() {
    let stage = stage();
    for channel in ["security", "payments"] {
        stage.sandbox.post(channel, &samples::card(Face::Pending)).await.unwrap();
    }
    let (access, message) = (FakeAccess::default(), &stage.sandbox.messages("security")[0]);
    let click =
        stage.sandbox.click(&access, "erin", &message.reference, Verb::Details, Answers::default());
    click.await.unwrap().unwrap();
    let html = page(&stage, "erin").await;
    let ids = ids(&html);
    assert!(ids.is_sorted_by(|one, next| one < next), "an id is there twice: {ids:?}");
}

#[tokio::test]
async fn a_refusal_is_on_the_page_of_one_person() {
    let stage = stage();
    let message = stage.sandbox.post("security", &samples::card(Face::Pending)).await.unwrap();
    let access = FakeAccess::default();
    let click = stage.sandbox.click(&access, "dana", &message, Verb::Approve, Answers::default());
    click.await.unwrap().unwrap_err();
    let sentence = "You asked for this, so you can&#39;t approve it.";
    assert!(page(&stage, "dana").await.contains(sentence));
    let erins = page(&stage, "erin").await;
    assert!(!erins.contains(sentence));
    assert!(erins.contains("Guided tour 2/8"), "the tour saw it");
}

#[tokio::test]
async fn the_switches_switch() {
    let stage = stage();
    let post = |target: &'static str| fetch(&stage, "POST", target, "as=sam&look=teams");
    assert_eq!(post("/demo/callbacks/down").await.0, 303);
    assert_eq!(stage.server.answering(), Switch::Down);
    assert_eq!(post("/demo/chat/down").await.0, 303);
    assert!(matches!(stage.sandbox.weather(), Weather::Limited { .. }));
    let html = page(&stage, "sam").await;
    assert!(html.contains("callback up again") && html.contains("chat works again"));
    assert_eq!(post("/demo/chat/up").await.0, 303);
    assert_eq!(stage.sandbox.weather(), Weather::Fine);
    for unknown in ["/demo/chat/maybe", "/demo/send/money", "/demo/redeem/arq_1"] {
        assert_eq!(post(unknown).await.0, 404, "{unknown}");
    }
}

#[tokio::test]
async fn the_clock_moves_by_what_the_button_says() {
    let stage = stage();
    let before = stage.clock.now();
    assert_eq!(fetch(&stage, "POST", "/demo/clock/10", "").await.0, 303);
    assert_eq!(stage.clock.now().duration_since(before).as_mins(), 10);
}

#[tokio::test]
async fn a_change_ends_the_wait() {
    let stage = stage();
    let seen = stage.sandbox.pulse().count();
    let target = format!("/demo/changes?since={seen}");
    let (answer, ()) = tokio::join!(fetch(&stage, "GET", &target, ""), async {
        tokio::task::yield_now().await;
        stage.sandbox.pulse().beat();
    });
    assert_eq!(answer, (200, (seen + 1).to_string()));
}

#[tokio::test]
async fn script_and_style_are_served_as_what_they_are() {
    for (target, kind) in [("/demo/demo.css", ":focus-visible"), ("/demo/demo.js", "use strict")] {
        let (status, text) = fetch(&stage(), "GET", target, "").await;
        assert_eq!(status, 200);
        assert!(text.contains(kind), "{target}");
    }
}

#[tokio::test]
async fn the_page_and_the_card_can_share_a_listener() {
    let stage = stage();
    let cards = stage.sandbox.routes(std::sync::Arc::new(FakeAccess::default()));
    let _one_router: Router = cards.merge(router(&stage));
    assert!(Key::new(demo::PLATFORM).is_err());
}
