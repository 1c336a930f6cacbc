//! Clicks and forms from the signed body to the answer, with everything that goes to Slack.

use countersign_port::{
    access::{Choice, DenyReason, RefusalKind},
    card::{Emphasis, Face, Verb},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    fakes::{Stage, submission},
    samples,
};

/// The words of the only private answer.
fn answered(stage: &Stage) -> String {
    let answers = stage.asked("respond");
    let [answer] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(answer["response_type"], "ephemeral");
    assert_eq!(answer["replace_original"], false);
    assert_eq!(answer["blocks"][0]["text"]["type"], "plain_text");
    answer["blocks"][0]["text"]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_click_votes_at_once_and_is_confirmed_afterwards() {
    let stage = Stage::installed(&["T1"]).await;
    assert_eq!(stage.interact(&stage.click("approve")).await, (200, Value::Null));
    let ballot = stage.access.ballots.lock().unwrap().pop().unwrap();
    assert_eq!(ballot.choice, Choice::Approve);
    assert_eq!(ballot.press.button, "crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.approve");
    assert_eq!((ballot.press.by.tenant.as_str(), ballot.press.by.subject.as_str()), ("T1", "U1"));
    let place = ballot.press.place.unwrap();
    assert_eq!(place.message.0, "T1/C1/1763820120.000100");
    assert_eq!(place.addresses, ["C1", "T1/C1"]);
    assert_eq!(ballot.press.payload_sha256.len(), 64);
    let calls: Vec<_> =
        stage.script.calls.lock().unwrap().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(calls, ["users.info"], "nothing else waits for Slack");
    stage.errands().await;
    assert!(answered(&stage).starts_with("Recorded. 1 of 2 approved: Shop Admin"));
}

#[tokio::test]
async fn a_refusal_is_told_to_the_one_who_clicked() {
    let stage = Stage::installed(&["T1"]).await;
    *stage.access.refuses.lock().unwrap() = Some(RefusalKind::OwnRequest);
    assert_eq!(stage.interact(&stage.click("approve")).await, (200, Value::Null));
    stage.errands().await;
    assert_eq!(answered(&stage), "Refused: OwnRequest.");
}

#[tokio::test]
async fn a_dead_message_loses_its_buttons() {
    for kind in [RefusalKind::Superseded, RefusalKind::UnknownButton] {
        let stage = Stage::installed(&["T1"]).await;
        *stage.access.refuses.lock().unwrap() = Some(kind);
        stage.interact(&stage.click("approve")).await;
        stage.errands().await;
        let answers = stage.asked("respond");
        let strip = answers.iter().find(|answer| answer["replace_original"] == true).unwrap();
        assert_eq!(strip["blocks"].as_array().unwrap().len(), 2);
        assert_eq!(strip["blocks"][0]["text"]["text"], "card");
        assert_eq!(strip["blocks"][1]["text"]["text"], "A newer card replaced this one.");
        assert_eq!(answers.len(), 2);
    }
}

#[tokio::test]
async fn a_form_is_opened_with_the_trigger() {
    let stage = Stage::installed(&["T1"]).await;
    for (action, title) in [
        ("approve_form", "Approve this?"),
        ("approve_less_form", "Approve less"),
        ("deny_form", "Deny this?"),
        ("details", "Details"),
    ] {
        assert_eq!(stage.interact(&stage.click(action)).await, (200, Value::Null));
        let opened = stage.asked("views.open").pop().unwrap();
        assert_eq!(opened["trigger_id"], "1.2.3");
        assert_eq!(opened["view"]["title"]["text"], title, "{action}");
    }
    stage.errands().await;
    assert!(stage.asked("respond").is_empty(), "an open form is answer enough");
    assert!(stage.access.ballots.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_form_that_cannot_be_opened_is_told() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("views.open", 200, json!({ "ok": false, "error": "trigger_expired" }));
    assert_eq!(stage.interact(&stage.click("deny_form")).await, (200, Value::Null));
    let mut without = stage.click("deny_form");
    without["trigger_id"] = Value::Null;
    assert_eq!(stage.interact(&without).await, (200, Value::Null));
    assert_eq!(stage.asked("views.open").len(), 1);
    stage.errands().await;
    let answers = stage.asked("respond");
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|answer| answer["blocks"][0]["text"]["text"] == "That took too long. Press again."));
}

