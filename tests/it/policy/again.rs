//! The very same, asked again while it still waits: one card, one decision, an answer for each.

use countersign::{
    domain::{access::share::MOST, id::RequestId},
    reload::Reloaded,
    store::entries::story,
};
use countersign_port::{access::DenyReason, card::Verb};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{desk::Desk, reload::reload};
use crate::office::{Office, deletion, tell, write_prod};

async fn ask_for(office: &Office, body: &Value) -> String {
    let answer = office.ask(body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    office.settle().await;
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

async fn ask(office: &Office, state: &str) -> String {
    let mut body = write_prod();
    body["callback"] = json!({ "endpoint": office.receiver.endpoint, "state": state });
    ask_for(office, &body).await
}

async fn kinds(office: &Office, id: &str) -> Vec<&'static str> {
    let id: RequestId = id.parse().unwrap();
    let mut connection = office.store().read.acquire().await.unwrap();
    let entries = story(&mut connection, &id, 0).await.unwrap();
    entries.iter().map(|(leaf, _)| leaf.kind.as_str()).collect()
}

fn told(office: &Office) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let delivered = office.receiver.read();
    let mut told: Vec<(String, String)> =
        delivered.iter().map(|one| (word(&one.event["state"]), word(&one.event["type"]))).collect();
    told.sort();
    told
}

