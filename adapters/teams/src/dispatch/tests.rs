//! From an activity at the door to the answer and to what is left to do.

use countersign_port::{
    access::{Choice, DenyReason},
    card::Face,
    chat::Chat,
};
use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::{
    fakes::{BOB, CHANNEL, Stage, TENANT, THREAD, bob},
    samples,
};

fn kind(answer: &Value) -> (u64, &str) {
    (answer["statusCode"].as_u64().unwrap(), answer["type"].as_str().unwrap())
}

const CARD: &str = "application/vnd.microsoft.card.adaptive";
const MESSAGE: &str = "application/vnd.microsoft.activity.message";
const ERROR: &str = "application/vnd.microsoft.error";

fn refused(stage: &Stage) -> Vec<RefusalKind> {
    stage.access.turned_away.lock().unwrap().iter().map(|(_, kind)| *kind).collect()
}

#[tokio::test]
async fn a_click_becomes_a_ballot_and_is_answered_with_the_card() {
    let stage = Stage::installed().await;
    let (status, answer) = stage.send(&stage.click("approve", &json!({ "number": " 42 " }))).await;
    assert_eq!((status, kind(&answer)), (200, (200, CARD)));
    let ballots = stage.access.ballots.lock().unwrap();
    let [ballot] = ballots.as_slice() else { panic!("{ballots:?}") };
    assert_eq!(ballot.press.button, "crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.approve");
    assert_eq!(ballot.press.by.provider, "teams");
    assert_eq!((ballot.press.by.tenant.as_str(), ballot.press.by.subject.as_str()), (TENANT, BOB));
    let place = ballot.press.place.clone().unwrap();
    assert_eq!(place.addresses, [CHANNEL]);
    assert_eq!(place.message.0, format!("{TENANT}|{THREAD}|1795359389534"));
    assert_eq!(ballot.choice, Choice::Approve);
    assert_eq!(ballot.number.as_deref(), Some("42"));
    assert_eq!(ballot.seen_at, Some(samples::at("2026-11-22T14:50:00Z")));
    assert_eq!(ballot.press.payload_sha256.len(), 64);
}

#[tokio::test]
async fn what_was_posted_is_what_is_clicked() {
    let stage = Stage::installed().await;
    let posted = stage.teams.post(CHANNEL, &samples::card(Face::Pending)).await.unwrap();
    stage.send(&stage.click("approve", &json!({}))).await;
    let place = stage.access.ballots.lock().unwrap()[0].press.place.clone().unwrap();
    assert_eq!(place.message, posted);
}

#[tokio::test]
async fn fields_become_choices() {
    let stage = Stage::installed().await;
    let less = json!({ "scopes": "0,2", "valid_for": "900" });
    let deny = json!({ "reason": "too_broad", "comment": "refunds only" });
    stage.send(&stage.click("approve_less", &less)).await;
    stage.send(&stage.click("approve_less", &json!({ "scopes": "0" }))).await;
    stage.send(&stage.click("deny", &deny)).await;
    let ballots = stage.access.ballots.lock().unwrap();
    let choices: Vec<_> = ballots.iter().map(|ballot| ballot.choice.clone()).collect();
    let wanted = [
        Choice::ApproveLess { scopes: vec![0, 2], valid_for_seconds: Some(900) },
        Choice::ApproveLess { scopes: vec![0], valid_for_seconds: None },
        Choice::Deny { reason: DenyReason::TooBroad },
    ];
    assert_eq!(choices, wanted);
    let comment = ballots[2].comment.clone().unwrap();
    assert_eq!(comment.as_received(), "refunds only");
}

