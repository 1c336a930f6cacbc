//! What people granted is evaluated again, with the approval: and is yes for exactly that.

use countersign_port::card::Verb;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::pep::{
    By, YES, asked, evaluate, follow, pay, problem, request_of, submit, verdict, with, write_orders,
};
use crate::{
    credential::revoke::revoke,
    office::{Answer, Office, tell},
};

const UNVERIFIABLE: (bool, &str, &str, bool) = (false, "approval_unverifiable", "none", false);
const OUT_OF_SCOPE: (bool, &str, &str, bool) = (false, "out_of_scope", "request", true);
const EXPIRED: (bool, &str, &str, bool) = (false, "approval_expired", "request", true);

/// Finance approves a payment; the task as it is then.
async fn paid(office: &Office) -> Answer {
    let asked = asked(office, By::Gate, &pay()).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    office.settle().await;
    office.press("fay", "payments", Verb::Approve).await.unwrap();
    let id = asked.body["task"]["id"].as_str().unwrap();
    follow(office, By::Gate, id).await
}

fn approval(task: &Answer) -> Value {
    assert_eq!(task.body["task"]["status"], "approved", "{}", task.body);
    task.body["result"]["approval"].clone()
}

fn with_approval(question: &Value, approval: Value) -> Value {
    with(question, "/context/approval", approval)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_is_yes_as_often_as_it_is_evaluated() {
    tell(|office| async move {
        let task = paid(&office).await;
        assert_eq!(task.body["result"]["mode"], "reevaluate");
        let approval = approval(&task);
        let names: Vec<&String> = approval.as_object().unwrap().keys().collect();
        assert_eq!(names, ["approved_at", "approved_until", "id", "state"]);
        let question = with_approval(&pay(), approval.clone());
        for _ in 0..50 {
            let answer = evaluate(&office, By::Gate, &question).await;
            assert_eq!(verdict(&answer), YES);
            let expected =
                json!({ "id": approval["id"], "approved_until": approval["approved_until"] });
            assert_eq!(answer.body["context"]["approval"], expected);
        }
        let bare = with_approval(&pay(), json!({ "id": approval["id"] }));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &bare).await), YES);
        assert_eq!(verdict(&evaluate(&office, By::Gate, &pay()).await).1, "approval_required");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_no_right_of_whoever_holds_it() {
    tell(|office| async move {
        let (one, other) = (approval(&paid(&office).await), approval(&paid(&office).await));
        let invented = json!({ "id": "apr_00000000000000000000000000" });
        let question = with_approval(&pay(), one.clone());
        let foreign = evaluate(&office, By::OtherGate, &question).await;
        let unknown =
            evaluate(&office, By::OtherGate, &with_approval(&pay(), invented.clone())).await;
        assert_eq!(verdict(&foreign), UNVERIFIABLE);
        assert_eq!(foreign.body, unknown.body, "nothing tells them apart");
        let swapped = json!({ "id": one["id"], "state": other["state"] });
        let garbled = json!({ "id": one["id"], "state": "eyJ.eyJ.x" });
        let task = paid(&office).await;
        let proof = task.body["result"]["urn:countersign:grant"]["proof"].clone();
        let for_the_client = json!({ "id": approval(&task)["id"], "state": proof });
        for bad in [
            invented,
            swapped,
            garbled,
            for_the_client,
            json!({}),
            json!("text"),
            json!({ "id": 7 }),
        ] {
            let answer = evaluate(&office, By::Gate, &with_approval(&pay(), bad.clone())).await;
            assert_eq!(verdict(&answer), UNVERIFIABLE, "{bad}");
        }
        for (path, value) in [
            ("/subject/id", json!("erin")),
            ("/subject/type", json!("service")),
            ("/subject/properties", json!({ "act": { "sub": "bot" } })),
        ] {
            let answer = evaluate(&office, By::Gate, &with(&question, path, value)).await;
            assert_eq!(verdict(&answer), UNVERIFIABLE, "{path}");
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_else_is_out_of_its_scope_and_can_be_asked_for() {
    tell(|office| async move {
        let question = with_approval(&pay(), approval(&paid(&office).await));
        for (path, value) in [
            ("/resource/id", json!("acc-9")),
            ("/resource/properties", json!({ "a": 1 })),
            ("/action/properties", json!({ "fast": true })),
            ("/context/parameters/amount", json!("100.0")),
            ("/context/environment", json!("prod")),
            ("/context/scope", json!("report:read")),
        ] {
            let answer = evaluate(&office, By::Gate, &with(&question, path, value)).await;
            assert_eq!(verdict(&answer), OUT_OF_SCOPE, "{path}");
        }
        // What comes with it binds the next request.
        let dearer = with(&question, "/context/parameters/amount", json!("200.00"));
        let denial = evaluate(&office, By::Gate, &dearer).await;
        assert_eq!(submit(&office, By::Gate, &request_of(&dearer, &denial)).await.status, 202);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_granted_less_has_less_evaluated() {
    tell(|office| async move {
        let both = with(&write_orders(), "/context/scope", json!("prod:orders:write report:read"));
        let denial = evaluate(&office, By::Gate, &both).await;
        let less = json!({ "urn:countersign:oauth": { "scope": "prod:orders:write" } });
        let body = with(&request_of(&both, &denial), "/requested_access", less);
        let asked = submit(&office, By::Gate, &body).await;
        office.settle().await;
        for (who, channel) in
            [("erin", "shop-approvals"), ("farid", "shop-approvals"), ("sam", "security")]
        {
            office.press(who, channel, Verb::Approve).await.unwrap();
            office.settle().await;
        }
        let task = follow(&office, By::Gate, asked.body["task"]["id"].as_str().unwrap()).await;
        assert_eq!(task.body["result"]["urn:countersign:grant"]["scope"], "prod:orders:write");
        let approval = approval(&task);
        let original = evaluate(&office, By::Gate, &with_approval(&both, approval.clone())).await;
        assert_eq!(verdict(&original), OUT_OF_SCOPE);
        let granted = with_approval(&write_orders(), approval);
        assert_eq!(verdict(&evaluate(&office, By::Gate, &granted).await), YES);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_end_is_the_one_that_was_written_down() {
    tell(|office| async move {
        let mut approval = approval(&paid(&office).await);
        let until: jiff::Timestamp = approval["approved_until"].as_str().unwrap().parse().unwrap();
        approval["approved_until"] = json!("2099-01-01T00:00:00Z");
        let question = with_approval(&pay(), approval);
        let left = until.duration_since(office.clock.now());
        office.advance(left - SignedDuration::from_secs(1)).await;
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), YES);
        office.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), EXPIRED);
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_can_be_read_for_a_day_and_is_nobody_elses() {
    tell(|office| async move {
        let task = paid(&office).await;
        let id = task.body["task"]["id"].as_str().unwrap();
        let stranger = follow(&office, By::OtherGate, id).await;
        let unknown = follow(&office, By::OtherGate, "arq_00000000000000000000000000").await;
        assert_eq!(problem(&stranger), (404, "unknown_task"));
        assert_eq!(stranger.body["detail"], unknown.body["detail"]);
        let end: jiff::Timestamp =
            task.body["task"]["expires_at"].as_str().unwrap().parse().unwrap();
        let left = end.duration_since(office.clock.now());
        assert!(left >= SignedDuration::from_hours(23), "{left}");
        office.advance(left - SignedDuration::from_secs(1)).await;
        assert_eq!(follow(&office, By::Gate, id).await.status, 200);
        office.advance(SignedDuration::from_secs(1)).await;
        assert_eq!(problem(&follow(&office, By::Gate, id).await), (410, "task_expired"));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_in_the_words_of_the_profile_and_nothing_after_it() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &pay()).await;
        let callback = json!({ "endpoint": office.receiver.endpoint, "state": "s-81", "events": ["approved", "future"] });
        let body = with(&request_of(&pay(), &denial), "/callback", callback);
        let asked = submit(&office, By::Gate, &body).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        office.settle().await;
        let told = office.receiver.read();
        let [told] = told.as_slice() else { panic!("one event: {told:?}") };
        let names: Vec<&String> = told.event.as_object().unwrap().keys().collect();
        assert_eq!(names, ["result", "state", "task"]);
        assert_eq!(told.event["state"], "s-81");
        let task = follow(&office, By::Gate, asked.body["task"]["id"].as_str().unwrap()).await;
        assert_eq!(told.event["task"], task.body["task"]);
        assert_eq!(told.event["result"]["approval"]["id"], task.body["result"]["approval"]["id"]);
        office.advance(SignedDuration::from_hours(9)).await;
        assert!(office.receiver.read().is_empty(), "that it lapsed is nothing that the profile tells");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_can_be_withdrawn_while_it_is_pending() {
    tell(|office| async move {
        let asked = asked(&office, By::Gate, &pay()).await;
        let id = asked.body["task"]["id"].as_str().unwrap();
        let path = format!("/access/v1/requests/{id}/cancel");
        let cancel = async |by| crate::office::answer(super::pep::call(&office, by, &path)).await;
        assert_eq!(problem(&cancel(By::OtherGate).await), (404, "unknown_task"));
        let done = cancel(By::Gate).await;
        assert_eq!((done.status, &done.body["task"]["status"]), (200, &json!("cancelled")));
        assert!(done.body["task"].get("links").is_none());
        assert_eq!(problem(&cancel(By::Gate).await), (409, "invalid_task_state"));
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_bundle_each_thing_has_its_own_denial_and_its_own_approval() {
    tell(|office| async move {
        let (one, two) = (pay(), with(&pay(), "/resource/id", json!("acc-7")));
        let item = async |question: &Value| {
            let denial = evaluate(&office, By::Gate, question).await;
            json!({
                "resource": question["resource"], "action": question["action"],
                "denial": super::pep::denial_of(&denial),
            })
        };
        let items = [item(&one).await, item(&two).await];
        let bundle = |items: &[&Value]| {
            json!({
                "subject": one["subject"], "context": one["context"], "items": items,
            })
        };
        let mut crossed = [items[0].clone(), items[1].clone()];
        crossed[0]["denial"] = items[1]["denial"].clone();
        crossed[1]["denial"] = items[0]["denial"].clone();
        let wrong = submit(&office, By::Gate, &bundle(&[&crossed[0], &crossed[1]])).await;
        assert_eq!(problem(&wrong), (400, "invalid_denial_binding"));
        let asked = submit(&office, By::Gate, &bundle(&[&items[0], &items[1]])).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        office.settle().await;
        let newest = office.newest("payments");
        let second = newest.actions.iter().any(|action| action.verb == Verb::Approve);
        assert!(second);
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let id = asked.body["task"]["id"].as_str().unwrap();
        let half = follow(&office, By::Gate, id).await;
        assert_eq!(half.body["task"]["status"], "pending");
        let path = format!("/access/v1/requests/{id}/cancel");
        let done = crate::office::answer(super::pep::call(&office, By::Gate, &path)).await;
        assert_eq!(done.body["task"]["status"], "partial", "{}", done.body);
        assert!(done.body.get("result").is_none());
        let parts = done.body["task"]["items"].as_array().unwrap();
        let granted = parts.iter().position(|part| part["status"] == "approved").unwrap();
        assert_eq!(parts[1 - granted]["status"], "cancelled");
        assert_eq!(parts[granted]["resource"], items[granted]["resource"]);
        let approval = parts[granted]["result"]["approval"].clone();
        let questions = [&one, &two];
        let right = with_approval(questions[granted], approval.clone());
        assert_eq!(verdict(&evaluate(&office, By::Gate, &right).await), YES);
        let crossed = with_approval(questions[1 - granted], approval.clone());
        assert_eq!(verdict(&evaluate(&office, By::Gate, &crossed).await), OUT_OF_SCOPE);
        let whole = approval["id"].as_str().unwrap().split_once('.').unwrap().0.to_owned();
        let whole = with_approval(questions[granted], json!({ "id": whole }));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &whole).await), UNVERIFIABLE);
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_took_back_is_no_and_can_be_asked_for_again() {
    tell(|office| async move {
        let task = paid(&office).await;
        let question = with_approval(&pay(), approval(&task));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), YES);
        let id = task.body["task"]["id"].as_str().unwrap();
        assert_eq!(revoke(&office, id, &[]).await.code, Some(0));
        let no = evaluate(&office, By::Gate, &question).await;
        assert_eq!(verdict(&no), EXPIRED);
        let followed = follow(&office, By::Gate, id).await;
        assert_eq!(followed.body["task"]["status"], "approved", "its status stays");
        let result = &followed.body["result"];
        assert_eq!(result["urn:countersign:grant"]["status"], "revoked");
        assert!(result["approval"].get("state").is_none(), "nothing proves it any more");
        assert_eq!(submit(&office, By::Gate, &request_of(&pay(), &no)).await.status, 202);
        office
    })
    .await;
}
