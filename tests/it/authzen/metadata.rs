//! Where everything is.

use jiff::SignedDuration;
use serde_json::json;

use super::pep::{By, evaluate, pay, request_of, submit};
use crate::office::{Answer, answer, client, tell};

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_names_every_address() {
    tell(|office| async move {
        let path = "/.well-known/authzen-configuration";
        let answer = answer(client().get(format!("{}{path}", office.url))).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/json");
        let us = "https://countersign.example";
        assert_eq!(
            answer.body,
            json!({
                "policy_decision_point": us,
                "access_evaluation_endpoint": format!("{us}/access/v1/evaluation"),
                "access_evaluations_endpoint": format!("{us}/access/v1/evaluations"),
                "access_request_endpoint": format!("{us}/access/v1/requests"),
                "jwks_uri": format!("{us}/.well-known/jwks.json"),
                "capabilities": ["urn:openid:authzen:capability:access-request"],
            })
        );
        let elsewhere = client().get(format!("{}{path}/tenant", office.url));
        assert_eq!(crate::office::answer(elsewhere).await.status, 404);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_say_what_they_are_for() {
    tell(|office| async move {
        let keys = answer(client().get(format!("{}/.well-known/jwks.json", office.url))).await;
        for key in keys.body["keys"].as_array().unwrap() {
            assert_eq!(key["use"], "sig");
            assert!(key["kid"].is_string());
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_outlives_the_key_that_signed_it() {
    tell(|office| async move {
        evaluate(&office, By::Gate, &pay()).await;
        office.advance(SignedDuration::from_hours(29 * 24 + 1)).await;
        evaluate(&office, By::Gate, &pay()).await;
        office.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(20)).await;
        let denial = evaluate(&office, By::Gate, &pay()).await;
        office.advance(SignedDuration::from_secs(40)).await;
        let later = evaluate(&office, By::Gate, &pay()).await;
        let signer = |answer: &Answer| {
            let token = answer.body["context"]["access_request"]["binding_token"].as_str();
            jsonwebtoken::decode_header(token.unwrap()).unwrap().kid
        };
        assert_ne!(signer(&denial), signer(&later), "another key signs by now");
        let asked = submit(&office, By::Gate, &request_of(&pay(), &denial)).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        office
    })
    .await;
}
