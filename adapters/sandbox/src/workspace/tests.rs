//! The workspace as the service and as its people see it.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use countersign_port::{access::RefusalKind, card::Face};
use tower::ServiceExt;

use super::*;
use crate::{
    fakes::{FakeAccess, KEY},
    samples,
};

fn sandbox() -> Sandbox {
    Sandbox::new(["shop-approvals", "security"], Key::new(KEY).unwrap())
}

fn card(face: Face, version: i64) -> Card {
    Card { version, ..samples::card(face) }
}

async fn posted(sandbox: &Sandbox) -> MessageRef {
    sandbox.post("shop-approvals", &card(Face::Pending, 3)).await.unwrap()
}

fn faces(sandbox: &Sandbox, channel: &str) -> Vec<Face> {
    sandbox.messages(channel).iter().map(|message| message.card.face).collect()
}

#[tokio::test]
async fn a_card_is_posted_and_redrawn_in_its_place() {
    let sandbox = sandbox();
    let first = posted(&sandbox).await;
    posted(&sandbox).await;
    sandbox.update(&first, &card(Face::Denied, 4)).await.unwrap();
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Denied, Face::Pending]);
    assert!(sandbox.messages("security").is_empty());
}

#[tokio::test]
async fn an_archived_channel_takes_nothing_any_more() {
    let sandbox = sandbox();
    let message = posted(&sandbox).await;
    sandbox.archive("shop-approvals");
    let refused = [
        sandbox.post("shop-approvals", &card(Face::Pending, 4)).await.map(|_| ()),
        sandbox.update(&message, &card(Face::Denied, 4)).await,
    ];
    for result in refused {
        assert!(
            matches!(result, Err(SendError::GiveUp { why: GiveUp::Channel, .. })),
            "{result:?}"
        );
    }
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Pending]);
    sandbox.post("security", &card(Face::Pending, 4)).await.unwrap();
}

#[tokio::test]
async fn what_is_told_to_one_is_seen_by_one() {
    let sandbox = sandbox();
    sandbox.tell(&demo::identity("sam"), &card(Face::Pending, 1)).await.unwrap();
    assert_eq!(sandbox.direct("sam").len(), 1);
    assert!(sandbox.direct("erin").is_empty());
}

#[tokio::test]
async fn a_workspace_knows_the_accounts_of_its_own_team() {
    let sandbox = sandbox().of_team("T0123");
    let own = sandbox.identity("sam");
    assert_eq!((sandbox.team(), own.tenant.as_str()), ("T0123", "T0123"));
    sandbox.tell(&own, &card(Face::Pending, 1)).await.unwrap();
    let stranger = sandbox.tell(&demo::identity("sam"), &card(Face::Pending, 1)).await;
    assert!(matches!(stranger, Err(SendError::GiveUp { .. })));
    assert_eq!(sandbox.direct("sam").len(), 1);
}

#[tokio::test]
async fn what_is_not_here_is_given_up() {
    let sandbox = sandbox();
    let gone = |result: Result<(), SendError>| {
        matches!(result, Err(SendError::GiveUp { why: GiveUp::Channel, .. }))
    };
    let card = card(Face::Pending, 1);
    assert!(gone(sandbox.post("elsewhere", &card).await.map(drop)));
    let stranger = Identity { tenant: "T0123".to_owned(), ..demo::identity("sam") };
    assert!(gone(sandbox.tell(&stranger, &card).await.map(drop)));
}

#[tokio::test]
async fn what_hangs_on_the_page_of_another_process_is_not_drawn_here() {
    let sandbox = sandbox();
    posted(&sandbox).await;
    sandbox.update(&MessageRef("9".to_owned()), &card(Face::Denied, 4)).await.unwrap();
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Pending]);
}

#[tokio::test]
async fn a_limit_and_an_outage_do_nothing() {
    let sandbox = sandbox();
    let reference = posted(&sandbox).await;
    let after = Duration::from_secs(30);
    for (weather, wanted) in [(Weather::Limited { after }, Some(after)), (Weather::Down, None)] {
        sandbox.set_weather(weather);
        let card = card(Face::Denied, 4);
        for result in [
            sandbox.post("security", &card).await.map(drop),
            sandbox.update(&reference, &card).await,
            sandbox.tell(&demo::identity("sam"), &card).await.map(drop),
        ] {
            assert!(matches!(result, Err(SendError::Retry { after, .. }) if after == wanted));
        }
    }
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Pending]);
    assert!(sandbox.messages("security").is_empty() && sandbox.direct("sam").is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_effect() {
    let sandbox = sandbox();
    sandbox.set_weather(Weather::Silent);
    let result = sandbox.post("security", &card(Face::Pending, 1)).await;
    assert!(matches!(result, Err(SendError::Unknown { .. })));
    assert_eq!(faces(&sandbox, "security"), [Face::Pending]);
    sandbox.set_weather(Weather::Fine);
    posted(&sandbox).await;
}

#[tokio::test]
async fn a_click_votes_with_the_token_on_the_card_and_redraws() {
    let (sandbox, access) = (sandbox(), FakeAccess::default());
    let message = posted(&sandbox).await;
    let answers = Answers::number("42");
    let counted = sandbox.click(&access, "erin", &message, Verb::Approve, answers).await;
    assert!(counted.unwrap().is_ok());
    let [ballot] = access.ballots().try_into().unwrap();
    assert_eq!(ballot.press.button, "token-\"approve\"");
    assert_eq!(ballot.number.as_deref(), Some("42"));
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Partial]);
    assert!(matches!(sandbox.notes("erin")[..], [Note { kind: NoteKind::Counted(_), .. }]));
}

