//! The policy of today is asked every time: neither a denial nor an approval overrules it.

use countersign::law::Sources;
use countersign_port::card::Verb;
use countersign_sandbox::demo;

use super::pep::{
    ASK, By, NEVER, YES, asked, evaluate, follow, pay, problem, request_of, submit, verdict, with,
    write_orders,
};
use crate::office::{sources, tell};

/// The company has decided that nobody pays any more: both rules about it are gone.
fn no_payments() -> Sources {
    let (before, rest) = demo::POLICY.split_once("  - name: small transfers").unwrap();
    let (_, after) = rest.split_once("  - name: deleting").unwrap();
    sources(&format!("{before}  - name: deleting{after}"), demo::CATALOGUE, demo::PEOPLE)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_is_no_once_the_policy_says_no() {
    tell(|office| async move {
        let made = asked(&office, By::Gate, &pay()).await;
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let task = follow(&office, By::Gate, made.body["task"]["id"].as_str().unwrap()).await;
        let approval = task.body["result"]["approval"].clone();
        let question = with(&pay(), "/context/approval", approval);
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), YES);
        let office = office.restart_under(no_payments).await;
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), NEVER);
        assert_eq!(verdict(&evaluate(&office, By::Gate, &pay()).await), NEVER);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_denied_cannot_be_asked_for_once_there_is_no_way_to_yes() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &pay()).await;
        assert_eq!(verdict(&denial), ASK);
        let office = office.restart_under(no_payments).await;
        let body = request_of(&pay(), &denial);
        assert_eq!(problem(&submit(&office, By::Gate, &body).await), (400, "not_requestable"));
        let wrong = with(&body, "/subject/id", "erin".into());
        assert_eq!(
            problem(&submit(&office, By::Gate, &wrong).await),
            (400, "invalid_denial_binding")
        );
        assert_eq!(verdict(&evaluate(&office, By::Gate, &write_orders()).await), ASK);
        office
    })
    .await;
}
