//! Posting, redrawing and telling, as Slack sees it.

use std::time::Duration;

use countersign_port::{
    access::Identity,
    card::Face,
    chat::{Chat, MessageRef},
    error::{GiveUp, SendError},
};
use serde_json::{Value, json};

use crate::{
    fakes::{self, Stage},
    samples,
};

fn posted() -> Value {
    // Members that no library knows: the answer echoes the message.
    json!({ "ok": true, "channel": "C1", "ts": "1.2", "message": { "type": 7, "blocks": "?" } })
}

#[tokio::test]
async fn a_card_is_posted_and_redrawn() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("chat.postMessage", 200, posted());
    let message = stage.slack.post("C1", &samples::card(Face::Pending)).await.unwrap();
    assert_eq!(message, MessageRef("T1/C1/1.2".to_owned()));
    let sent = stage.asked("chat.postMessage").pop().unwrap();
    for (name, value) in [
        ("channel", json!("C1")),
        ("parse", json!("none")),
        ("mrkdwn", json!(false)),
        ("unfurl_links", json!(false)),
        ("unfurl_media", json!(false)),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    assert_eq!(sent.get("link_names"), None);

    stage.slack.update(&message, &samples::card(Face::Approved)).await.unwrap();
    let sent = stage.asked("chat.update").pop().unwrap();
    assert_eq!(
        (&sent["channel"], &sent["ts"], &sent["parse"]),
        (&json!("C1"), &json!("1.2"), &json!("none"))
    );
    assert!(!sent["blocks"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_channel_names_its_workspace_where_there_are_several() {
    let stage = Stage::installed(&["T1", "T2"]).await;
    stage.answers("chat.postMessage", 200, posted());
    let card = samples::card(Face::Pending);
    assert_eq!(stage.slack.post("T2/C1", &card).await.unwrap().0, "T2/C1/1.2");
    let error = stage.slack.post("C1", &card).await.unwrap_err();
    assert!(matches!(error, SendError::GiveUp { why: GiveUp::Channel, .. }), "{error}");
    let error = stage.slack.post("T3/C1", &card).await.unwrap_err();
    assert!(matches!(error, SendError::GiveUp { why: GiveUp::Refused, .. }), "{error}");
    assert_eq!(stage.asked("chat.postMessage").len(), 1);
}

#[tokio::test]
async fn what_slack_says_becomes_what_the_outbox_does() {
    let stage = Stage::installed(&["T1"]).await;
    let card = samples::card(Face::Pending);
    stage.answers("chat.postMessage", 429, json!({ "ok": false, "error": "ratelimited" }));
    let error = stage.slack.post("C1", &card).await.unwrap_err();
    assert!(
        matches!(error, SendError::Retry { after: Some(after), .. } if after == Duration::from_secs(7))
    );
    stage.answers("chat.postMessage", 200, json!({ "ok": false, "error": "not_in_channel" }));
    let error = stage.slack.post("C1", &card).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "given up: the channel does not take our messages: Slack says `not_in_channel`"
    );
    stage.answers("chat.postMessage", 200, json!("<html>"));
    let error = stage.slack.post("C1", &card).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error}");
    stage.answers("chat.update", 200, json!("<html>"));
    let error = stage.slack.update(&MessageRef("T1/C1/1.2".into()), &card).await.unwrap_err();
    assert!(matches!(error, SendError::Retry { .. }), "{error}");
    let error = stage.slack.update(&MessageRef("7".into()), &card).await.unwrap_err();
    assert!(matches!(error, SendError::GiveUp { why: GiveUp::Channel, .. }), "{error}");
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    let stage = Stage::installed(&["T1"]).await;
    let card = samples::card(Face::Pending);
    let leak = json!({ "ok": false, "error": "xoxb-T1 leaked", "response_url": "https://hooks" });
    stage.answers("chat.postMessage", 200, leak);
    let error = stage.slack.post("C1", &card).await.unwrap_err();
    assert!(!format!("{error:?}").contains("xoxb"), "{error:?}");
    assert!(!format!("{:?}", stage.slack).contains("xoxb"));
}

#[tokio::test]
async fn a_card_that_slack_does_not_take_goes_out_plain() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("chat.postMessage", 200, json!({ "ok": false, "error": "invalid_blocks" }));
    let error = stage.slack.post("C1", &samples::card(Face::Pending)).await.unwrap_err();
    assert!(matches!(error, SendError::GiveUp { why: GiveUp::Refused, .. }));
    let sent = stage.asked("chat.postMessage");
    assert_eq!(sent.len(), 2);
    assert!(!sent[1].to_string().contains("action_id"));
    assert!(sent[1].to_string().contains("arq_01KA7M6Q5X8R3T0V2W4Y6Z8B1C"));
}

#[tokio::test]
async fn a_person_is_told_directly() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("conversations.open", 200, json!({ "ok": true, "channel": { "id": "D1" } }));
    stage.answers("chat.postMessage", 200, json!({ "ok": true, "channel": "D1", "ts": "1.2" }));
    let person = Identity { provider: "slack".into(), tenant: "T1".into(), subject: "U1".into() };
    stage.slack.tell(&person, &samples::card(Face::Approved)).await.unwrap();
    assert_eq!(stage.asked("conversations.open"), [json!({ "users": "U1" })]);
    assert_eq!(stage.asked("chat.postMessage").pop().unwrap()["channel"], "D1");
}

#[tokio::test]
async fn a_channel_that_others_read_gets_no_card_unless_it_is_named() {
    let mut stage = Stage::installed(&["T1"]).await;
    let shared = json!({ "ok": true, "channel": { "id": "C1", "is_ext_shared": true } });
    stage.answers("conversations.info", 200, shared);
    stage.answers("chat.postMessage", 200, posted());
    let card = samples::card(Face::Pending);
    for _ in 0..2 {
        let error = stage.slack.post("C1", &card).await.unwrap_err();
        assert!(matches!(error, SendError::GiveUp { why: GiveUp::Channel, .. }), "{error}");
    }
    assert_eq!(stage.asked("conversations.info"), ["channel=C1"], "once in five minutes");
    assert!(stage.asked("chat.postMessage").is_empty());
    stage.slack = fakes::slack(&stage.address, &["T1"], &stage.now, &["C1"]);
    assert_eq!(stage.slack.post("C1", &card).await.unwrap().0, "T1/C1/1.2");
}

#[tokio::test]
async fn a_channel_that_cannot_be_looked_up_gets_no_card_yet() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("conversations.info", 500, json!({}));
    let error = stage.slack.post("C1", &samples::card(Face::Pending)).await.unwrap_err();
    assert!(matches!(error, SendError::Retry { .. }), "{error}");
    stage.answers("conversations.info", 200, json!({ "ok": false, "error": "channel_not_found" }));
    let error = stage.slack.post("C1", &samples::card(Face::Pending)).await.unwrap_err();
    assert!(matches!(error, SendError::GiveUp { why: GiveUp::Channel, .. }), "{error}");
}
