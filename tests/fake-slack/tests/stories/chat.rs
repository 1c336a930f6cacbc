//! The Web API: what is posted is there, what is wrong is refused in Slack's words.

use std::time::Duration;

use countersign_fake_slack::{
    build::SCOPES,
    fault::{Fault, Strike},
    world::{App, Site},
};
use serde_json::json;

use crate::app::{World, card};

#[tokio::test]
async fn a_message_is_posted_changed_and_answered() {
    let world = World::new(App::named("A1")).await;
    let card = world.post_card("C1").await;
    assert_eq!(card.words(), "Shop Admin wants in\nApprove");
    let said = world
        .call("chat.update", &json!({ "channel": "C1", "ts": card.ts, "text": "Approved" }))
        .await;
    assert_eq!((&said["ok"], &said["ts"]), (&json!(true), &json!(card.ts)));
    let changed = world.slack.message("C1", &card.ts).unwrap();
    assert!(changed.blocks.is_empty(), "text alone takes the blocks away");
    assert!(changed.edited_ts.is_some());
    let answer = json!({ "channel": "C1", "thread_ts": card.ts, "text": "By Erin" });
    world.call("chat.postMessage", &answer).await;
    assert_eq!(world.slack.thread(&changed)[0].text, "By Erin");
    assert_eq!(world.slack.messages("C1").len(), 1);
    assert_eq!(world.slack.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn what_slack_refuses_is_refused() {
    let world = World::new(App::named("A1")).await;
    let narrow = world.slack.install(&Site::Team("T9".to_owned()), &["users:read"]);
    let text = |channel: &str| json!({ "channel": channel, "text": "x" });
    for (channel, error) in [
        ("C0", "channel_not_found"),
        ("C3", "is_archived"),
        ("C4", "not_in_channel"),
        ("C9", "channel_not_found"),
    ] {
        let said = world.call("chat.postMessage", &text(channel)).await;
        assert_eq!(said, json!({ "ok": false, "error": error }));
    }
    let said = world.call("chat.postMessage", &json!({ "channel": "C1" })).await;
    assert_eq!(said["error"], "no_text");
    let said = world.call_as("xoxb-nobody", "chat.postMessage", &text("C1")).await;
    assert_eq!(said["error"], "invalid_auth");
    let said = world.call_as(&narrow, "chat.postMessage", &text("C9")).await;
    assert_eq!(said["error"], "missing_scope");
    assert_eq!((&said["needed"], &said["provided"]), (&json!("chat:write"), &json!("users:read")));
    let mut typo = card("C1");
    typo["blocks"][0]["colour"] = json!("red");
    let said = world.call("chat.postMessage", &typo).await;
    let wrong = "invalid additional property: colour [json-pointer:/blocks/0]";
    assert_eq!((&said["error"], &said["errors"][0]), (&json!("invalid_blocks"), &json!(wrong)));
}

#[tokio::test]
async fn people_and_groups_are_told_as_the_scopes_allow() {
    let world = World::new(App::named("A1")).await;
    let said = world.form("users.info", &[("user", "U2")]).await;
    assert_eq!(said["user"]["is_restricted"], true);
    let said = world.form("users.info", &[("user", "U9")]).await;
    assert_eq!(said["user"]["is_stranger"], true, "seen through a shared channel");
    let said = world.form("users.lookupByEmail", &[("email", "Erin@example.com")]).await;
    assert_eq!(said["user"]["id"], "U1");
    let said = world.form("usergroups.users.list", &[("usergroup", "S1")]).await;
    assert_eq!(said["users"], json!(["U1"]), "no guests in groups");
    let free = world.slack.install(&Site::Team("T9".to_owned()), SCOPES);
    let said = world.form_as(Some(&free), "usergroups.list", &[]).await;
    assert_eq!(said["error"], "plan_upgrade_required");
    let said = world.call("users.info", &json!({ "user": "U1" })).await;
    assert_eq!(said["error"], "invalid_arguments", "this method takes no JSON");
}

#[tokio::test]
async fn direct_and_private_messages_reach_one_person() {
    let world = World::new(App::named("A1")).await;
    let said = world.call("conversations.open", &json!({ "users": "U1" })).await;
    let channel = said["channel"]["id"].as_str().unwrap();
    world.call("chat.postMessage", &json!({ "channel": channel, "text": "for you" })).await;
    assert_eq!(world.slack.direct_messages("U1")[0].text, "for you");
    let private = json!({ "channel": "C1", "user": "U1", "text": "psst" });
    world.call("chat.postEphemeral", &private).await;
    assert_eq!(world.slack.leftovers(), ["nobody read in C1 for U1: psst"]);
    assert_eq!(world.slack.ephemerals("U1")[0].text, "psst");
    assert!(world.slack.leftovers().is_empty());
    let absent = json!({ "channel": "C1", "user": "U9", "text": "psst" });
    let said = world.call("chat.postEphemeral", &absent).await;
    assert_eq!(said["error"], "user_not_in_channel");
}

#[tokio::test]
async fn it_misbehaves_where_it_is_told_to() {
    let world = World::new(App::named("A1")).await;
    let limited = Fault::RateLimited { retry_after_s: 7 };
    world.slack.misbehave(Strike::at("chat.postMessage", limited).in_channel("C1"));
    world.post_card("C2").await;
    let said = world.call("chat.postMessage", &card("C1")).await;
    assert_eq!(said, json!({ "ok": false, "error": "ratelimited" }));
    world.post_card("C1").await;

    world.slack.misbehave(Strike::at("chat.postMessage", Fault::ReplyLost));
    let lost = reqwest_post(&world, Duration::from_secs(10)).await;
    assert!(lost.is_err_and(|error| !error.is_timeout()), "the connection is closed");
    assert_eq!(world.slack.messages("C1").len(), 2, "and yet it was posted");

    world.slack.misbehave(Strike::at("chat.postMessage", Fault::Hang).always());
    let hung = reqwest_post(&world, Duration::from_millis(50)).await;
    assert!(hung.is_err_and(|error| error.is_timeout()));
    world.slack.behave();
    assert_eq!(world.slack.messages("C1").len(), 2);
}

async fn reqwest_post(world: &World, patience: Duration) -> reqwest::Result<reqwest::Response> {
    #[expect(clippy::disallowed_methods, reason = "a client of the fake, not of the service")]
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/chat.postMessage", world.slack.api_url()));
    let request = request.bearer_auth(&world.token).timeout(patience);
    request.header("content-type", "application/json").body(card("C1").to_string()).send().await
}

#[tokio::test]
async fn a_channel_takes_a_small_burst_and_then_one_a_second() {
    let world = World::new(App::named("A1")).await;
    world.slack.pace_channels();
    for _ in 0..3 {
        world.post_card("C1").await;
    }
    let said = world.call("chat.postMessage", &card("C1")).await;
    assert_eq!(said["error"], "ratelimited");
    world.wait_s(1);
    world.post_card("C1").await;
}

#[tokio::test]
async fn an_argument_that_slack_does_not_know_is_left_over() {
    let world = World::new(App::named("A1")).await;
    let said = world
        .call("chat.postMessage", &json!({ "channel": "C1", "text": "x", "unfurl_link": false }))
        .await;
    assert_eq!(said["ok"], true, "Slack does not mind");
    world.slack.messages("C1");
    let left = world.slack.leftovers();
    assert_eq!(left, ["chat.postMessage does not know the argument unfurl_link"]);
}