fn cards(office: &Office, channel: &str) -> usize {
    office.sandbox.messages(channel).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_card_and_one_decision_answer_both() {
    tell(|office| async move {
        let first = ask(&office, "one").await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.advance(SignedDuration::from_mins(5)).await;
        let second = ask(&office, "two").await;
        assert_ne!(first, second);
        assert_eq!(cards(&office, "shop-approvals"), 1);
        let card = office.newest("shop-approvals");
        let asked = card.facts.iter().find(|fact| fact.label == "Asked").unwrap();
        assert_eq!(asked.value.plain(), "2 times; one decision answers all");
        let task = office.get(&second).await;
        assert_eq!(task.body["task"]["progress"]["approvals"], 1);
        assert_eq!(
            task.body["task"]["expires_at"],
            office.get(&first).await.body["task"]["expires_at"]
        );

        let office = office.restart().await;
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(cards(&office, "security"), 1);
        office.press("sam", "security", Verb::Approve).await.unwrap();
        office.settle().await;
        let approved = |state: &str| (state.to_owned(), "access_request.approved".to_owned());
        assert_eq!(told(&office), [approved("one"), approved("two")]);
        let approval = |task: &Value| task["result"]["approval"]["id"].as_str().unwrap().to_owned();
        let (one, two) = (office.get(&first).await.body, office.get(&second).await.body);
        assert_ne!(approval(&one), approval(&two));
        assert_eq!(
            kinds(&office, &second).await,
            [
                "request_opened",
                "vote_cast",
                "vote_cast",
                "vote_cast",
                "request_decided",
                "callback_delivered",
                "approval_taken_up"
            ]
        );
        assert_eq!(
            kinds(&office, &first).await.iter().filter(|kind| **kind == "asked_again").count(),
            1
        );
        // What is over is asked about anew.
        ask(&office, "three").await;
        assert_eq!(cards(&office, "shop-approvals"), 2);
        office.advance(SignedDuration::from_mins(30)).await;
        assert_eq!(told(&office), [("three".to_owned(), "access_request.expired".to_owned())]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_both_at_the_time_of_the_first() {
    tell(|office| async move {
        ask(&office, "one").await;
        office.advance(SignedDuration::from_mins(20)).await;
        let second = ask(&office, "two").await;
        office.advance(SignedDuration::from_mins(10)).await;
        assert_eq!(told(&office).len(), 2);
        assert_eq!(office.get(&second).await.body["task"]["status"], "expired");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_withdraws_the_first_does_not_withdraw_the_second() {
    tell(|office| async move {
        let first = ask(&office, "one").await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        let second = ask(&office, "two").await;
        assert_eq!(office.cancel(&first, &json!({})).await.status, 200);
        office.settle().await;
        assert_eq!(told(&office), [("one".to_owned(), "access_request.cancelled".to_owned())]);
        assert_eq!(cards(&office, "shop-approvals"), 2);
        assert!(office.newest("shop-approvals").title.plain().starts_with("1 of 3 approved"));
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(told(&office), [("two".to_owned(), "access_request.approved".to_owned())]);
        assert!(kinds(&office, &second).await.contains(&"asked_alone"));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_withdraws_the_second_leaves_the_first_alone() {
    tell(|office| async move {
        ask(&office, "one").await;
        let second = ask(&office, "two").await;
        assert_eq!(office.cancel(&second, &json!({})).await.status, 200);
        let no = Answers::deny(DenyReason::TooBroad, "ask for less");
        office.press_with("erin", "shop-approvals", Verb::Deny, no).await.unwrap();
        office.settle().await;
        let event = |state: &str, end: &str| (state.to_owned(), format!("access_request.{end}"));
        assert_eq!(told(&office), [event("one", "denied"), event("two", "cancelled")]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_reason_and_what_is_done_once_have_cards_of_their_own() {
    tell(|office| async move {
        ask(&office, "one").await;
        let mut other = write_prod();
        other["context"]["justification"] = "Refund the customers of yesterday".into();
        ask_for(&office, &other).await;
        assert_eq!(cards(&office, "shop-approvals"), 2);
        let mut longer = write_prod();
        longer["requested_access"]["duration"] = 600.into();
        ask_for(&office, &longer).await;
        assert_eq!(cards(&office, "shop-approvals"), 3);
        // Two deletions are two, however alike.
        ask_for(&office, &deletion()).await;
        ask_for(&office, &deletion()).await;
        assert_eq!(cards(&office, "shop-approvals"), 5);
        office.advance(SignedDuration::from_mins(30)).await;
        told(&office);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_the_same_instant_at_two_replicas_share_a_card_too() {
    tell(|office| async move {
        let (replica, router) = office.listening_replica().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(countersign::http::serve::serve(listener, router, replica.stopping()));
        let elsewhere = || {
            let post = crate::office::client().post(format!("{url}/access/v1/requests"));
            crate::office::answer(post.json(&write_prod()).bearer_auth(crate::office::API_KEY))
        };
        let here = write_prod();
        for _ in 0..8 {
            let all = tokio::join!(office.ask(&here), elsewhere(), office.ask(&here), elsewhere());
            for answer in [&all.0, &all.1, &all.2, &all.3] {
                assert_eq!(answer.status, 202, "{}", answer.body);
            }
            office.settle().await;
            let no = Answers::deny(DenyReason::TooBroad, "ask for less");
            office.press_with("erin", "shop-approvals", Verb::Deny, no).await.unwrap();
            for answer in [&all.0, &all.1, &all.2, &all.3] {
                let id = answer.body["task"]["id"].as_str().unwrap();
                assert_eq!(office.get(id).await.body["task"]["status"], "denied");
            }
        }
        office.settle().await;
        assert_eq!(cards(&office, "shop-approvals"), 8);
        replica.stop().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_no_on_a_shared_card_is_one_denial() {
    tell(|office| async move {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        let with = "guardrails:\n  - { name: enough, cool_down: { denials: 2, within: 24h } }\n";
        desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
        assert_eq!(reload.now().await, Reloaded::InForce);
        ask(&office, "one").await;
        ask(&office, "two").await;
        let no = Answers::deny(DenyReason::TooBroad, "ask for less");
        office.press_with("erin", "shop-approvals", Verb::Deny, no).await.unwrap();
        office.settle().await;
        assert_eq!(told(&office).len(), 2);
        let third = ask_for(&office, &write_prod()).await;
        assert_eq!(office.cancel(&third, &json!({})).await.status, 200);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_shared_by_many_is_shared_by_no_more() {
    tell(|office| async move {
        for number in 0..=MOST {
            ask(&office, &format!("{number}")).await;
        }
        office.settle().await;
        assert_eq!(cards(&office, "shop-approvals"), 1);
        for one in ["one more", "two more"] {
            ask(&office, one).await;
        }
        office.settle().await;
        assert_eq!(cards(&office, "shop-approvals"), 3);
        office
    })
    .await;
}
