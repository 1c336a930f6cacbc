//! Callbacks: at least once, in order, the same bytes every time.

mod kill;
mod token;

use countersign_port::{access::DenyReason, card::Verb};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::json;

use crate::office::{Office, tell};

/// A request that policy approves at once, so that there is something to tell.
async fn decided(office: &Office) -> String {
    let answer = office
        .ask(&json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin", "name": "Shop Admin" },
            "requested_access": { "scope": "report:read" },
            "callback": { "endpoint": office.receiver.endpoint },
        }))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_a_callback_has_the_same_id_and_bytes() {
    tell(|office| async move {
        office.receiver.answer([(503, None), (500, None), (302, None), (429, Some("20"))]);
        decided(&office).await;
        office.settle().await;
        for _ in 0..6 {
            office.advance(SignedDuration::from_secs(60)).await;
        }
        let deliveries = office.receiver.read();
        let statuses: Vec<u16> = deliveries.iter().map(|delivery| delivery.status).collect();
        assert_eq!(statuses, [503, 500, 302, 429, 200]);
        for delivery in &deliveries {
            assert_eq!(delivery.id, deliveries[0].id);
            assert_eq!(delivery.body, deliveries[0].body);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_endpoint_that_is_gone_is_disabled_until_it_is_redriven() {
    tell(|office| async move {
        office.receiver.answer([(410, None)]);
        decided(&office).await;
        office.settle().await;
        assert_eq!(office.receiver.read().len(), 1);
        decided(&office).await;
        office.settle().await;
        assert!(office.receiver.read().is_empty(), "nothing is sent to a disabled endpoint");
        let store = office.store();
        let dead = store.dead_letters(10).await.unwrap();
        assert_eq!(dead.len(), 2);
        store.enable(None, None).await.unwrap();
        let now_us = office.clock.now().as_microsecond();
        assert_eq!(store.redrive(now_us, None, None).await.unwrap(), 2);
        office.settle().await;
        let redriven = office.receiver.read();
        assert_eq!(redriven.len(), 2);
        assert!(dead.iter().all(|letter| redriven.iter().any(|one| one.id == letter.id)));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_never_gets_through_is_a_dead_letter_after_75_hours() {
    tell(|office| async move {
        office.receiver.answer(vec![(500, None); 500]);
        decided(&office).await;
        office.settle().await;
        for _ in 0..400 {
            office.advance(SignedDuration::from_mins(15)).await;
        }
        let attempts = office.receiver.read().len();
        assert!((20..400).contains(&attempts), "{attempts}");
        let dead = office.store().dead_letters(10).await.unwrap();
        assert_eq!(dead.len(), 2, "the outcome, and that it lapsed");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_of_a_request_come_in_order() {
    tell(|office| async move {
        office.receiver.answer(vec![(503, None); 3]);
        decided(&office).await;
        office.settle().await;
        // The approval lapses before the first event got through.
        office.advance(SignedDuration::from_mins(11)).await;
        for _ in 0..10 {
            office.advance(SignedDuration::from_mins(5)).await;
        }
        let taken: Vec<_> =
            office.receiver.read().into_iter().filter(|delivery| delivery.status == 200).collect();
        let sequences: Vec<i64> =
            taken.iter().map(|delivery| delivery.event["sequence"].as_i64().unwrap()).collect();
        let mut sorted = sequences.clone();
        sorted.sort_unstable();
        assert_eq!(sequences, sorted);
        assert!(!sequences.is_empty());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_behind_one_that_waits_is_not_looked_at_until_then() {
    tell(|office| async move {
        office.receiver.answer([(503, Some("3600"))]);
        decided(&office).await;
        office.settle().await;
        // The approval lapses before the first event got through.
        office.advance(SignedDuration::from_mins(11)).await;
        assert_eq!(office.receiver.read().len(), 1);
        let now_us = office.clock.now().as_microsecond();
        let due = office.store().due_lanes(now_us).await.unwrap();
        assert!(due.is_empty(), "{due:?}");
        office.advance(SignedDuration::from_mins(49)).await;
        assert_eq!(office.receiver.events(), ["access_request.approved", "approval.lapsed"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_callback_holds_up_nobody_in_chat() {
    tell(|office| async move {
        office.receiver.answer(vec![(503, Some("3600")); 5]);
        decided(&office).await;
        let answer = office
            .ask(&json!({
                "subject": { "type": "user", "id": "dana" },
                "client": { "id": "shop-admin", "name": "Shop Admin" },
                "requested_access": { "scope": "prod:orders:write" },
            }))
            .await;
        assert_eq!(answer.status, 202);
        office.settle().await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(office.receiver.read().len(), 1, "`Retry-After` is obeyed");
        office
    })
    .await;
}

/// One story with every kind of event, so that verifiers of other languages can judge them all.
#[tokio::test(flavor = "multi_thread")]
async fn callbacks_of_every_kind_are_signed() {
    tell(|office| async move {
        let ask = async |scope: &str| {
            let answer = office
                .ask(&json!({
                    "subject": { "type": "user", "id": "dana" },
                    "client": { "id": "shop-admin", "name": "Shop Admin" },
                    "requested_access": { "scope": scope },
                    "callback": { "endpoint": office.receiver.endpoint, "state": "“ä” \u{1f511}" },
                }))
                .await;
            office.settle().await;
            answer.body["task"]["id"].as_str().unwrap().to_owned()
        };
        let deny = || Answers::deny(DenyReason::Other, "not “today”");
        ask("report:read").await;
        ask("prod:orders:write").await;
        office.press_with("erin", "shop-approvals", Verb::Deny, deny()).await.unwrap();
        let cancelled = ask("prod:orders:write").await;
        assert_eq!(office.cancel(&cancelled, &json!({})).await.status, 200);
        let item = |scope: &str| {
            json!({
                "action": { "name": "grant_scope" },
                "resource": { "type": "oauth_client", "id": "shop-admin" },
                "requested_access": { "scope": scope },
            })
        };
        let bundle = json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin" },
            "items": [item("report:read"), item("prod:orders:write")],
            "callback": { "endpoint": office.receiver.endpoint },
        });
        assert_eq!(office.ask(&bundle).await.status, 202);
        office.settle().await;
        office.press_with("erin", "shop-approvals", Verb::Deny, deny()).await.unwrap();
        ask("prod:orders:write").await;
        office.advance(SignedDuration::from_hours(9)).await;
        let mut events = office.receiver.events();
        events.sort_unstable();
        events.dedup();
        assert_eq!(
            events,
            [
                "access_request.approved",
                "access_request.cancelled",
                "access_request.denied",
                "access_request.expired",
                "access_request.partial",
                "approval.lapsed"
            ]
        );
        office
    })
    .await;
}
