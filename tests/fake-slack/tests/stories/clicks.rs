//! Interactions: signed, complete, and with a memory of triggers and response URLs.

use countersign_fake_slack::{
    build::SCOPES,
    delivery::signature,
    form::Entries,
    world::{App, Channel, Site, Team, User},
};
use serde_json::{Value, json};

use crate::app::{Listener, World, card};

fn modal(submit: &str) -> Value {
    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    json!({
        "type": "modal", "callback_id": "deny", "private_metadata": "token-1",
        "title": plain("Deny"), "submit": plain(submit), "notify_on_close": true,
        "blocks": [{
            "type": "input", "block_id": "why", "label": plain("Why?"),
            "element": { "type": "plain_text_input", "action_id": "text" },
        }],
    })
}

#[tokio::test]
async fn a_click_is_signed_and_says_who_and_where() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C1").await;
    assert!(world.slack.click("U1", &card, "Approve").await.is_acknowledged());
    let heard = app.last();
    let header = |name: &str| heard.headers[name].to_str().unwrap().to_owned();
    let expected =
        signature("signing-secret-of-A1", &header("x-slack-request-timestamp"), &heard.body);
    assert_eq!(header("x-slack-signature"), expected);
    assert_eq!(header("x-slack-request-timestamp"), "1790000000");
    let payload = heard.json();
    assert_eq!(payload["user"]["team_id"], "T1");
    assert_eq!(payload["team"], json!({ "id": "T1", "domain": "workspace-t1" }));
    assert_eq!(payload["container"]["message_ts"], json!(card.ts));
    assert_eq!(payload["actions"][0]["value"], "token-1");
    assert_eq!(payload["message"]["blocks"][1]["block_id"], "verbs");
}

#[tokio::test]
async fn a_trigger_opens_one_modal_within_three_seconds() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C1").await;
    let fresh = async || {
        world.slack.click("U1", &card, "approve").await;
        app.last().json()["trigger_id"].as_str().unwrap().to_owned()
    };
    let open = async |trigger: &str| {
        let arguments = json!({ "trigger_id": trigger, "view": modal("Deny") });
        world.call("views.open", &arguments).await
    };
    let trigger = fresh().await;
    let said = open(&trigger).await;
    assert_eq!(said["view"]["state"], json!({ "values": {} }));
    assert_eq!(said["view"]["app_installed_team_id"], "T1");
    assert_eq!(open(&trigger).await["error"], "exchanged_trigger_id");
    assert_eq!(open("1.2.x").await["error"], "invalid_trigger_id");
    let trigger = fresh().await;
    world.wait_s(4);
    assert_eq!(open(&trigger).await["error"], "expired_trigger_id");
    assert_eq!(world.slack.modal("U1").unwrap().private_metadata(), "token-1");
}

#[tokio::test]
async fn a_submission_does_with_the_modal_what_the_app_says() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C1").await;
    world.slack.click("U1", &card, "approve").await;
    let trigger = app.last().json()["trigger_id"].clone();
    world.call("views.open", &json!({ "trigger_id": trigger, "view": modal("Deny") })).await;
    let entries = Entries::none().text("text", "too broad");

    app.answer(&json!({ "response_action": "errors", "errors": { "why": "say more" } }));
    world.slack.submit("U1", &entries).await;
    let payload = app.last().json();
    assert_eq!(payload["view"]["state"]["values"]["why"]["text"]["value"], "too broad");
    assert!(payload.get("channel").is_none(), "a submission has no channel");
    let view = world.slack.modal("U1").unwrap();
    assert_eq!(view.errors, [("why".to_owned(), "say more".to_owned())]);

    app.answer(&json!({ "response_action": "update", "view": modal("Really") }));
    world.slack.submit("U1", &entries).await;
    let changed = world.slack.modal("U1").unwrap();
    assert_eq!((changed.id(), &changed.json["submit"]["text"]), (view.id(), &json!("Really")));

    app.answer(&json!({}));
    world.slack.submit("U1", &entries).await;
    assert!(world.slack.modal("U1").is_none());
    assert!(world.slack.leftovers().is_empty());
}

#[tokio::test]
async fn closing_is_told_where_the_app_asked_for_it() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    world.slack.slash("U1", "C1", "/countersign link").await;
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(&app.last().body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(own, _)| own == name).unwrap().1.clone();
    assert_eq!((field("command"), field("text")), ("/countersign".into(), "link".into()));
    let opened = json!({ "trigger_id": field("trigger_id"), "view": modal("Deny") });
    assert_eq!(world.call("views.open", &opened).await["ok"], true);
    world.slack.modal("U1");
    world.slack.close("U1").await.expect("it asked to be told");
    assert_eq!(app.last().json()["type"], "view_closed");
}