/// The card of the request has no such button any more.
#[tokio::test]
async fn a_form_that_is_out_of_date_is_not_opened() {
    let stage = Stage::installed(&["T1"]).await;
    let mut card = samples::card(Face::Partial);
    card.actions = vec![samples::button(Verb::Deny, "Deny…", Emphasis::Danger, None)];
    *stage.access.card.lock().unwrap() = Some(card);
    stage.interact(&stage.click("deny_form")).await;
    let turned_away = stage.access.turned_away.lock().unwrap().pop().unwrap();
    assert_eq!(turned_away.1, RefusalKind::Superseded);
    assert!(stage.asked("views.open").is_empty());
}

#[tokio::test]
async fn a_form_votes_and_shows_what_came_of_it() {
    let stage = Stage::installed(&["T1"]).await;
    let reason = json!({ "reason": { "selected_option": { "value": "other" } } });
    let comment = json!({ "comment": { "value": "refunds only" } });
    let values = json!({ "reason": reason, "comment": comment });
    let (status, answer) = stage.interact(&submission("deny", &values)).await;
    assert_eq!((status, &answer["response_action"]), (200, &json!("update")));
    assert_eq!(answer["view"]["type"], "modal");
    assert_eq!(answer["view"]["title"]["text"], "Recorded");
    let ballot = stage.access.ballots.lock().unwrap().pop().unwrap();
    assert_eq!(ballot.choice, Choice::Deny { reason: DenyReason::Other });
    assert_eq!(ballot.comment.unwrap().as_received(), "refunds only");
    assert_eq!(ballot.seen_at, Some(samples::at("2026-11-22T14:01:00Z")));
    assert_eq!(ballot.press.place, None, "a form has no channel");
}

#[tokio::test]
async fn a_number_is_handed_on_as_it_was_typed() {
    let stage = Stage::installed(&["T1"]).await;
    let values = json!({ "number": { "number": { "value": " 07 " } } });
    stage.interact(&submission("approve", &values)).await;
    let ballot = stage.access.ballots.lock().unwrap().pop().unwrap();
    assert_eq!((ballot.choice, ballot.number.as_deref()), (Choice::Approve, Some("07")));
}

#[tokio::test]
async fn what_can_be_corrected_is_said_beside_its_field() {
    let number = json!({ "number": { "number": { "value": "42" } } });
    let unticked = json!({ "scopes": { "scopes": { "selected_options": [] } } });
    let comment = json!({
        "reason": { "reason": { "selected_option": { "value": "other" } } },
        "comment": { "comment": { "value": null } },
    });
    for (kind, verb, values, field) in [
        (RefusalKind::WrongNumber, "approve", &number, Some("number")),
        (RefusalKind::Unexplained, "deny", &comment, Some("comment")),
        (RefusalKind::NothingLeft, "approve_less", &unticked, Some("scopes")),
        (RefusalKind::NothingLeft, "approve", &number, None),
        (RefusalKind::OwnRequest, "approve", &number, None),
        (RefusalKind::Changed, "approve", &number, None),
    ] {
        let stage = Stage::installed(&["T1"]).await;
        *stage.access.refuses.lock().unwrap() = Some(kind);
        let (_, answer) = stage.interact(&submission(verb, values)).await;
        let sentence = format!("Refused: {kind:?}.");
        if let Some(field) = field {
            let errors = json!({ "response_action": "errors", "errors": { field: sentence } });
            assert_eq!(answer, errors);
        } else {
            assert_eq!(answer["view"]["title"]["text"], "Not counted", "{kind:?}");
            assert_eq!(answer["view"]["blocks"][0]["text"]["text"], sentence.as_str());
        }
    }
}

