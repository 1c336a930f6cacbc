//! Every published payload is read or passed over, and nothing that Slack may leave out or turn
//! into something else breaks the reading.

use std::{collections::BTreeMap, fs};

use countersign_port::access::DenyReason;
use serde_json::json;

use super::*;
use crate::fakes::{submission, vectors};

fn read(value: &Value) -> Interaction {
    Interaction::read(value.to_string().as_bytes())
}

fn kind(value: &Value) -> &'static str {
    match read(value) {
        Interaction::Pressed(_) => "pressed",
        Interaction::Submitted(_) => "submitted",
        Interaction::Ignored(kind) => kind,
    }
}

fn click() -> Value {
    json!({
        "type": "block_actions",
        "api_app_id": "A1",
        "user": { "id": "U1", "team_id": "T1" },
        "team": { "id": "T1", "enterprise_id": "E1" },
        "container": { "type": "message", "message_ts": "1.2", "channel_id": "C1" },
        "message": { "blocks": [{ "type": "section" }, { "type": "actions" }, 7] },
        "trigger_id": "1.2.3",
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [{ "type": "button", "action_id": "deny_form", "value": "crd_1.x" }],
    })
}

fn pressed(value: &Value) -> Pressed {
    let Interaction::Pressed(pressed) = read(value) else { panic!("no click of ours: {value}") };
    *pressed
}

fn submitted(value: &Value) -> Submitted {
    let Interaction::Submitted(sent) = read(value) else { panic!("no form of ours: {value}") };
    *sent
}

/// Their buttons and forms are other apps' and carry none of our names.
#[test]
fn the_published_payloads_are_passed_over_without_a_panic() {
    let Some(folder) = vectors("the_published_payloads_are_passed_over") else { return };
    let mut kinds = BTreeMap::<&str, usize>::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let payload = fs::read(&path).unwrap();
            let Interaction::Ignored(kind) = Interaction::read(&payload) else {
                panic!("{} is none of ours", path.display());
            };
            *kinds.entry(kind).or_default() += 1;
        }
    }
    let expected = [
        ("block_suggestion", 2),
        ("foreign_action", 3),
        ("foreign_view", 4),
        ("message_action", 1),
        ("shortcut", 1),
        ("unknown", 22),
        ("view_closed", 1),
    ];
    assert_eq!(kinds, BTreeMap::from(expected));
}

