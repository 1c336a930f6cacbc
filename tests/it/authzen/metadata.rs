//! Where everything is.

use serde_json::json;

use crate::office::{answer, client, tell};

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