#[tokio::test]
async fn a_form_without_a_choice_asks_for_one() {
    let stage = Stage::installed(&["T1"]).await;
    let values = json!({ "reason": { "reason": { "selected_option": null } } });
    let (_, answer) = stage.interact(&submission("deny", &values)).await;
    let errors = json!({ "reason": "Refused: Incomplete." });
    assert_eq!(answer, json!({ "response_action": "errors", "errors": errors }));
    assert!(stage.access.ballots.lock().unwrap().is_empty());
}

/// The answer comes before Slack gives up on us, whatever the service does.
#[tokio::test]
async fn a_vote_that_takes_too_long_is_not_confirmed() {
    let stage = Stage::installed(&["T1"]).await;
    *stage.access.hangs.lock().unwrap() = true;
    let (click, sent) = (stage.click("approve"), submission("approve", &json!({})));
    let begun_at = std::time::Instant::now();
    let (clicked, sent) = tokio::join!(stage.interact(&click), stage.interact(&sent));
    assert!(begun_at.elapsed() < std::time::Duration::from_secs(3));
    assert_eq!(clicked, (200, Value::Null));
    assert_eq!(sent.1["view"]["title"]["text"], "Not confirmed yet");
    stage.errands().await;
    assert!(answered(&stage).ends_with("Clicking again is harmless."));
}

/// The address that came with the click, then the channel, then a direct message.
#[tokio::test]
async fn an_answer_finds_another_way() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("respond", 404, json!({}));
    stage.interact(&stage.click("approve")).await;
    stage.errands().await;
    let ephemeral = stage.asked("chat.postEphemeral").pop().unwrap();
    assert_eq!((&ephemeral["channel"], &ephemeral["user"]), (&json!("C1"), &json!("U1")));
    assert!(ephemeral["blocks"][0]["text"]["text"].as_str().unwrap().starts_with("Recorded."));

    stage.answers(
        "chat.postEphemeral",
        200,
        json!({ "ok": false, "error": "user_not_in_channel" }),
    );
    stage.answers("conversations.open", 200, json!({ "ok": true, "channel": { "id": "D1" } }));
    stage.answers("chat.postMessage", 200, json!({ "ok": true, "channel": "D1", "ts": "1.2" }));
    stage.interact(&stage.click("approve")).await;
    stage.errands().await;
    assert_eq!(stage.asked("conversations.open"), [json!({ "users": "U1" })]);
    assert_eq!(stage.asked("chat.postMessage").pop().unwrap()["channel"], "D1");
}

#[tokio::test]
async fn an_answer_that_is_late_is_dropped() {
    let stage = Stage::installed(&["T1"]).await;
    stage.interact(&stage.click("approve")).await;
    stage.passes(SignedDuration::from_secs(301));
    stage.errands().await;
    assert!(stage.asked("respond").is_empty());
}

#[tokio::test]
async fn an_answer_goes_to_slack_alone() {
    let stage = Stage::installed(&["T1"]).await;
    for address in ["https://evil.example/respond", "https://hooks.slack.com.evil.example/", "x"] {
        let mut click = stage.click("approve");
        click["response_url"] = json!(address);
        stage.interact(&click).await;
    }
    stage.errands().await;
    assert!(stage.asked("respond").is_empty());
    assert_eq!(stage.asked("chat.postEphemeral").len(), 3);
}

#[tokio::test]
async fn what_is_not_ours_is_acknowledged() {
    let stage = Stage::installed(&["T1"]).await;
    for payload in [
        json!({ "type": "shortcut" }),
        json!({ "type": "something_new" }),
        json!(7),
        stage.click("record"),
    ] {
        assert_eq!(stage.interact(&payload).await, (200, Value::Null), "{payload}");
    }
    assert_eq!(stage.post("/slack/interactions", "nothing=here").await, (200, Value::Null));
    assert!(stage.access.turned_away.lock().unwrap().is_empty());
}
