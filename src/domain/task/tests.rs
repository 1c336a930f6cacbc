//! What a client is told of its request, from the first answer to the last.

use countersign_port::access::{Choice, DenyReason};
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    access::{Act, cancel::Cancel},
    fixture::{CLIENT, House, ask, at, plan, request},
    id::{ClientId, RequestId},
    plan::Plan,
};

const URL: &str = "https://countersign.example";

fn told(house: &House, id: &RequestId) -> Value {
    serde_json::to_value(task(house.view(id), URL, house.now)).unwrap()
}

fn two_then_one() -> Plan {
    plan([vec![ask("shop", 2)], vec![ask("security", 1)]])
}

fn one() -> Plan {
    plan([vec![ask("shop", 1)]])
}

fn less(scopes: &[usize]) -> Choice {
    Choice::ApproveLess { scopes: scopes.to_vec(), valid_for_seconds: Some(60) }
}

#[test]
fn a_pending_task_says_how_far_it_is_and_how_to_withdraw_it() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![two_then_one()]);
    let place = format!("{URL}/access/v1/requests/{id}");
    let first = told(&house, &id);
    assert_eq!(first["task"]["status"], "pending");
    assert_eq!(first["task"]["status_endpoint"], place);
    assert_eq!(first["task"]["links"], json!({ "cancel": format!("{place}/cancel") }));
    assert_eq!(first["task"]["expires_at"], "2026-11-22T12:30:00Z");
    assert_eq!(first["task"]["display"]["description"], "Needs 2 from shop, then 1 from security.");
    let progress = |step: usize, name: &str, approvals: u32, needed: u32| {
        json!({
            "current_step": step, "total_steps": 2, "step_name": name,
            "approvals": approvals, "needed": needed,
        })
    };
    assert_eq!(first["task"]["progress"], progress(1, "shop", 0, 2));
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    assert_eq!(told(&house, &id)["task"]["progress"], progress(1, "shop", 1, 2));
    house.click(&id, "farid", "shop", Choice::Approve).unwrap();
    assert_eq!(told(&house, &id)["task"]["progress"], progress(2, "security", 0, 1));
    assert_eq!(told(&house, &id)["task"]["version"], 3);
}

#[test]
fn what_has_ended_has_no_progress_and_cannot_be_withdrawn() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![one()]);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    let task = told(&house, &id);
    assert_eq!(task["task"]["status"], "approved");
    for member in ["progress", "links", "reason", "items"] {
        assert!(task["task"].get(member).is_none(), "{member}");
    }
    let result = &task["result"];
    assert_eq!(result["mode"], GRANT_MODE);
    assert_eq!(result["granted_scope"], "a b c");
    assert_eq!(result["approval"]["status"], "live");
    assert_eq!(result["approval"]["use_by"], "2026-11-22T12:10:00Z");
    assert_eq!(result["approval"]["approved_until"], "2026-11-22T13:00:00Z");
}

#[test]
fn what_was_granted_is_part_of_what_was_asked_in_the_same_order() {
    for (parts, scope, details) in [
        (vec![2, 0], "a c", json!([])),
        (vec![3], "", json!([{ "type": "payment", "n": 1 }])),
        (vec![1, 3], "b", json!([{ "type": "payment", "n": 1 }])),
    ] {
        let mut house = House::new();
        let mut asked = request(1, 1);
        let detail = json!({ "type": "payment", "n": 1 });
        asked.items[0].requested.authorization_details = vec![detail.as_object().unwrap().clone()];
        let id = house.open(asked, vec![one()]);
        house.click(&id, "erin", "shop", less(&parts)).unwrap();
        let result = told(&house, &id)["result"].clone();
        assert_eq!(result["granted_scope"], scope);
        assert_eq!(result["authorization_details"], details);
        assert_eq!(result["approval"]["approved_until"], "2026-11-22T12:01:00Z");
    }
}

#[test]
fn a_no_says_why() {
    let reasons = [
        (DenyReason::NotNeededNow, "not_needed_now"),
        (DenyReason::TooBroad, "too_broad"),
        (DenyReason::NotRecognised, "not_recognised"),
        (DenyReason::Other, "other"),
    ];
    for (reason, code) in reasons {
        let mut house = House::new();
        let id = house.open(request(1, 1), vec![one()]);
        house.click(&id, "erin", "shop", Choice::Deny { reason }).unwrap();
        let task = told(&house, &id);
        assert_eq!(task["task"]["reason"], json!({ "code": code }));
        assert!(task.get("result").is_none());
    }
}

#[test]
fn other_ends_say_why_where_somebody_knows() {
    let mut house = House::new();
    let withdrawn = house.open(request(1, 1), vec![one()]);
    let reason = Some("found another way".to_owned());
    let cancel = Cancel { request: withdrawn.clone(), client: ClientId::from(CLIENT), reason };
    house.act(Act::Cancel(cancel)).unwrap();
    assert_eq!(
        told(&house, &withdrawn)["task"]["reason"],
        json!({ "code": "withdrawn", "comment": "found another way" })
    );
    let silent = house.open(request(2, 1), vec![one()]);
    let unseen = house.open(request(3, 1), vec![one()]);
    house.posted(&silent);
    house.now = at(30);
    house.tick(&silent);
    house.tick(&unseen);
    assert!(told(&house, &silent)["task"].get("reason").is_none());
    assert_eq!(told(&house, &unseen)["task"]["reason"]["code"], "unreachable");
}

#[test]
fn a_bundle_has_the_status_and_the_grant_of_each_item() {
    let mut house = House::new();
    let id = house.open(request(1, 3), vec![one(), one(), one()]);
    house.posted(&id);
    house.click_item(&id, 0, "erin", "shop", less(&[1])).unwrap();
    assert_eq!(told(&house, &id)["task"]["items"], json!(["approved", "pending", "pending"]));
    assert!(told(&house, &id).get("result").is_none(), "nothing is granted before all have ended");
    let no = Choice::Deny { reason: DenyReason::TooBroad };
    house.click_item(&id, 1, "erin", "shop", no).unwrap();
    house.now = at(30);
    house.tick(&id);
    let task = told(&house, &id);
    assert_eq!(task["task"]["status"], "partial");
    assert_eq!(task["task"]["items"], json!(["approved", "denied", "expired"]));
    assert_eq!(task["task"]["reason"]["code"], "too_broad");
    assert_eq!(task["result"]["granted_scope"], "b");
    assert_eq!(
        task["result"]["items"],
        json!([{ "granted_scope": "b", "authorization_details": [] }, null, null])
    );
}

#[test]
fn the_number_is_shown_while_somebody_may_have_to_type_it() {
    let mut house = House::new();
    let guarded = Plan { number_check: NumberCheck::Required, ..one() };
    let id = house.open(request(1, 1), vec![guarded]);
    let number = told(&house, &id)["task"]["display"]["number"].as_u64().unwrap();
    assert!((10..100).contains(&number), "{number}");
    house.click(&id, "erin", "shop", Choice::Deny { reason: DenyReason::Other }).unwrap();
    assert!(told(&house, &id)["task"]["display"].get("number").is_none());
    let plain = house.open(request(2, 1), vec![one()]);
    assert!(told(&house, &plain)["task"]["display"].get("number").is_none());
}
