//! What people granted to a client in direct mode is found by what it asks: a hook cannot carry
//! anything.

use countersign_port::card::Verb;
use jiff::SignedDuration;
use serde_json::json;

use super::pep::{ASK, By, YES, evaluate, pay, verdict, with, write_orders};
use crate::office::{Office, tell, write_prod};

/// The leads and security agree, and the shop hears of it.
async fn granted(office: &Office) -> String {
    let asked = office.ask(&write_prod()).await;
    office.settle().await;
    for (who, channel) in
        [("erin", "shop-approvals"), ("farid", "shop-approvals"), ("sam", "security")]
    {
        office.press(who, channel, Verb::Approve).await.unwrap();
        office.settle().await;
    }
    let id = asked.body["task"]["id"].as_str().unwrap().to_owned();
    assert_eq!(office.get(&id).await.body["task"]["status"], "approved");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_is_yes_until_it_is_over() {
    tell(|office| async move {
        assert_eq!(verdict(&evaluate(&office, By::Shop, &write_orders()).await), ASK);
        let id = granted(&office).await;
        let task = office.get(&id).await;
        let until = &task.body["result"]["approval"]["approved_until"];
        for _ in 0..50 {
            let answer = evaluate(&office, By::Shop, &write_orders()).await;
            assert_eq!(verdict(&answer), YES);
            assert_eq!(answer.body["context"]["approval"]["approved_until"], *until);
        }
        let until: jiff::Timestamp = until.as_str().unwrap().parse().unwrap();
        let left = until.duration_since(office.clock.now());
        office.advance(left - SignedDuration::from_secs(1)).await;
        assert_eq!(verdict(&evaluate(&office, By::Shop, &write_orders()).await), YES);
        office.clock.advance(SignedDuration::from_secs(1));
        let over = evaluate(&office, By::Shop, &write_orders()).await;
        assert_eq!(verdict(&over), (false, "approval_expired", "request", true));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_good_for_exactly_what_was_granted_and_for_nobody_else() {
    tell(|office| async move {
        granted(&office).await;
        let orders = write_orders();
        for other in [
            with(&orders, "/subject/id", json!("olu")),
            with(&orders, "/resource/id", json!("crm-sync")),
            with(&orders, "/context/scope", json!("prod:orders:write report:read")),
            with(&orders, "/context/environment", json!("prod")),
            with(&orders, "/context/parameters", json!({ "a": 1 })),
            with(&orders, "/subject/properties", json!({ "act": { "sub": "bot" } })),
            with(&orders, "/subject/properties", json!({ "sid": "s-1" })),
            pay(),
        ] {
            let answer = evaluate(&office, By::Shop, &other).await;
            assert_eq!(answer.body["decision"], false, "{other}");
        }
        assert_eq!(verdict(&evaluate(&office, By::OtherGate, &orders).await), ASK);
        // The order of scopes, and what nobody understands, makes no difference.
        let more = with(&orders, "/context/ip", json!("192.0.2.1"));
        assert_eq!(verdict(&evaluate(&office, By::Shop, &more).await), YES);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_up_in_time_lapses() {
    tell(|office| async move {
        let asked = office.ask(&write_prod()).await;
        office.settle().await;
        for (who, channel) in
            [("erin", "shop-approvals"), ("farid", "shop-approvals"), ("sam", "security")]
        {
            office.press(who, channel, Verb::Approve).await.unwrap();
            office.settle().await;
        }
        assert_eq!(asked.status, 202);
        assert_eq!(verdict(&evaluate(&office, By::Shop, &write_orders()).await), YES);
        office.advance(SignedDuration::from_mins(10)).await;
        let over = evaluate(&office, By::Shop, &write_orders()).await;
        assert_eq!(verdict(&over), (false, "approval_expired", "request", true));
        office
    })
    .await;
}
