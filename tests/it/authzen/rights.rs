//! What a client may do with what it asked: each thing is a right of its own.

use countersign_port::card::Verb;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::pep::{
    By, YES, asked, call, evaluate, evaluate_all, follow, pay, problem, read_reports, request_of,
    submit, verdict, with,
};
use crate::office::{Answer, Office, answer, tell, write_prod};

const SAME_KEY: &str = "api_keys: [{ env: OTHER_GATE_KEY }]";
const READS: &str = "api_keys: [{ env: OTHER_GATE_KEY }], may: [read]";
const EVALUATES: &str = "api_keys: [{ env: OTHER_GATE_KEY }], may: [evaluate]";
const ASKS: &str = "api_keys: [{ env: OTHER_GATE_KEY }], may: [evaluate, request]";
const WITHDRAWS: &str = "api_keys: [{ env: OTHER_GATE_KEY }], may: [cancel]";
const NEW_KEY: &str = "api_keys: [{ env: NEW_GATE_KEY }]";

const DEPUTY: &str = "api_keys: [{ env: OTHER_GATE_KEY }], \
    deputies: [{ may: [read], api_keys: [{ env: NEW_GATE_KEY }] }]";

async fn cancel(office: &Office, by: By, id: &str) -> Answer {
    answer(call(office, by, &format!("/access/v1/requests/{id}/cancel"))).await
}

async fn claim(office: &Office, id: &str) -> Answer {
    answer(call(office, By::OtherGate, &format!("/access/v1/requests/{id}/credential"))).await
}

/// Asks for two payments, of which finance has approved the second.
async fn one_open_one_approved(office: &Office) -> [String; 2] {
    let other = with(&pay(), "/resource/id", json!("acc-7"));
    let mut ids = Vec::new();
    for question in [&pay(), &other] {
        let asked = asked(office, By::OtherGate, question).await;
        assert!(asked.body["task"]["links"]["cancel"].is_string(), "{}", asked.body);
        ids.push(asked.body["task"]["id"].as_str().unwrap().to_owned());
        office.settle().await;
    }
    office.press("fay", "payments", Verb::Approve).await.unwrap();
    ids.try_into().unwrap()
}

/// It is refused for want of a right, and says which.
#[track_caller]
fn lacks(right: &str, answer: &Answer) {
    assert_eq!(problem(answer), (403, "forbidden"), "{right}");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("`other-gate` has not the right `{right}`")), "{detail}");
}

