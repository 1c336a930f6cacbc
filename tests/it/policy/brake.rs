//! No is no: who keeps asking is held back, and so is who asks too much.

use countersign::{domain::id::RequestId, reload::Reloaded, store::entries::story};
use countersign_port::{access::DenyReason, card::Verb};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{desk::Desk, reload::reload};
use crate::office::{Office, tell, write_prod};

/// The demo's policy with another guardrail.
async fn guarded(office: &Office, guardrail: &str) {
    let desk = Desk::new();
    let reload = reload(&desk, &office.app);
    let with = format!("guardrails:\n  - {{ name: enough, {guardrail} }}\n");
    desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", &with, 1));
    assert_eq!(reload.now().await, Reloaded::InForce);
}

async fn denied(office: &Office) -> RequestId {
    let answer = office.ask(&write_prod()).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    office.settle().await;
    let no = Answers::deny(DenyReason::TooBroad, "ask for less");
    office.press_with("erin", "shop-approvals", Verb::Deny, no).await.unwrap();
    office.settle().await;
    answer.body["task"]["id"].as_str().unwrap().parse().unwrap()
}

fn asked(dry: bool) -> Value {
    let mut body = write_prod();
    body["dry_run"] = dry.into();
    body["context"]["justification"] = "I really need it".into();
    body
}

async fn refusals(office: &Office, id: &RequestId) -> Vec<Value> {
    let mut connection = office.store().read.acquire().await.unwrap();
    let entries = story(&mut connection, id, 0).await.unwrap();
    let refused = entries.iter().filter(|(leaf, _)| leaf.kind.as_str() == "request_refused");
    refused.map(|(leaf, _)| leaf.facts.clone().into()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_denied_twice_is_not_asked_for_again_that_day() {
    tell(|office| async {
        guarded(&office, "cool_down: { denials: 2, within: 24h }").await;
        denied(&office).await;
        office.advance(SignedDuration::from_hours(1)).await;
        let id = denied(&office).await;
        let office = office.restart().await;
        guarded(&office, "cool_down: { denials: 2, within: 24h }").await;
        for dry in [true, false, false] {
            let answer = office.ask(&asked(dry)).await;
            assert_eq!(answer.status, 429, "{}", answer.body);
            assert_eq!(answer.problem(), "urn:countersign:error:rate_limited");
            assert_eq!(answer.headers["retry-after"], "82801");
            assert_eq!(
                answer.body["detail"],
                format!(
                    "this was denied 2 times within 1 day, the last time as `{id}`: talk to those \
                     who said no, or ask for something else; the same can be asked for again from \
                     2026-11-23T12:00:00Z on (guardrail `enough`)"
                )
            );
        }
        office.settle().await;
        // Once, where those look who said no.
        let told = refusals(&office, &id).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["why"], "cool_down");
        assert_eq!(told[0]["until"], "2026-11-23T12:00:00Z");
        // Something else, and the same for somebody else, goes through.
        let mut other = asked(false);
        other["subject"]["id"] = "olu".into();
        assert_eq!(office.ask(&other).await.status, 202);
        let mut other = asked(false);
        other["requested_access"]["scope"] = "prod:orders:write report:read".into();
        assert_eq!(office.ask(&other).await.status, 202);
        office.clock.advance(SignedDuration::from_hours(23));
        assert_eq!(office.ask(&asked(true)).await.status, 200);
        assert_eq!(office.ask(&asked(false)).await.status, 202);
        office
    })
    .await;
}

#[tokio::test]
async fn an_explanation_names_what_may_hold_the_client_back() {
    let desk = Desk::new();
    let with = "guardrails:\n  - { name: enough, cool_down: { denials: 2, within: 24h } }\n";
    desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
    desk.write("request.json", &write_prod().to_string());
    let said = desk.policy_command(&["explain", &desk.path("request.json")]).await;
    let wanted =
        "  not to be asked for again after so many denials: 2 within 1 day (guardrail `enough`)\n";
    assert!(said.out.contains(wanted), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_no_more_often_than_its_quota() {
    tell(|office| async {
        guarded(&office, "if: { access: write }, quota: { requests: 2, within: 1h }").await;
        let key = [("idempotency-key", "one")];
        let first = office.ask_with(&write_prod(), &key).await;
        assert_eq!(first.status, 202);
        // The same again is the same request, and no second one.
        assert_eq!(office.ask_with(&write_prod(), &key).await.status, 202);
        office.advance(SignedDuration::from_mins(20)).await;
        assert_eq!(office.ask(&write_prod()).await.status, 202);
        let answer = office.ask(&write_prod()).await;
        assert_eq!(answer.status, 429, "{}", answer.body);
        assert_eq!(answer.headers["retry-after"], "2401");
        assert_eq!(
            answer.body["detail"],
            "this client has asked 2 times within 1 hour, as often as the guardrail `enough` lets \
             it; ask again from 2026-11-22T13:00:00Z on"
        );
        // What was asked before is answered as before, and what the guardrail leaves alone goes on.
        assert_eq!(office.ask_with(&write_prod(), &key).await.status, 202);
        let mut read = write_prod();
        read["requested_access"] = json!({ "scope": "report:read" });
        assert_eq!(office.ask(&read).await.status, 201);
        office.advance(SignedDuration::from_mins(40)).await;
        assert_eq!(office.ask(&write_prod()).await.status, 202);
        assert_eq!(office.ask(&write_prod()).await.status, 429);
        office
    })
    .await;
}