#[tokio::test]
async fn a_response_url_dies_after_five_uses_or_half_an_hour() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C1").await;
    let fresh = async || {
        world.slack.click("U1", &card, "approve").await;
        app.last().json()["response_url"].as_str().unwrap().to_owned()
    };
    let url = fresh().await;
    let private = json!({ "response_type": "ephemeral", "text": "noted" });
    for _ in 0..5 {
        assert_eq!(world.post(&url, &private).await.0, 200);
    }
    assert_eq!(world.post(&url, &private).await.0, 404);
    assert_eq!(world.slack.ephemerals("U1").len(), 5);
    let url = fresh().await;
    let replace = json!({ "replace_original": true, "text": "decided" });
    assert_eq!(world.post(&url, &replace).await, (200, r#"{"ok":true}"#.to_owned()));
    assert_eq!(world.slack.last_message("C1").unwrap().text, "decided");
    world.wait_s(30 * 60 + 1);
    assert_eq!(world.post(&url, &private).await.0, 404);
}

#[tokio::test]
async fn a_person_of_another_company_brings_foreign_ids() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C2").await;
    world.slack.click("U9", &card, "approve").await;
    let click = app.last().json();
    assert_eq!((&click["team"]["id"], &click["user"]["team_id"]), (&json!("T1"), &json!("T9")));
    let opened = json!({ "trigger_id": click["trigger_id"], "view": modal("Deny") });
    world.call("views.open", &opened).await;
    world.slack.submit("U9", &Entries::none().text("why", "because")).await;
    let payload = app.last().json();
    let theirs = [&payload["team"]["id"], &payload["user"]["team_id"], &payload["view"]["team_id"]];
    assert!(theirs.iter().all(|id| *id == "T9"), "{payload}");
    assert_eq!(payload["view"]["app_installed_team_id"], "T1");
}

#[tokio::test]
async fn an_organisation_s_install_says_no_team() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    for team in ["T5", "T6"] {
        world.slack.workspace(Team::named(team).of_enterprise("E1"));
    }
    world.slack.user(User::named("T6", "W1", "sam").also_in("T5"));
    world.slack.channel(Channel::named("T5", "C5", "grid"));
    let token = world.slack.install(&Site::Enterprise("E1".to_owned()), SCOPES);
    world.call_as(&token, "chat.postMessage", &card("C5")).await;
    let card = world.slack.last_message("C5").unwrap();
    world.slack.click("W1", &card, "approve").await;
    let click = app.last().json();
    // One human, two workspaces: here they act from the channel's.
    assert_eq!((&click["team"], &click["is_enterprise_install"]), (&Value::Null, &json!(true)));
    assert_eq!(
        (&click["enterprise"]["id"], &click["user"]["team_id"]),
        (&json!("E1"), &json!("T5"))
    );
}

#[tokio::test]
async fn what_is_not_acknowledged_is_left_over() {
    let world = World::new(App::named("A1")).await;
    let card = world.post_card("C1").await;
    assert_eq!(world.slack.click("U1", &card, "approve").await.status, None);
    let left = world.slack.leftovers();
    assert_eq!(left, ["block_actions was not acknowledged in time: None "]);
    assert_eq!(world.slack.forgive(), left);
    assert!(world.slack.leftovers().is_empty());
}

#[tokio::test]
#[should_panic(expected = "there is no button Deny on the message, but [\"Approve\"]")]
async fn a_story_that_presses_what_is_not_there_ends() {
    let world = World::new(App::named("A1")).await;
    let card = world.post_card("C1").await;
    world.slack.click("U1", &card, "Deny").await;
}

#[tokio::test]
async fn modals_stack_three_deep_and_are_cleared_together() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C1").await;
    world.slack.click("U1", &card, "approve").await;
    let trigger = app.last().json()["trigger_id"].clone();
    world.call("views.open", &json!({ "trigger_id": trigger, "view": modal("First") })).await;
    let first = world.slack.modal("U1").unwrap();
    let entries = Entries::none().text("text", "x");

    app.answer(&json!({ "response_action": "push", "view": modal("Second") }));
    world.slack.submit("U1", &entries).await;
    let second = world.slack.modal("U1").unwrap();
    assert_eq!(second.json["previous_view_id"], first.id());
    assert_eq!(second.json["root_view_id"], first.id());
    world.slack.submit("U1", &entries).await;
    world.slack.modal("U1");
    world.slack.submit("U1", &entries).await;
    let left = world.slack.forgive();
    assert_eq!(left, ["the answer to a submission cannot be followed: push_limit_reached"]);

    app.answer(&json!({ "response_action": "clear" }));
    world.slack.submit("U1", &entries).await;
    assert!(world.slack.modal("U1").is_none());
}