#[tokio::test]
async fn forged_fields_are_incomplete() {
    let stage = Stage::installed().await;
    for (verb, fields) in [
        ("deny", json!({})),
        ("deny", json!({ "reason": "because" })),
        ("deny", json!({ "reason": "other", "comment": "x".repeat(501) })),
        ("approve_less", json!({})),
        ("approve_less", json!({ "scopes": "orders:read" })),
        ("approve_less", json!({ "scopes": "0", "valid_for": "-1" })),
        ("approve_less", json!({ "scopes": ["0"] })),
    ] {
        let (_, answer) = stage.send(&stage.click(verb, &fields)).await;
        assert_eq!(kind(&answer), (200, MESSAGE), "{verb} {fields}");
    }
    assert_eq!(refused(&stage), [RefusalKind::Incomplete; 7]);
    assert!(stage.access.ballots.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_is_a_message_to_whoever_clicked() {
    let stage = Stage::installed().await;
    *stage.access.refuses.lock().unwrap() = Some(RefusalKind::OwnRequest);
    let (status, answer) = stage.send(&stage.click("approve", &json!({}))).await;
    assert_eq!((status, kind(&answer)), (200, (200, MESSAGE)));
    assert_eq!(answer["value"], "Refused: OwnRequest.");
}

#[tokio::test]
async fn a_dead_card_loses_its_buttons_where_it_was_clicked_and_nowhere_else() {
    let stage = Stage::installed().await;
    *stage.access.refuses.lock().unwrap() = Some(RefusalKind::Superseded);
    let (_, answer) = stage.send(&stage.click("approve", &json!({}))).await;
    assert_eq!(kind(&answer), (200, CARD));
    assert!(!answer.to_string().contains("Action."), "{answer}");
    stage.errands().await;
    assert!(stage.microsoft.asked("/activities").is_empty());
}

#[tokio::test]
async fn details_show_everything_and_an_automatic_refresh_never_decides() {
    let stage = Stage::installed().await;
    let (_, answer) = stage.send(&stage.click("details", &json!({}))).await;
    assert_eq!(kind(&answer), (200, CARD));
    assert!(answer.to_string().contains("prod:orders:write"));
    let mut refresh = stage.click("approve", &json!({}));
    refresh["value"]["trigger"] = "automatic".into();
    let (_, answer) = stage.send(&refresh).await;
    assert_eq!(kind(&answer), (200, CARD));
    assert!(!answer.to_string().contains("prod:orders:write"));
    assert_eq!(stage.access.shown.lock().unwrap().len(), 2);
    assert!(stage.access.ballots.lock().unwrap().is_empty());
}

#[tokio::test]
async fn malformed_actions_and_other_invokes_have_their_answers() {
    let stage = Stage::installed().await;
    let good = stage.click("approve", &json!({}));
    for (pointer, value) in [
        ("/value", Value::Null),
        ("/value/action", json!("x")),
        ("/value/action/verb", json!("grant")),
        ("/value/action/type", json!("Action.Submit")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = stage.send(&bad).await;
        assert_eq!((status, kind(&answer)), (200, (400, ERROR)), "{pointer}");
    }
    let mut other = good.clone();
    other["name"] = "task/fetch".into();
    assert_eq!(stage.send(&other).await, (501, Value::Null));
    let mut typing = good;
    typing["type"] = "typing".into();
    assert_eq!(stage.send(&typing).await, (200, Value::Null));
}

#[tokio::test]
async fn who_is_not_admitted_is_turned_away_and_written_down() {
    let foreign = "99999999-2222-4333-8444-555555555555";
    for (pointer, value, member, why) in [
        ("/conversation/tenantId", json!(foreign), json!({}), RefusalKind::Stranger),
        ("/channelData/tenant/id", json!(foreign), json!({}), RefusalKind::Stranger),
        ("/channelData/channel", json!({ "type": "shared" }), json!({}), RefusalKind::Stranger),
        ("/from/aadObjectId", Value::Null, json!({}), RefusalKind::IdentityUnknown),
        ("/from/id", json!("29:1nobody"), json!({}), RefusalKind::IdentityUnknown),
        ("/text", Value::Null, json!({ "tenantId": foreign }), RefusalKind::Stranger),
        ("/text", Value::Null, json!({ "tenantId": null }), RefusalKind::IdentityUnknown),
        ("/text", Value::Null, json!({ "userRole": "anonymous" }), RefusalKind::NotAPerson),
        ("/text", Value::Null, json!({ "userRole": null }), RefusalKind::IdentityUnknown),
        ("/text", Value::Null, json!({ "userPrincipalName": null }), RefusalKind::IdentityUnknown),
        (
            "/text",
            Value::Null,
            json!({ "userPrincipalName": "bob_f.example#ext#@contoso.example" }),
            RefusalKind::Guest,
        ),
        ("/text", Value::Null, json!({ "aadObjectId": "other" }), RefusalKind::IdentityUnknown),
        ("/text", Value::Null, json!({ "aadObjectId": null }), RefusalKind::IdentityUnknown),
    ] {
        let stage = Stage::installed().await;
        stage.microsoft.members.lock().unwrap().insert("29:1bob".to_owned(), bob(&member));
        let mut click = stage.click("approve", &json!({}));
        if let Some(place) = click.pointer_mut(pointer) {
            *place = value.clone();
        }
        let (status, answer) = stage.send(&click).await;
        assert_eq!((status, kind(&answer)), (200, (200, MESSAGE)), "{pointer} {member}");
        assert_eq!(refused(&stage), [why], "{pointer} {value} {member}");
        assert!(stage.access.ballots.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_foreign_tenant_is_never_called_and_never_remembered() {
    let stage = Stage::empty().await;
    let foreign = |mut activity: Value| {
        activity["conversation"]["tenantId"] = "foreign".into();
        activity["channelData"]["tenant"]["id"] = "foreign".into();
        activity
    };
    for activity in [
        stage.installation("add"),
        stage.say("waiting"),
        stage.click("approve", &json!({})),
        stage.submit("approve", &json!({})),
        stage.installation("remove"),
    ] {
        assert_eq!(stage.send(&foreign(activity)).await.0, 200);
    }
    stage.errands().await;
    assert!(stage.microsoft.asked("_connector").is_empty());
    assert!(stage.teams.post(CHANNEL, &samples::card(Face::Pending)).await.is_err());
}

#[tokio::test]
async fn a_member_is_looked_up_once_in_five_minutes() {
    let stage = Stage::installed().await;
    let click = stage.click("approve", &json!({}));
    stage.send(&click).await;
    stage.send(&click).await;
    assert_eq!(stage.microsoft.asked("/members").len(), 1);
    let path = &stage.microsoft.asked("/members")[0].path;
    assert_eq!(
        path,
        "/_connector/v3/conversations/19%3Aapprovals%40thread.tacv2/members/29%3A1bob"
    );
    stage.passes(jiff::SignedDuration::from_mins(5));
    stage.send(&click).await;
    assert_eq!(stage.microsoft.asked("/members").len(), 2);
}

#[tokio::test]
async fn an_old_client_is_answered_in_the_personal_chat() {
    let stage = Stage::installed().await;
    let (status, answer) = stage.send(&stage.submit("approve", &json!({}))).await;
    assert_eq!((status, answer), (200, Value::Null));
    assert_eq!(stage.access.ballots.lock().unwrap().len(), 1);
    stage.errands().await;
    let opened = &stage
        .microsoft
        .asked("/v3/conversations")
        .into_iter()
        .find(|call| call.body["members"].is_array())
        .unwrap();
    assert_eq!(opened.body["members"], json!([{ "id": "29:1bob" }]));
    let said = stage.microsoft.asked("/activities");
    assert!(said[0].body.to_string().contains("Recorded."), "{said:?}");
}

#[tokio::test]
async fn where_the_chat_is_closed_a_line_in_the_thread_names_nobody() {
    let stage = Stage::installed().await;
    *stage.access.refuses.lock().unwrap() = Some(RefusalKind::OwnRequest);
    let blocked = json!({ "error": { "code": "MessageWritesBlocked" } });
    stage.microsoft.answers(Method::POST, "/v3/conversations", 403, blocked);
    stage.send(&stage.submit("approve", &json!({}))).await;
    stage.errands().await;
    let said = stage.microsoft.asked("/activities");
    let [line] = said.as_slice() else { panic!("{said:?}") };
    assert!(line.path.contains("messageid%3D1795359389534"), "{}", line.path);
    let text = line.body.to_string();
    assert!(!text.contains("Bob") && !text.contains("OwnRequest"), "{text}");
}

#[tokio::test]
async fn the_bot_answers_in_private() {
    let stage = Stage::installed().await;
    for (words, part) in [
        ("waiting", "Waiting for you: 1"),
        ("", "l/message/19%3Aapprovals%40thread.tacv2/1795359389534"),
        ("why arq_01ka7m6q5x8r3t0v2w4y6z8b1c", "prod:orders:write"),
        ("link", "teams: { tenant: 11111111"),
        ("hello", "Say “waiting”"),
    ] {
        stage.microsoft.calls.lock().unwrap().clear();
        assert_eq!(stage.send(&stage.say(words)).await, (200, Value::Null));
        stage.errands().await;
        let said = stage.microsoft.asked("/activities");
        assert!(said[0].body.to_string().contains(part), "{words}: {said:?}");
        assert!(!said[0].body.to_string().contains("Action.Execute"), "{words}");
        stage.passes(jiff::SignedDuration::from_mins(1));
    }
}

#[tokio::test]
async fn a_removed_app_is_forgotten_and_a_moved_address_is_remembered() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    assert!(stage.teams.post(CHANNEL, &card).await.is_ok());
    let mut moved = stage.click("approve", &json!({}));
    let elsewhere = format!("{}/moved", stage.address);
    moved["serviceUrl"] = elsewhere.clone().into();
    let mut claims = stage.claims();
    claims["serviceurl"] = elsewhere.into();
    let token = format!("Bearer {}", crate::fakes::sign(&crate::fakes::KEYS[0], &claims));
    stage.post(Some(&token), moved.to_string()).await;
    stage.errands().await;
    stage.microsoft.answers(
        Method::POST,
        "/moved/v3/conversations",
        201,
        json!({ "id": CHANNEL, "activityId": "8" }),
    );
    let posted = stage.teams.post(CHANNEL, &card).await.unwrap();
    assert_eq!(posted.0, format!("{TENANT}|{CHANNEL};messageid=8|8"));
    stage.send(&stage.installation("remove")).await;
    assert!(stage.teams.post(CHANNEL, &card).await.is_err());
}

#[tokio::test]
async fn an_installation_that_cannot_be_recorded_is_not_taken() {
    let stage = Stage::empty().await;
    *stage.memory.lost.lock().unwrap() = true;
    assert_eq!(stage.send(&stage.installation("add")).await.0, 500);
}
