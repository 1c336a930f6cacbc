//! What Teams posts, recorded and made up, is understood or ignored.

use std::fs;

use super::*;
use crate::fakes::vectors;

fn recorded(folder: &std::path::Path, name: &str) -> Activity {
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    Activity::read(&value["activity"])
}

#[test]
fn every_recorded_activity_is_understood() {
    let Some(folder) = vectors("every_recorded_activity_is_understood") else { return };
    let installed = recorded(&folder, "installationUpdate.add.channel");
    let channels = ["19:approvals@thread.tacv2", "19:team@thread.tacv2"].map(str::to_owned);
    assert_eq!(installed.what, What::Installed { channels: channels.to_vec() });
    assert_eq!(installed.room.team.as_deref(), Some("19:team@thread.tacv2"));

    let created = recorded(&folder, "conversationUpdate.channelCreated");
    assert_eq!(created.what, What::Installed { channels: vec!["team-id".to_owned()] });

    let mention = recorded(&folder, "message.mention.channel");
    assert_eq!(mention.what, What::Said("status".to_owned()));

    for (name, verb, way, object) in [
        ("invoke.adaptiveCard_action.channel.user-bob", Verb::Approve, Way::Execute, "2222"),
        ("invoke.adaptiveCard_action.deny-with-reason", Verb::Deny, Way::Execute, "0000"),
        ("message.action_submit.channel", Verb::Approve, Way::Submit, "2222"),
    ] {
        let activity = recorded(&folder, name);
        let What::Pressed(pressed) = &activity.what else { panic!("{name}: {activity:?}") };
        assert_eq!((pressed.verb, pressed.way), (verb, way), "{name}");
        // The recorded cards are not ours: there is no button in them.
        assert_eq!(pressed.button, "", "{name}");
        assert!(activity.claim.object.as_deref().unwrap().starts_with(object), "{name}");
        assert_eq!(activity.claim.tenants.len(), 2, "{name}");
        let spot = activity.room.spot("t");
        assert!(spot.conversation.ends_with(&format!(";messageid={}", spot.activity)), "{name}");
    }
}

#[test]
fn what_comes_again_is_known_by_its_id_and_by_all_that_it_is_judged_by() {
    let once = |pointer: &str, value: Value| {
        let mut activity = json!({
            "id": "f:1", "timestamp": "2026-11-22T14:56:29Z", "replyToId": "7",
            "conversation": { "id": "19:a", "tenantId": "t" },
            "from": { "id": "29:1bob", "name": "Bob", "aadObjectId": "2" },
            "value": { "action": { "verb": "approve", "data": { "button": "b" } } },
        });
        *activity.pointer_mut(pointer).unwrap() = value;
        Activity::read(&activity).once
    };
    let first = once("/timestamp", Value::Null).expect("it has an id");
    assert_eq!(once("/from/name", "Robert".into()).as_ref(), Some(&first));
    assert_eq!(once("/id", Value::Null), None);
    for (pointer, value) in [
        ("/id", "f:2"),
        ("/replyToId", "8"),
        ("/conversation/id", "19:b"),
        ("/conversation/tenantId", "u"),
        ("/from/id", "29:1carol"),
        ("/from/aadObjectId", "3"),
        ("/value/action/verb", "deny"),
        ("/value/action/data/button", "c"),
    ] {
        assert_ne!(once(pointer, value.into()).as_ref(), Some(&first), "{pointer}");
    }
}

#[test]
fn every_recorded_answer_of_the_connector_is_understood() {
    let Some(folder) = vectors("every_recorded_answer_of_the_connector_is_understood") else {
        return;
    };
    let text = fs::read_to_string(folder.join("connector.member.json")).unwrap();
    let member: Value = serde_json::from_str(&text).unwrap();
    let member: crate::connector::Member =
        serde_json::from_value(member["response"]["body"].clone()).unwrap();
    assert_eq!(member.aad_object_id.as_deref(), Some("22222222-0000-4000-8000-000000000003"));
    assert!(member.user_principal_name.unwrap().contains("#EXT#"));
}

#[test]
fn nonsense_is_ignored_or_malformed_and_never_a_panic() {
    for text in [
        "null",
        "7",
        "[]",
        r#"{"type":7}"#,
        r#"{"type":"message"}"#,
        r#"{"type":"message","text":"","value":{"verb":"approve"}}"#,
        r#"{"type":"message","value":"x"}"#,
        r#"{"type":"invoke"}"#,
        r#"{"type":"invoke","name":"adaptiveCard/action","value":{"action":{}}}"#,
        r#"{"type":"installationUpdate"}"#,
        r#"{"type":"conversationUpdate","membersAdded":7}"#,
        r#"{"type":"conversationUpdate","membersRemoved":[{"id":"x"}]}"#,
    ] {
        let activity = Activity::read(&serde_json::from_str(text).unwrap());
        assert!(activity.claim.tenants.is_empty(), "{text}");
    }
}

#[test]
fn a_team_is_left_with_its_bot() {
    let left = r#"{"type":"conversationUpdate","recipient":{"id":"28:a"},
        "membersRemoved":[{"id":"28:a"}]}"#;
    let other = left.replacen("28:a", "28:b", 1);
    let read = |text: &str| Activity::read(&serde_json::from_str(text).unwrap()).what;
    assert_eq!(read(left), What::Removed);
    assert_eq!(read(&other), What::Ignored("members"));
}

#[test]
fn mentions_are_no_words() {
    for (said, words) in [
        ("<at>Countersign</at> why arq_1", "why arq_1"),
        ("  <at id=\"0\">A</at>\n<at>B</at>  link ", "link"),
        ("waiting", "waiting"),
        ("<at>open", ""),
    ] {
        assert_eq!(without_mentions(said), words, "{said}");
    }
}

#[test]
fn an_answer_belongs_to_its_own_form() {
    let data = r#"{"approve-number":"1","approve_less-number":"2","number":"3","verb":"approve"}"#;
    let data: Value = serde_json::from_str(data).unwrap();
    for (verb, number) in [(Verb::Approve, Some("1")), (Verb::ApproveLess, Some("2"))] {
        let pressed = pressed(verb, Way::Execute, Some(&data));
        assert_eq!(pressed.number().as_deref(), number, "{verb:?}");
    }
}