/// The published payloads again, as if the button or form in them were ours.
#[test]
fn the_published_payloads_are_read_where_the_button_is_ours() {
    let Some(folder) = vectors("the_published_payloads_are_read") else { return };
    let vector = |name: &str| -> Value {
        let path = folder.join(name);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    for name in ["block_actions-01.json", "block_actions-02.json", "block_actions-03.json"] {
        let mut payload = vector(name);
        payload["actions"][0]["action_id"] = json!("approve");
        let pressed = pressed(&payload);
        assert_eq!(pressed.claim.team.as_deref(), Some("T7043EEA7C"), "{name}");
        assert_eq!(pressed.claim.enterprise.as_deref(), Some("ED10381913"), "{name}");
        assert_eq!(pressed.channel.as_deref(), Some("C749B74708"), "{name}");
    }
    let mut foreign = vector("view_submission-03.json");
    foreign["view"]["callback_id"] = json!("deny");
    foreign["view"]["private_metadata"] =
        submission("deny", &json!({}))["view"]["private_metadata"].clone();
    let claim = submitted(&foreign).claim;
    assert_eq!(claim.user_team.as_deref(), Some("x-3cc480726f75"));
    assert_eq!(claim.installed_team.as_deref(), Some("x-f04f3ca44a17"));
}

#[test]
fn a_click_is_read() {
    let pressed = pressed(&click());
    assert_eq!((pressed.verb, pressed.asks), (Verb::Deny, Asks::Form));
    assert_eq!(pressed.token, "crd_1.x");
    assert_eq!(pressed.channel.as_deref(), Some("C1"));
    assert_eq!(pressed.ts.as_deref(), Some("1.2"));
    assert_eq!(pressed.claim.enterprise.as_deref(), Some("E1"));
    assert_eq!(pressed.remains(), [json!({ "type": "section" })]);
}

/// Each member but the button, the user and the type may be missing, null, a number or a list.
#[test]
fn a_click_survives_whatever_is_missing_or_of_another_kind() {
    for member in ["api_app_id", "team", "container", "message", "trigger_id", "response_url"] {
        for other in [Value::Null, json!(7), json!([1]), json!({}), json!("")] {
            let mut payload = click();
            payload[member] = other.clone();
            assert_eq!(kind(&payload), "pressed", "{member}: {other}");
        }
    }
    for other in [Value::Null, json!(7), json!([1]), json!({}), json!("")] {
        for member in ["user", "actions"] {
            let mut payload = click();
            payload[member] = other.clone();
            assert_eq!(kind(&payload), "foreign_action", "{member}: {other}");
        }
    }
}

#[test]
fn what_is_not_ours_is_passed_over() {
    let mut link = click();
    link["actions"][0]["action_id"] = json!("record");
    for (payload, expected) in [
        (link, "foreign_action"),
        (json!({ "type": "view_closed" }), "view_closed"),
        (json!({ "type": "something_new" }), "unknown"),
        (json!({ "type": 7 }), "malformed"),
        (json!([]), "malformed"),
        (json!({ "type": "view_submission", "user": { "id": "U1" } }), "foreign_view"),
    ] {
        assert_eq!(kind(&payload), expected, "{payload}");
    }
    for bytes in [&b""[..], b"{", b"\xff\xfe", "[".repeat(100_000).as_bytes()] {
        assert!(matches!(Interaction::read(bytes), Interaction::Ignored("malformed")));
    }
}

#[test]
fn a_denial_is_read() {
    let sent = submitted(&submission(
        "deny",
        &json!({
            "reason": { "reason": { "type": "radio_buttons", "selected_option": { "value": "too_broad" } } },
            "comment": { "comment": { "type": "plain_text_input", "value": "  refunds only " } },
        }),
    ));
    assert_eq!(sent.choice(), Some(Choice::Deny { reason: DenyReason::TooBroad }));
    assert_eq!(sent.answers.one("comment"), Some("  refunds only "));
}

#[test]
fn a_smaller_grant_is_read_from_all_menus() {
    let ticked = |values: &[&str]| {
        let options: Vec<_> = values.iter().map(|value| json!({ "value": value })).collect();
        json!({ "scopes": { "selected_options": options } })
    };
    let sent = submitted(&submission(
        "approve_less",
        &json!({
            "scopes": ticked(&["0", "2"]),
            "scopes.1": ticked(&["100"]),
            "valid_for": { "valid_for": { "selected_option": { "value": "900" } } },
        }),
    ));
    let choice = Choice::ApproveLess { scopes: vec![0, 2, 100], valid_for_seconds: Some(900) };
    assert_eq!(sent.choice(), Some(choice));
    assert!(sent.answers.asked("scopes") && !sent.answers.asked("number"));
}

#[test]
fn a_form_that_lacks_something_makes_no_choice() {
    let whim = json!({ "reason": { "reason": { "selected_option": { "value": "whim" } } } });
    let strange = json!({ "scopes": { "scopes": { "selected_options": [{ "value": "-1" }] } } });
    let long = json!({ "valid_for": { "valid_for": { "selected_option": { "value": "long" } } } });
    for (verb, values) in [
        ("deny", json!({})),
        ("deny", json!(null)),
        ("deny", json!({ "reason": { "reason": { "selected_option": null } } })),
        ("deny", whim),
        ("approve_less", strange),
        ("approve_less", long),
        ("details", json!({})),
    ] {
        assert_eq!(submitted(&submission(verb, &values)).choice(), None, "{verb} {values}");
    }
}