async fn status(office: &Office, by: By, id: &str) -> Value {
    let task = follow(office, by, id).await;
    assert_eq!(task.status, 200, "{}", task.body);
    task.body["task"]["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_can_neither_withdraw_nor_ask_nor_have_what_was_granted() {
    tell(|office| async move {
        let denial = evaluate(&office, By::OtherGate, &pay()).await;
        let [open, granted] = one_open_one_approved(&office).await;
        let office = office.restart_with("", READS).await;
        let pending = follow(&office, By::OtherGate, &open).await;
        assert_eq!(pending.body["task"]["status"], "pending");
        assert!(pending.body["task"].get("links").is_none(), "{}", pending.body);
        let approved = follow(&office, By::OtherGate, &granted).await;
        assert_eq!(approved.body["task"]["status"], "approved");
        assert!(approved.body.get("result").is_none(), "{}", approved.body);
        // Whatever the id is: who lacks the right learns nothing of it.
        for id in [&open, &granted, &format!("arq_{}", "0".repeat(36)), "x"] {
            lacks("cancel", &cancel(&office, By::OtherGate, id).await);
            lacks("result", &claim(&office, id).await);
        }
        for body in [request_of(&pay(), &denial), json!("no request at all")] {
            lacks("request", &submit(&office, By::OtherGate, &body).await);
        }
        lacks("evaluate", &evaluate(&office, By::OtherGate, &pay()).await);
        let questions = json!({ "evaluations": [pay()] });
        lacks("evaluate", &evaluate_all(&office, By::OtherGate, &questions).await);
        for path in ["introspect", "revoke"] {
            let path = format!("/access/v1/credentials/{path}");
            let call = call(&office, By::OtherGate, &path).form(&[("token", "x")]);
            lacks("result", &answer(call).await);
        }
        assert_eq!(status(&office, By::OtherGate, &open).await, "pending");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_may_not_therefore_follow_or_withdraw() {
    tell(|office| async move {
        let office = office.restart_with("", ASKS).await;
        let denial = evaluate(&office, By::OtherGate, &pay()).await;
        let call = call(&office, By::OtherGate, "/access/v1/requests").header("prefer", "wait=60");
        let asked = answer(call.json(&request_of(&pay(), &denial))).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        assert!(asked.body["task"].get("links").is_none(), "{}", asked.body);
        let id = asked.body["task"]["id"].as_str().unwrap();
        lacks("read", &follow(&office, By::OtherGate, id).await);
        lacks("cancel", &cancel(&office, By::OtherGate, id).await);
        lacks("result", &claim(&office, id).await);
        office.settle().await;
        let office = office.restart_with("", WITHDRAWS).await;
        lacks("read", &follow(&office, By::OtherGate, id).await);
        let done = cancel(&office, By::OtherGate, id).await;
        assert_eq!((done.status, &done.body["task"]["status"]), (200, &json!("cancelled")));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_offered_no_way_to_ask() {
    tell(|office| async move {
        let office = office.restart_with("", EVALUATES).await;
        let no = evaluate(&office, By::OtherGate, &pay()).await;
        assert_eq!(verdict(&no), (false, "approval_required", "none", false));
        assert_eq!(verdict(&evaluate(&office, By::OtherGate, &read_reports()).await), YES);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_have_the_result_has_not_taken_it_up() {
    tell(|office| async move {
        let [_, granted] = one_open_one_approved(&office).await;
        let office = office.restart_with("", READS).await;
        assert_eq!(status(&office, By::OtherGate, &granted).await, "approved");
        let office = office.restart_with("", SAME_KEY).await;
        let ten_minutes = SignedDuration::from_mins(10);
        office.advance(ten_minutes).await;
        let over = follow(&office, By::OtherGate, &granted).await;
        assert_eq!(over.body["result"]["urn:countersign:grant"]["status"], "lapsed");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_of_the_same_client_works_on_its_tasks() {
    tell(|office| async move {
        let [open, granted] = one_open_one_approved(&office).await;
        let office = office.restart_with("", NEW_KEY).await;
        assert_eq!(follow(&office, By::OtherGate, &open).await.status, 401, "the old key is out");
        assert_eq!(status(&office, By::OtherGateAnew, &open).await, "pending");
        let task = follow(&office, By::OtherGateAnew, &granted).await;
        let other = with(&pay(), "/resource/id", json!("acc-7"));
        let question = with(&other, "/context/approval", task.body["result"]["approval"].clone());
        assert_eq!(verdict(&evaluate(&office, By::OtherGateAnew, &question).await), YES);
        let done = cancel(&office, By::OtherGateAnew, &open).await;
        assert_eq!((done.status, &done.body["task"]["status"]), (200, &json!("cancelled")));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_direct_mode_the_same_rights_hold() {
    tell(|office| async move {
        let asked = office.ask(&write_prod()).await;
        let id = asked.body["task"]["id"].as_str().unwrap();
        assert!(asked.body["task"]["links"]["cancel"].is_string());
        office.settle().await;
        let office = office.restart_with("\n    may: [read, result]", SAME_KEY).await;
        let task = office.get(id).await;
        assert_eq!(task.body["task"]["status"], "pending");
        assert!(task.body["task"].get("links").is_none(), "{}", task.body);
        for refused in [office.cancel(id, &json!({})).await, office.ask(&write_prod()).await] {
            assert_eq!(problem(&refused), (403, "forbidden"));
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_follows_what_the_client_asked_and_does_no_more() {
    tell(|office| async move {
        let office = office.restart_with("", DEPUTY).await;
        let [open, granted] = one_open_one_approved(&office).await;
        let pending = follow(&office, By::OtherGateAnew, &open).await;
        assert_eq!(pending.body["task"]["status"], "pending");
        assert!(pending.body["task"].get("links").is_none(), "{}", pending.body);
        let approved = follow(&office, By::OtherGateAnew, &granted).await;
        assert_eq!(approved.body["task"]["status"], "approved");
        assert!(approved.body.get("result").is_none(), "{}", approved.body);
        lacks("cancel", &cancel(&office, By::OtherGateAnew, &open).await);
        lacks("evaluate", &evaluate(&office, By::OtherGateAnew, &pay()).await);
        let elsewhere = asked(&office, By::Gate, &pay()).await;
        let foreign = elsewhere.body["task"]["id"].as_str().unwrap();
        let unknown = follow(&office, By::OtherGateAnew, foreign).await;
        assert_eq!(problem(&unknown), (404, "unknown_task"));
        // The client itself may all of it.
        let own = follow(&office, By::OtherGate, &granted).await;
        assert_eq!(own.body["result"]["mode"], "reevaluate");
        assert_eq!(cancel(&office, By::OtherGate, &open).await.status, 200);
        office.settle().await;
        office
    })
    .await;
}
