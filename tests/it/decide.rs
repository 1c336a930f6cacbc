//! People decide: from the request to the callback.

use countersign_port::{
    access::{DenyReason, RefusalKind},
    card::{Face, Verb},
};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::json;

use crate::office::{Office, tell};

fn write_prod(office: &Office) -> serde_json::Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop-admin", "name": "Shop Admin" },
        "requested_access": { "scope": "prod:orders:write" },
        "context": { "justification": "Fix the duplicates of this morning" },
        "callback": { "endpoint": office.receiver.endpoint, "state": "st-1" },
    })
}

async fn ask(office: &Office) -> String {
    let answer = office.ask(&write_prod(office)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    office.settle().await;
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_leads_then_security_approve_and_the_callback_says_so() {
    tell(|office| async move {
        let id = ask(&office).await;
        let own = office.press("dana", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(own.kind, RefusalKind::OwnRequest);
        assert_eq!(
            own.sentence,
            "You asked for this, so you can't approve it. Erin Doyle or Farid Aziz can."
        );
        let card = office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        assert_eq!(card.face, Face::Partial);
        assert_eq!(
            card.title.plain(),
            "1 of 3 approved: Shop Admin wants to change live orders in production"
        );
        let again = office.press("erin", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(again.sentence, "You already approved at 12:00 UTC; each person counts once.");
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        let stranger = office.press("gus", "security", Verb::Approve).await.unwrap_err();
        assert_eq!(stranger.sentence, "You're not in security. Sam Okoro can decide.");
        let card = office.press("sam", "security", Verb::Approve).await.unwrap();
        assert_eq!(card.face, Face::Approved);
        office.settle().await;
        let delivered = office.receiver.read();
        assert_eq!(delivered.len(), 1);
        let event = &delivered[0].event;
        assert_eq!(event["type"], "access_request.approved");
        assert_eq!(event["state"], "st-1");
        assert_eq!(event["sequence"], 1);
        assert_eq!(event["result"]["granted_scope"], "prod:orders:write");
        let task = office.get(&id).await;
        assert_eq!(task.body["task"]["status"], "approved");
        assert_eq!(task.body["result"]["approval"]["status"], "live");
        let shown = office.newest("shop-approvals");
        let told = shown.progress.iter().map(|line| line.line.plain()).next_back().unwrap();
        assert_eq!(told, "Shop Admin told 12:00 UTC");
        assert!(shown.actions.is_empty());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_no_ends_it_and_the_callback_says_why() {
    tell(|office| async move {
        let id = ask(&office).await;
        let answers = Answers::deny(DenyReason::TooBroad, "ask for refunds only");
        let button = office.button("shop-approvals", Verb::Approve);
        let card = office.press_with("farid", "shop-approvals", Verb::Deny, answers).await.unwrap();
        assert_eq!(card.face, Face::Denied);
        let late = office.press_token("erin", &button).await.unwrap_err();
        assert_eq!(late.sentence, "This was denied at 12:00 UTC; nothing was granted.");
        office.settle().await;
        let delivered = office.receiver.read();
        assert_eq!(delivered[0].event["type"], "access_request.denied");
        assert_eq!(delivered[0].event["task"]["reason"]["code"], "too_broad");
        assert_eq!(delivered[0].event["task"]["reason"]["comment"], "ask for refunds only");
        let task = office.get(&id).await;
        assert_eq!(task.body["task"]["status"], "denied");
        assert!(task.body.get("result").is_none());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_expires_and_a_late_click_is_told() {
    tell(|office| async move {
        let id = ask(&office).await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        let button = office.button("shop-approvals", Verb::Approve);
        office.advance(SignedDuration::from_mins(30)).await;
        assert_eq!(office.newest("shop-approvals").face, Face::Expired);
        let late = office.press_token("farid", &button).await.unwrap_err();
        assert_eq!(late.kind, RefusalKind::Over);
        assert_eq!(
            late.sentence,
            "This expired at 12:30 UTC, nothing was granted. It can be asked for again."
        );
        assert_eq!(office.receiver.events(), ["access_request.expired"]);
        assert_eq!(office.get(&id).await.body["task"]["status"], "expired");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_is_exclusive_even_before_the_timer_ran() {
    tell(|office| async move {
        ask(&office).await;
        office.clock.advance(SignedDuration::from_mins(30));
        let late = office.press("erin", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(late.kind, RefusalKind::Over);
        office.settle().await;
        assert_eq!(office.receiver.events(), ["access_request.expired"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_escalates_to_another_channel() {
    tell(|office| async move {
        ask(&office).await;
        assert!(office.sandbox.messages("platform").is_empty());
        office.advance(SignedDuration::from_mins(10)).await;
        assert_eq!(office.sandbox.messages("platform").len(), 1);
        office.press("erin", "platform", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(office.newest("shop-approvals").face, Face::Partial);
        assert!(office.receiver.read().is_empty());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_nobody_takes_up_lapses() {
    tell(|office| async move {
        let id = ask(&office).await;
        // The server is down until after the approval has lapsed.
        office.receiver.answer(vec![(503, None); 3]);
        for (who, channel) in
            [("erin", "shop-approvals"), ("farid", "shop-approvals"), ("sam", "security")]
        {
            office.press(who, channel, Verb::Approve).await.unwrap();
            office.settle().await;
        }
        office.advance(SignedDuration::from_mins(11)).await;
        let task = office.get(&id).await;
        assert_eq!(task.body["task"]["status"], "approved");
        assert_eq!(task.body["result"]["approval"]["status"], "lapsed");
        for _ in 0..12 {
            office.advance(SignedDuration::from_mins(6)).await;
        }
        let delivered = office.receiver.read();
        let taken: Vec<_> = delivered.iter().filter(|delivery| delivery.status == 200).collect();
        let events: Vec<&str> =
            taken.iter().map(|delivery| delivery.event["type"].as_str().unwrap()).collect();
        assert_eq!(events, ["access_request.approved", "approval.lapsed"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_request_grants_nothing() {
    tell(|office| async move {
        let id = ask(&office).await;
        let answer = office.cancel(&id, &json!({ "reason": "changed my mind" })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        office.settle().await;
        assert_eq!(office.newest("shop-approvals").face, Face::Cancelled);
        assert_eq!(office.receiver.events(), ["access_request.cancelled"]);
        let again = office.cancel(&id, &json!({})).await;
        assert_eq!(again.status, 409);
        assert_eq!(again.problem(), "urn:openid:authzen:access-request:error:invalid_task_state");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_may_end_in_parts() {
    tell(|office| async move {
        let mut body = write_prod(&office);
        let item = |scope: &str| {
            json!({
                "action": { "name": "grant_scope" },
                "resource": { "type": "oauth_client", "id": "shop-admin" },
                "requested_access": { "scope": scope },
            })
        };
        body.as_object_mut().unwrap().remove("requested_access");
        body["items"] = json!([item("report:read"), item("prod:orders:write")]);
        let answer = office.ask(&body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.body["task"]["items"], json!(["approved", "pending"]));
        office.settle().await;
        let answers = Answers::deny(DenyReason::NotNeededNow, "");
        office.press_with("erin", "shop-approvals", Verb::Deny, answers).await.unwrap();
        office.settle().await;
        let delivered = office.receiver.read();
        assert_eq!(delivered[0].event["type"], "access_request.partial");
        assert_eq!(delivered[0].event["result"]["granted_scope"], "report:read");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_may_say_yes_at_once() {
    tell(|office| async move {
        let mut body = write_prod(&office);
        body["requested_access"] = json!({ "scope": "report:read" });
        let answer = office.ask(&body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.body["task"]["status"], "approved");
        office.settle().await;
        assert_eq!(office.receiver.events(), ["access_request.approved"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn less_time_than_asked_is_granted() {
    tell(|office| async move {
        let id = ask(&office).await;
        let answers = Answers::less(vec![0], Some(900));
        office.press_with("erin", "shop-approvals", Verb::ApproveLess, answers).await.unwrap();
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        office.settle().await;
        let approval = office.get(&id).await.body["result"]["approval"].clone();
        assert_eq!(approval["approved_until"], "2026-11-22T12:15:00Z");
        let title = office.newest("shop-approvals").title.plain();
        assert_eq!(
            title,
            "Approved, less than asked: Shop Admin may change live orders in production until 12:15 UTC"
        );
        assert_eq!(office.receiver.events(), ["access_request.approved"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_scopes_than_asked_are_granted() {
    tell(|office| async move {
        let mut body = write_prod(&office);
        body["requested_access"] = json!({ "scope": "prod:orders:write report:read" });
        let answer = office.ask(&body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let id = answer.body["task"]["id"].as_str().unwrap();
        office.settle().await;
        let nothing = Answers::less(Vec::new(), None);
        let refusal = office
            .press_with("erin", "shop-approvals", Verb::ApproveLess, nothing)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NothingLeft);
        let report = Answers::less(vec![1], None);
        office.press_with("erin", "shop-approvals", Verb::ApproveLess, report).await.unwrap();
        // What one has left out, the others cannot put back, nor leave nothing of.
        let orders = Answers::less(vec![0], None);
        let refusal = office
            .press_with("farid", "shop-approvals", Verb::ApproveLess, orders)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NothingLeft);
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        office.settle().await;
        let delivered = office.receiver.read();
        assert_eq!(delivered[0].event["type"], "access_request.approved");
        assert_eq!(delivered[0].event["result"]["granted_scope"], "report:read");
        assert_eq!(office.get(id).await.body["result"]["granted_scope"], "report:read");
        let card = office.newest("shop-approvals");
        let title = card.title.plain();
        assert!(
            title.starts_with("Approved, less than asked: Shop Admin may see the sales report")
        );
        let kept: Vec<String> = card.changes.iter().map(|change| change.name.to_string()).collect();
        assert_eq!(kept, ["report:read"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_numbers_lock_the_vote() {
    tell(|office| async move {
        let body = json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin", "name": "Shop Admin" },
            "action": { "name": "account.delete" },
            "resource": { "type": "customer", "id": "C-4711" },
            "context": { "parameters": { "customer": "C-4711" } },
        });
        let answer = office.ask(&body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let number = answer.body["task"]["display"]["number"].as_u64().unwrap();
        let wrong = if number == 10 { "11" } else { "10" };
        office.settle().await;
        let deciders = ["erin", "farid"];
        for kind in [RefusalKind::WrongNumber, RefusalKind::WrongNumber, RefusalKind::NumberLocked]
        {
            let answers = Answers::number(wrong);
            let refusal = office
                .press_with(deciders[0], "shop-approvals", Verb::Approve, answers)
                .await
                .unwrap_err();
            assert_eq!(refusal.kind, kind);
        }
        let right = Answers::number(&number.to_string());
        let locked =
            office.press_with(deciders[0], "shop-approvals", Verb::Approve, right.clone()).await;
        assert_eq!(locked.unwrap_err().kind, RefusalKind::NumberLocked);
        let card =
            office.press_with(deciders[1], "shop-approvals", Verb::Approve, right).await.unwrap();
        assert_eq!(card.face, Face::Approved);
        office
    })
    .await;
}
