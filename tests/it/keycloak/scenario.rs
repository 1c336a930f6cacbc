//! What happens between a client, Keycloak, people and us: told of the fake and of the real one alike.

use serde_json::json;

use super::{
    desk::{Desk, tell},
    realm::SCOPE,
};
use crate::office::write_prod;

/// Longer than Keycloak needs to store a request that has our 201.
const RECEIPT_S: i64 = 3;

/// People click, and the client gets its token with all scopes.
pub(crate) async fn approve(desk: Desk) -> Desk {
    let id = desk.ask(&[("binding_message", "Q3-export")]).await;
    assert_eq!(desk.realm.poll(&id).await, Err("authorization_pending".to_owned()));
    desk.approve().await;
    desk.later(RECEIPT_S).await;
    let scopes = desk.realm.poll(&id).await.unwrap();
    assert!(scopes.contains(&SCOPE.to_owned()), "{scopes:?}");
    assert!(desk.bearers().await.is_empty(), "what is answered is forgotten");
    desk
}

pub(crate) async fn deny(desk: Desk) -> Desk {
    let id = desk.ask(&[]).await;
    desk.deny().await;
    desk.later(RECEIPT_S).await;
    assert_eq!(desk.realm.poll(&id).await, Err("access_denied".to_owned()));
    desk
}

/// Nobody decides, and the client hears of it before Keycloak forgets.
pub(crate) async fn expire(desk: Desk) -> Desk {
    let id = desk.ask(&[("requested_expiry", "60")]).await;
    desk.later(30).await;
    assert_eq!(desk.realm.poll(&id).await, Err("authorization_pending".to_owned()));
    desk.later(25).await;
    assert_eq!(desk.realm.poll(&id).await, Err("access_denied".to_owned()));
    // Keycloak waits no longer: its client has to ask it again.
    let card = desk.office.newest("shop-approvals");
    let last = card.progress.last().unwrap().line.plain();
    assert!(last.ends_with("no longer waits for this: start anew there"), "{last}");
    assert!(card.actions.is_empty());
    desk
}

/// The client has told us the whole story before; people are asked once.
pub(crate) async fn join(desk: Desk) -> Desk {
    let asked = desk.office.ask(&write_prod()).await;
    let request = asked.body["task"]["id"].as_str().unwrap().to_owned();
    desk.office.settle().await;
    let cards = desk.office.sandbox.messages("shop-approvals").len();
    let id = desk.ask(&[("binding_message", &request)]).await;
    assert_eq!(desk.office.sandbox.messages("shop-approvals").len(), cards, "no second card");
    desk.approve().await;
    desk.later(RECEIPT_S).await;
    assert!(desk.realm.poll(&id).await.is_ok());
    // Once more, for what is decided: nobody is asked.
    let id = desk.ask(&[("binding_message", &request)]).await;
    desk.later(RECEIPT_S).await;
    assert!(desk.realm.poll(&id).await.is_ok());
    desk
}

/// The process that asked the people is not the one that hears them.
pub(crate) async fn restart(desk: Desk) -> Desk {
    let id = desk.ask(&[]).await;
    let desk = desk.restart().await;
    desk.approve().await;
    let desk = desk.restart().await;
    desk.later(RECEIPT_S).await;
    assert!(desk.realm.poll(&id).await.is_ok());
    desk
}

/// Who says it twice has the grant taken back: why we do not.
pub(crate) async fn second_callback(desk: Desk) -> Desk {
    let id = desk.ask(&[]).await;
    let [bearer] = <[String; 1]>::try_from(desk.bearers().await).unwrap();
    desk.approve().await;
    desk.later(RECEIPT_S).await;
    assert_eq!(desk.realm.call_back(&bearer, "SUCCEED").await, 403);
    let refused = desk.realm.poll(&id).await;
    assert!(refused.is_err(), "the grant is gone: {refused:?}");
    desk
}

/// What the policy refuses reaches the client as a no, and not as an outage.
pub(crate) async fn refuse(desk: Desk) -> Desk {
    let id = desk.ask(&[("scope", "openid")]).await;
    desk.later(RECEIPT_S).await;
    assert_eq!(desk.realm.poll(&id).await, Err("access_denied".to_owned()));
    assert!(desk.bearers().await.is_empty());
    desk
}

/// A request that is another's is not joined.
pub(crate) async fn join_what_is_not_ones_own(desk: Desk) -> Desk {
    let mut other = write_prod();
    other["subject"]["id"] = json!("gus");
    let asked = desk.office.ask(&other).await;
    let request = asked.body["task"]["id"].as_str().unwrap().to_owned();
    let refused = desk.realm.ask(&[("binding_message", &request)]).await;
    assert_eq!(refused, Err((503, "server_error".to_owned())));
    assert!(desk.bearers().await.is_empty());
    desk.office.settle().await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn people_approve_and_the_client_has_its_token() {
    tell(approve).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_deny_and_the_client_hears_of_it() {
    tell(deny).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_and_the_client_hears_of_it() {
    tell(expire).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_joins_the_request_that_it_names() {
    tell(join).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_outlives_the_process() {
    tell(restart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_callback_takes_the_grant_back() {
    tell(second_callback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_refuses_is_denied_and_no_outage() {
    tell(refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_somebody_else_is_not_joined() {
    tell(join_what_is_not_ones_own).await;
}
