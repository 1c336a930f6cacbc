//! `approval.state`: a decision that can be verified without trusting who carries it.

use countersign_verify::{refusal::Refused, verifier::Verifier};
use jiff::SignedDuration;
use serde_json::json;

use super::bank::{self, Bank};
use crate::office::{Office, tell};

async fn verifier(office: &Office, audience: &str) -> Verifier {
    Verifier {
        issuer: "https://countersign.example".to_owned(),
        audience: audience.to_owned(),
        keys: Bank::of(office).keys().await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_asking_server_can_verify_the_decision_itself() {
    tell(|office| async move {
        let asked = office
            .ask(&json!({
                "subject": { "type": "user", "id": "dana" },
                "client": { "id": "shop-admin" },
                "requested_access": { "scope": "report:read" },
            }))
            .await;
        assert_eq!(asked.status, 201, "{}", asked.body);
        let id = asked.body["task"]["id"].as_str().unwrap();
        let task = office.get(id).await;
        let approval = &task.body["result"]["approval"];
        let now = office.clock.now().as_second();
        for state in [&asked.body["result"]["approval"]["state"], &approval["state"]] {
            let state = state.as_str().unwrap();
            let verified = verifier(&office, "shop-admin").await.approval(state, now).unwrap();
            assert_eq!(verified.approval_id, approval["id"].as_str().unwrap());
            assert_eq!(verified.request_id, id);
            assert_eq!(verified.subject.id, "dana");
            assert_eq!(verified.granted[0].scope, "report:read");
            assert_eq!(verified.approved_until, approval["approved_until"].as_str().unwrap());
            assert_eq!(verified.binding_context_members, ["scope"]);
            let other = verifier(&office, "other").await.approval(state, now);
            assert_eq!(other.unwrap_err(), Refused::Audience);
            let late = verifier(&office, "shop-admin").await.approval(state, now + 8 * 3600 + 30);
            assert_eq!(late.unwrap_err(), Refused::Expired);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_over_has_no_proof_and_no_callback_has_one() {
    tell(|office| async move {
        let id = bank::approved(&office).await;
        office.settle().await;
        let told = office.receiver.read().remove(0).event;
        assert_eq!(told["type"], "access_request.approved");
        assert!(told["result"]["approval"].get("state").is_none());
        assert!(office.get(&id).await.body["result"]["approval"]["state"].is_string());
        office.advance(SignedDuration::from_hours(1)).await;
        let task = office.get(&id).await;
        assert_eq!(task.body["result"]["approval"]["status"], "lapsed");
        assert!(task.body["result"]["approval"].get("state").is_none());
        bank::forget_events(&office).await;
        office
    })
    .await;
}
