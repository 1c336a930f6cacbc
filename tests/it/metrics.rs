//! What an operator can count: through `/metrics`, as Prometheus reads it.

use countersign_port::{access::DenyReason, card::Verb};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::json;

use crate::office::{Office, client, tell};

/// A sample by its name and labels; what was never counted is zero.
async fn sample(office: &Office, series: &str) -> u64 {
    let text = client().get(format!("{}/metrics", office.url)).send().await.unwrap();
    let text = text.text().await.unwrap();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    lines.next().map_or(0, |value| value.parse().unwrap())
}

async fn ask(office: &Office, scope: &str) {
    let answer = office
        .ask(&json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin" },
            "requested_access": { "scope": scope },
            "callback": { "endpoint": office.receiver.endpoint },
        }))
        .await;
    assert!(matches!(answer.status, 201 | 202), "{}", answer.body);
    office.settle().await;
}

/// One of each: opened, counted, refused, and every way to end that a story can have.
async fn a_busy_day(office: &Office) {
    ask(office, "report:read").await;
    ask(office, "prod:orders:write").await;
    office.press("dana", "shop-approvals", Verb::Approve).await.unwrap_err();
    office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
    let deny = Answers::deny(DenyReason::TooBroad, "");
    office.press_with("farid", "shop-approvals", Verb::Deny, deny).await.unwrap();
    ask(office, "prod:orders:write").await;
    office.advance(SignedDuration::from_mins(30)).await;
    office.sandbox.archive("shop-approvals");
    office.sandbox.archive("platform");
    ask(office, "prod:orders:write").await;
    office.receiver.answer([(503, None), (410, None)]);
    office.advance(SignedDuration::from_mins(30)).await;
    office.advance(SignedDuration::from_mins(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_was_done_is_counted_by_how_it_went() {
    const SERIES: [(&str, u64); 11] = [
        ("countersign_requests_opened_total", 4),
        (r#"countersign_votes_total{verdict="approve"}"#, 1),
        (r#"countersign_votes_total{verdict="deny"}"#, 1),
        (r#"countersign_votes_refused_total{why="own_request"}"#, 1),
        (r#"countersign_outcomes_total{status="approved"}"#, 1),
        (r#"countersign_outcomes_total{status="denied"}"#, 1),
        (r#"countersign_outcomes_total{status="expired"}"#, 1),
        (r#"countersign_outcomes_total{status="failed"}"#, 1),
        (r#"countersign_callbacks_total{result="delivered"}"#, 3),
        (r#"countersign_callbacks_total{result="retry"}"#, 1),
        (r#"countersign_callbacks_total{result="dead"}"#, 1),
    ];
    tell(|office| async move {
        let mut before = Vec::new();
        for (series, _) in SERIES {
            before.push(sample(&office, series).await);
        }
        a_busy_day(&office).await;
        for ((series, more), before) in SERIES.into_iter().zip(before) {
            // Other stories count into the same process meanwhile.
            let after = sample(&office, series).await;
            assert!(after >= before + more, "{series}: {after} after {before}");
        }
        assert!(sample(&office, "countersign_outbox_dead").await >= 1);
        office.receiver.read();
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_end_is_there_before_it_has_happened() {
    tell(|office| async move {
        let text = client().get(format!("{}/metrics", office.url)).send().await.unwrap();
        let text = text.text().await.unwrap();
        for status in ["approved", "denied", "expired", "cancelled", "failed", "partial"] {
            let series = format!(r#"countersign_outcomes_total{{status="{status}"}} "#);
            assert!(text.contains(&series), "{status}");
        }
        office
    })
    .await;
}
