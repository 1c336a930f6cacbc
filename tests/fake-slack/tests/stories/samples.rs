//! The shapes of Slack's own payloads: whatever member a sample has, ours has too.

use std::{collections::BTreeSet, fs, path::PathBuf};

use countersign_fake_slack::{
    build::SCOPES,
    form::Entries,
    world::{App, Channel, Site, Team, User},
};
use serde_json::{Value, json};

use crate::app::{Listener, World, card};

/// The folder of the public samples, where the caller has it.
#[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
fn samples() -> Option<PathBuf> {
    let folder = std::env::var("COUNTERSIGN_VECTORS").ok().map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: the shapes of Slack's samples: set COUNTERSIGN_VECTORS");
    }
    folder.map(|folder| folder.join("slack"))
}

/// Every member as a path; arrays and free values below them are not looked into.
fn members(value: &Value, path: &str, all: &mut BTreeSet<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        if !path.starts_with("/view/state/values/") {
            members(inner, &path, all);
            all.insert(path);
        }
    }
}

fn assert_complete(sample: &str, ours: &Value) {
    let Some(folder) = samples() else { return };
    let sample: Value = serde_json::from_slice(&fs::read(folder.join(sample)).unwrap()).unwrap();
    assert_eq!(sample["type"], ours["type"]);
    let (mut wanted, mut there) = (BTreeSet::new(), BTreeSet::new());
    members(&sample, "", &mut wanted);
    members(ours, "", &mut there);
    let missing: Vec<&String> = wanted.difference(&there).collect();
    assert!(missing.is_empty(), "Slack's sample has {missing:?}");
}

#[tokio::test]
async fn what_is_sent_has_every_member_that_slack_s_samples_have() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    world.slack.workspace(Team::named("T5").of_enterprise("E1"));
    world.slack.user(User::named("T5", "W5", "sam"));
    world.slack.channel(Channel::named("T5", "C5", "grid"));
    let token = world.slack.install(&Site::Team("T5".to_owned()), SCOPES);
    world.call_as(&token, "chat.postMessage", &card("C5")).await;
    let message = world.slack.last_message("C5").unwrap();
    world.slack.click("W5", &message, "approve").await;
    let click = app.last().json();
    assert_complete("block_actions-01.json", &click);

    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    let view = json!({
        "type": "modal", "title": plain("Deny"), "submit": plain("Deny"), "close": plain("Back"),
        "notify_on_close": true,
        "blocks": [{ "type": "input", "label": plain("Why?"), "optional": true,
            "element": { "type": "plain_text_input", "action_id": "why" } }],
    });
    let opened = json!({ "trigger_id": click["trigger_id"], "view": view });
    world.call_as(&token, "views.open", &opened).await;
    app.answer(&json!({ "response_action": "errors", "errors": {} }));
    world.slack.submit("W5", &Entries::none().text("why", "too broad")).await;
    assert_complete("view_submission-02.json", &app.last().json());
    world.slack.close("W5").await;
    assert_complete("view_closed-01.json", &app.last().json());

    world.slack.event("T5", json!({ "type": "app_uninstalled" })).await;
    let mut event = app.last().json();
    event["event"] =
        json!({ "type": "app_mention", "text": "", "user": "", "ts": "", "event_ts": "" });
    assert_complete("event_callback-02.json", &event);
    world.slack.url_verification("c1").await;
    assert_complete("url_verification-01.json", &app.last().json());
}