#[tokio::test]
async fn the_answer_to_a_click_never_draws_over_a_newer_card() {
    let (sandbox, access) = (sandbox(), FakeAccess::default());
    let message = posted(&sandbox).await;
    let click = Click {
        persona: "erin".to_owned(),
        message: message.0.clone(),
        verb: Verb::Approve,
        token: "old".to_owned(),
        answers: Answers::default(),
    };
    sandbox.update(&message, &card(Face::Approved, 5)).await.unwrap();
    sandbox.press(&access, click.body().as_bytes()).await.unwrap().unwrap();
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Approved]);
}

#[tokio::test]
async fn a_refusal_is_seen_by_the_one_who_clicked() {
    let (sandbox, access) = (sandbox(), FakeAccess::default());
    let message = posted(&sandbox).await;
    for _ in 0..2 {
        let click = sandbox.click(&access, "dana", &message, Verb::Approve, Answers::default());
        assert_eq!(click.await.unwrap().unwrap_err().kind, RefusalKind::OwnRequest);
    }
    assert!(matches!(sandbox.notes("dana")[..], [Note { kind: NoteKind::Refused(_), .. }]));
    assert!(sandbox.notes("erin").is_empty());
    assert_eq!(faces(&sandbox, "shop-approvals"), [Face::Pending]);
}

#[tokio::test]
async fn details_are_shown_and_count_nothing() {
    let (sandbox, access) = (sandbox(), FakeAccess::default());
    let message = posted(&sandbox).await;
    let click = sandbox.click(&access, "gus", &message, Verb::Details, Answers::default());
    click.await.unwrap().unwrap();
    assert!(access.ballots().is_empty());
    assert!(matches!(sandbox.notes("gus")[..], [Note { kind: NoteKind::Details(_), .. }]));
}

#[tokio::test]
async fn a_button_that_is_not_there_cannot_be_pressed() {
    let (sandbox, access) = (sandbox(), FakeAccess::default());
    let message = posted(&sandbox).await;
    sandbox.update(&message, &card(Face::Denied, 4)).await.unwrap();
    let click = sandbox.click(&access, "erin", &message, Verb::Approve, Answers::default());
    assert_eq!(click.await.unwrap_err(), NoClick::Button("approve"));
    let nowhere = MessageRef("99".to_owned());
    let click = sandbox.click(&access, "erin", &nowhere, Verb::Approve, Answers::default());
    assert_eq!(click.await.unwrap_err(), NoClick::Message("99".to_owned()));
}

#[tokio::test]
async fn old_messages_scroll_away() {
    let sandbox = sandbox();
    let first = posted(&sandbox).await;
    for _ in 0..MAX_MESSAGES {
        posted(&sandbox).await;
    }
    let messages = sandbox.messages("shop-approvals");
    assert_eq!(messages.len(), MAX_MESSAGES);
    assert_ne!(messages[0].reference, first);
}

#[tokio::test]
async fn the_route_wants_the_key_and_leads_back_to_the_page() {
    let sandbox = sandbox();
    let access = Arc::new(FakeAccess::default());
    let message = posted(&sandbox).await;
    let body = format!("as=erin&look=teams&message={}&verb=approve&token=t", message.0);
    let request = |cookie: &str| {
        Request::post("/demo/press")
            .header(header::HOST, "127.0.0.1:1")
            .header(header::ORIGIN, "http://127.0.0.1:1")
            .header(header::COOKIE, cookie)
            .body(Body::from(body.clone()))
            .unwrap()
    };
    let router = sandbox.routes(access.clone());
    let response = router.clone().oneshot(request("")).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(access.ballots().is_empty());
    let response = router.oneshot(request("countersign_demo=0123456789abcdef")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/demo?as=erin&look=teams");
    assert_eq!(access.ballots()[0].press.button, "t");
}