#[tokio::test]
async fn a_private_answer_has_buttons_and_may_be_taken_back() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let mut private = card("C1");
    private["user"] = json!("U1");
    world.call("chat.postEphemeral", &private).await;
    let answer = world.slack.ephemerals("U1").pop().unwrap();
    world.slack.click("U1", &answer, "Approve").await;
    let click = app.last().json();
    assert_eq!(click["container"]["is_ephemeral"], true);
    assert!(click.get("message").is_none());
    let url = click["response_url"].as_str().unwrap();
    let (status, _) = world.post(url, &json!({ "replace_original": true, "text": "done" })).await;
    assert_eq!((status, world.slack.ephemerals("U1")[0].text.as_str()), (200, "done"));
    world.post(url, &json!({ "delete_original": true })).await;
    let (status, _) =
        world.post(url, &json!({ "response_type": "in_channel", "text": "all" })).await;
    assert_eq!((status, world.slack.last_message("C1").unwrap().text.as_str()), (200, "all"));
}

#[tokio::test]
async fn a_home_tab_is_opened_published_and_pressed() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    world.slack.open_home("U1").await;
    assert_eq!(app.last().json()["event"]["type"], "app_home_opened");
    let home = json!({ "type": "home", "blocks": card("C1")["blocks"] });
    world.call("views.publish", &json!({ "user_id": "U1", "view": home })).await;
    assert_eq!(world.slack.leftovers().len(), 1, "nobody has looked at it");
    assert_eq!(world.slack.home("U1").unwrap().words().trim(), "Shop Admin wants in\nApprove");
    world.slack.click_in_home("U1", "Approve").await;
    assert_eq!(app.last().json()["container"]["type"], "view");
    assert!(world.slack.leftovers().is_empty());
}

#[tokio::test]
async fn a_story_may_spoil_what_is_sent_and_send_it_twice() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let card = world.post_card("C1").await;
    let mut payload = world.slack.click_payload("U1", &card, "approve");
    payload.json["user"]["team_id"] = json!("T9");
    world.slack.deliver(&payload).await;
    world.slack.deliver(&payload).await;
    assert_eq!(app.last().json()["user"]["team_id"], "T9");
    let old = world.slack.sign_at(&payload, 1_789_999_699);
    assert_eq!(old.header("x-slack-request-timestamp"), Some("1789999699"));
    let twice = old.without("x-slack-signature").and("x-slack-signature", "v0=00");
    let twice = twice.and("x-slack-signature", b"\xff".to_vec());
    assert_eq!(world.slack.post(twice).await.status, Some(200));
    assert_eq!(app.last().headers.get_all("x-slack-signature").iter().count(), 2);
    let event = world.slack.event_payload("T1", json!({ "type": "team_join" }));
    world.slack.deliver(&event.again(1, "http_timeout")).await;
    assert_eq!(app.last().headers["x-slack-retry-num"], "1");
}

#[tokio::test]
async fn a_sibling_workspace_and_another_company_are_told_apart() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    for (team, enterprise) in [("T5", "E1"), ("T6", "E1"), ("T7", "E2")] {
        world.slack.workspace(Team::named(team).of_enterprise(enterprise));
    }
    world.slack.user(User::named("T6", "W6", "sam"));
    world.slack.user(User::named("T7", "W7", "mallory"));
    let grid = Channel::named("T5", "C5", "grid").shared_with("T6").shared_with("T7");
    world.slack.channel(grid);
    let token = world.slack.install(&Site::Team("T5".to_owned()), SCOPES);
    world.call_as(&token, "chat.postMessage", &card("C5")).await;
    let card = world.slack.last_message("C5").unwrap();
    for (user, team, enterprise) in [("W6", "T6", "E1"), ("W7", "T7", "E2")] {
        world.slack.click(user, &card, "approve").await;
        let click = app.last().json();
        assert_eq!((&click["team"]["id"], &click["user"]["team_id"]), (&json!("T5"), &json!(team)));
        let opened = json!({ "trigger_id": click["trigger_id"], "view": modal("Deny") });
        world.call_as(&token, "views.open", &opened).await;
        world.slack.submit(user, &Entries::none().text("text", "x")).await;
        let payload = app.last().json();
        assert_eq!(payload["enterprise"]["id"], enterprise);
        assert_eq!(payload["view"]["app_installed_team_id"], "T5");
        let said = world.form_as(Some(&token), "users.info", &[("user", user)]).await;
        assert_eq!(said["user"]["enterprise_user"]["enterprise_id"], enterprise);
    }
}
