//! Events, from the signed body to what comes of them.

use serde_json::{Value, json};

use super::Notice;
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
async fn what_others_must_know_is_passed_on() {
    let stage = Stage::installed(&["T1"]).await;
    let changed = json!({ "type": "subteam_members_changed", "subteam_id": "S1" });
    let updated = json!({ "type": "subteam_updated", "subteam": { "id": "S2" } });
    let shared = json!({ "type": "channel_shared", "channel": "C1" });
    let moved =
        json!({ "type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1" });
    for (number, body) in [changed, updated, shared, moved].iter().enumerate() {
        told(&stage, &event(&format!("Ev{number}"), body)).await;
    }
    let own = |text: &str| text.to_owned();
    assert_eq!(
        *stage.ear.0.lock().unwrap(),
        [
            Notice::GroupChanged { group: Some(own("S1")) },
            Notice::GroupChanged { group: Some(own("S2")) },
            Notice::ChannelShared { channel: own("C1") },
            Notice::ChannelMoved { from: own("G1"), to: own("C1") },
        ]
    );
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
    assert!(stage.ear.0.lock().unwrap().is_empty());
}
