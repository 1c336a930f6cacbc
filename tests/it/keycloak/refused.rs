//! What the law refuses at the moment of asking is told as a no: whoever was switched off a moment
//! ago at another replica, and who is held back by a guardrail.

use axum::{body::Body, http::Request};
use countersign::law::Sources;
use serde_json::json;
use tower::ServiceExt;

use super::desk::{Desk, tell_under};
use crate::office::{OKTA_KEY, Site, demo_sources};

/// Whether the realm's client is told no.
async fn is_denied(desk: &Desk, id: &str) -> bool {
    for _ in 0..3 {
        desk.later(1).await;
    }
    desk.realm.poll(id).await == Err("access_denied".to_owned())
}

fn braked(brake: &str) -> Sources {
    let mut sources = demo_sources();
    let with = format!("guardrails:\n  - {{ name: enough, if: {{ access: write }}, {brake} }}\n");
    sources.policy.text = sources.policy.text.replacen("guardrails:\n", &with, 1);
    sources
}

fn cards(desk: &Desk) -> usize {
    desk.office.sandbox.messages("shop-approvals").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_somebody_whom_another_replica_was_told_to_switch_off() {
    let site = Site {
        more: "scim: [{ id: okta, api_keys: [{ env: OKTA_KEY }] }]\n".to_owned(),
        ..Site::default()
    };
    tell_under(site, |desk| async move {
        let (replica, router) = desk.office.listening_replica().await;
        let gone = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "dana@example.com", "active": false });
        let told = Request::post("/scim/v2/Users")
            .header("authorization", format!("Bearer {OKTA_KEY}"))
            .header("content-type", "application/scim+json")
            .body(Body::from(gone.to_string()));
        assert_eq!(router.oneshot(told.unwrap()).await.unwrap().status(), 201);
        let id = desk.ask(&[]).await;
        assert!(is_denied(&desk, &id).await);
        assert_eq!(cards(&desk), 0, "nobody was asked");
        replica.stop().await;
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_denied_and_is_held_back_is_told_as_a_no_and_not_as_an_outage() {
    let sources = || braked("cool_down: { denials: 1, within: 24h }");
    tell_under(Site { sources, ..Site::default() }, |desk| async move {
        let id = desk.ask(&[]).await;
        desk.deny().await;
        assert!(is_denied(&desk, &id).await);
        let again = desk.ask(&[]).await;
        assert!(is_denied(&desk, &again).await);
        assert_eq!(cards(&desk), 1, "nobody was asked once more");
        assert!(desk.bearers().await.is_empty());
        assert!(desk.log().await.contains(&"request_refused".to_owned()));
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_used_up_a_quota_is_told_no() {
    let sources = || braked("quota: { requests: 1, within: 1h }");
    tell_under(Site { sources, ..Site::default() }, |desk| async move {
        desk.ask(&[]).await;
        let more = desk.ask(&[]).await;
        assert!(is_denied(&desk, &more).await);
        assert_eq!(cards(&desk), 1);
        desk
    })
    .await;
}
