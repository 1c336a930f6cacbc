//! Events, from the signed body to what comes of them.

use countersign_port::access::{Loss, News};
use serde_json::{Value, json};

use crate::fakes::{Stage, vectors};

fn event(id: &str, event: &Value) -> Value {
    json!({
        "type": "event_callback",
        "api_app_id": "A1",
        "team_id": "T1",
        "event_id": id,
        "authorizations": [{ "team_id": "T1", "is_enterprise_install": false }],
        "event": event,
    })
}

async fn told(stage: &Stage, body: &Value) {
    assert_eq!(stage.post("/slack/events", &body.to_string()).await, (200, Value::Null));
}

#[tokio::test]
async fn the_challenge_is_answered() {
    let stage = Stage::installed(&["T1"]).await;
    let body = json!({ "type": "url_verification", "challenge": "c", "token": "t" });
    let answer = stage.post("/slack/events", &body.to_string()).await;
    assert_eq!(answer, (200, json!({ "challenge": "c" })));
}

#[tokio::test]
async fn every_published_event_is_acknowledged() {
    let Some(folder) = vectors("every_published_event_is_acknowledged") else { return };
    let stage = Stage::installed(&["T1"]).await;
    for number in 1..=21 {
        let body = std::fs::read_to_string(folder.join(format!("event_callback-{number:02}.json")));
        assert_eq!(stage.post("/slack/events", &body.unwrap()).await.0, 200, "{number}");
    }
}

#[tokio::test]
async fn the_home_tab_shows_what_waits_once_for_each_event() {
    let stage = Stage::installed(&["T1"]).await;
    let opened = event("Ev1", &json!({ "type": "app_home_opened", "user": "U1", "tab": "home" }));
    for _ in 0..3 {
        told(&stage, &opened).await;
    }
    assert!(stage.asked("views.publish").is_empty(), "not before the answer");
    stage.errands().await;
    let published = stage.asked("views.publish");
    assert_eq!(published.len(), 1);
    assert_eq!(published[0]["user_id"], "U1");
    assert_eq!(published[0]["view"]["type"], "home");
    assert_eq!(published[0]["view"]["blocks"][0]["text"]["text"], "Waiting for you: 1");
}

#[tokio::test]
async fn what_the_service_must_know_is_passed_on() {
    let stage = Stage::installed(&["T1"]).await;
    let shared = json!({ "ok": true, "channel": { "id": "C1", "is_ext_shared": true } });
    stage.answers("conversations.info", 200, shared);
    let changed = json!({ "type": "subteam_members_changed", "subteam_id": "S1" });
    let updated = json!({ "type": "subteam_updated", "subteam": { "id": "S2", "team_id": "T2" } });
    let shared = json!({ "type": "channel_shared", "channel": "C1" });
    for (number, body) in [changed, updated, shared].iter().enumerate() {
        told(&stage, &event(&format!("Ev{number}"), body)).await;
    }
    let own = |text: &str| text.to_owned();
    let source = "slack_usergroup";
    assert_eq!(
        *stage.access.news.lock().unwrap(),
        [
            News::GroupChanged { source, groups: vec![own("T1/S1"), own("S1")] },
            News::GroupChanged { source, groups: vec![own("T2/S2"), own("S2")] },
            News::Lost {
                platform: "slack",
                messages: own("T1/C1/"),
                channels: vec![own("T1/C1"), own("C1")],
                why: Loss::Shared,
            },
        ]
    );
}

#[tokio::test]
async fn a_channel_that_is_shared_within_the_company_loses_nothing() {
    let stage = Stage::installed(&["T1"]).await;
    let shared = json!({ "type": "channel_shared", "channel": "C1" });
    told(&stage, &event("Ev1", &shared)).await;
    assert!(stage.access.news.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_could_not_be_written_down_is_to_be_told_again() {
    let stage = Stage::installed(&["T1"]).await;
    let changed = json!({ "type": "subteam_members_changed", "subteam_id": "S1" });
    let body = event("Ev1", &changed).to_string();
    *stage.access.deaf.lock().unwrap() = true;
    assert_eq!(stage.post("/slack/events", &body).await.0, 503);
    *stage.access.deaf.lock().unwrap() = false;
    for _ in 0..2 {
        assert_eq!(stage.post("/slack/events", &body).await.0, 200);
    }
    assert_eq!(stage.access.news.lock().unwrap().len(), 2, "told twice, which does no harm");
}

#[tokio::test]
async fn what_is_malformed_or_unknown_is_acknowledged() {
    let stage = Stage::installed(&["T1"]).await;
    for event in [
        json!({}),
        json!({ "type": "channel_shared" }),
        json!({ "type": "channel_id_changed", "old_channel_id": "G1" }),
        json!({ "type": "tokens_revoked", "tokens": { "oauth": ["U1"] } }),
        json!({ "type": "app_home_opened", "user": "U1", "tab": "messages" }),
        json!({ "type": "never_heard_of" }),
    ] {
        told(&stage, &self::event("", &event)).await;
    }
    assert_eq!(stage.post("/slack/events", "{").await, (200, Value::Null));
    assert!(stage.access.news.lock().unwrap().is_empty());
}
