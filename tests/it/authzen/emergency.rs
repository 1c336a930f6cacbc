//! An emergency is a wish: what comes of it, the policy says.

use countersign::{domain::id::RequestId, law::Sources, store::entries::story};
use countersign_port::card::Verb;
use countersign_sandbox::demo;
use serde_json::{Value, json};

use super::pep::{By, call, evaluate, follow, request_of, submit, with, write_orders};
use crate::office::{Answer, Office, Site, answer, sources, tell, tell_in};

/// Nobody has thought of emergencies.
fn no_break_glass() -> Sources {
    let (before, rest) = demo::POLICY.split_once("  - name: break-glass").unwrap();
    let (_, after) = rest.split_once("  - name: reads for trusted").unwrap();
    sources(&format!("{before}  - name: reads for trusted{after}"), demo::CATALOGUE, demo::PEOPLE)
}

fn by(who: &str) -> Value {
    with(&write_orders(), "/subject/id", json!(who))
}

fn urgent(body: &Value) -> Value {
    with(body, "/requested_access", json!({ "emergency": true }))
}

async fn preview(office: &Office, body: &Value) -> Value {
    let path = "/access/v1/requests?dry_run=true";
    let preview = answer(call(office, By::Gate, path).json(body)).await;
    assert_eq!(preview.status, 200, "{}", preview.body);
    preview.body
}

/// Whoever asks in an emergency is asked about as always.
async fn asked_as_always(office: &Office, who: &str) {
    let denial = evaluate(office, By::Gate, &by(who)).await;
    let body = request_of(&by(who), &denial);
    assert_eq!(preview(office, &urgent(&body)).await, preview(office, &body).await);
    let asked = submit(office, By::Gate, &urgent(&body)).await;
    assert_eq!(asked.body["task"]["progress"], json!({ "current_step": 1, "total_steps": 2 }));
    office.settle().await;
    assert!(office.sandbox.messages("incident").is_empty());
    for (who, channel) in
        [("erin", "shop-approvals"), ("farid", "shop-approvals"), ("sam", "security")]
    {
        office.press(who, channel, Verb::Approve).await.unwrap();
        office.settle().await;
    }
    assert_eq!(ended(office, &asked).await, "approved");
    assert!(log(office, &asked).await.iter().all(|kind| !kind.starts_with("review")));
}

async fn ended(office: &Office, asked: &Answer) -> String {
    let id = asked.body["task"]["id"].as_str().unwrap();
    let task = follow(office, By::Gate, id).await;
    task.body["task"]["status"].as_str().unwrap().to_owned()
}

async fn log(office: &Office, asked: &Answer) -> Vec<String> {
    let id: RequestId = asked.body["task"]["id"].as_str().unwrap().parse().unwrap();
    let mut connection = office.store().read.acquire().await.unwrap();
    let entries = story(&mut connection, &id, 0).await.unwrap();
    entries.iter().map(|(leaf, _)| leaf.kind.as_str().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_of_somebody_whom_no_rule_is_for_changes_nothing() {
    tell(|office| async move {
        asked_as_always(&office, "dana").await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_changes_nothing_where_no_rule_speaks_of_it() {
    tell_in(&Site { sources: no_break_glass, ..Site::default() }, |office| async move {
        asked_as_always(&office, "olu").await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_takes_the_rule_that_is_for_it_and_is_reviewed() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &by("olu")).await;
        let asked = submit(&office, By::Gate, &urgent(&request_of(&by("olu"), &denial))).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        office.settle().await;
        assert!(office.sandbox.messages("shop-approvals").is_empty());
        office.press("sam", "incident", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(ended(&office, &asked).await, "approved");
        assert!(log(&office, &asked).await.contains(&"review_opened".to_owned()));
        let owed = office.sandbox.messages("shop-approvals").len();
        assert_eq!(owed, 1, "the leads are asked whether it was justified");
        // Not in an emergency, the same person asks as everybody does.
        let denial = evaluate(&office, By::Gate, &by("olu")).await;
        submit(&office, By::Gate, &request_of(&by("olu"), &denial)).await;
        office.settle().await;
        assert_eq!(office.sandbox.messages("shop-approvals").len(), owed + 1);
        assert_eq!(office.sandbox.messages("incident").len(), 1, "the first alone");
        office
    })
    .await;
}
