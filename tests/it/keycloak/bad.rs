//! Who is not let in, and what is not taken: nothing is stored of either.

use countersign_port::card::Verb;
use countersign_sandbox::click::Answers;
use serde_json::{Value, json};

use super::{
    desk::{Desk, tell},
    fake::sign,
};
use crate::office::{KEYCLOAK_PATH, answer, client, write_prod};

/// Sends what Keycloak would, with one thing spoilt.
async fn send(desk: &Desk, path: &str, bearer: &str, body: &Value) -> u16 {
    let url = format!("{}/keycloak/{path}", desk.office.url);
    answer(client().post(url).bearer_auth(bearer).json(body)).await.status
}

fn good() -> Value {
    json!({ "scope": "openid prod:orders:write", "login_hint": "dana", "is_consent_required": false })
}

fn main() -> String {
    format!("main/{KEYCLOAK_PATH}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_like_none() {
    tell(|desk| async move {
        let bearer = sign(&desk.fake().claims(), 0);
        for path in ["main/0123456789abcdef0123456789abcde0", "main/x", "other/x"] {
            assert_eq!(send(&desk, path, &bearer, &good()).await, 404, "{path}");
        }
        let refused = desk.realm.ask(&[]).await;
        assert!(refused.is_ok(), "and a good one is not");
        desk.fake()
            .connect(&format!("{}/keycloak/main/another-secret-that-is-long", desk.office.url));
        assert_eq!(desk.realm.ask(&[]).await, Err((503, "server_error".to_owned())));
        assert_eq!(desk.bearers().await.len(), 1);
        desk.office.settle().await;
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_of_another_is_not_believed() {
    tell(|desk| async move {
        let fake = desk.fake();
        for (member, value) in [
            ("iss", json!("https://evil.example/realms/acme")),
            ("aud", json!("account")),
            ("typ", json!("ID")),
            ("exp", json!(0)),
        ] {
            let mut claims = fake.claims();
            claims[member] = value;
            let status = send(&desk, &main(), &sign(&claims, 0), &good()).await;
            assert_eq!(status, 401, "{member}");
        }
        let forged = sign(&fake.claims(), 1);
        assert_eq!(send(&desk, &main(), &forged, &good()).await, 401);
        assert_eq!(send(&desk, &main(), "", &good()).await, 401);
        assert_eq!(send(&desk, &main(), &"x".repeat(17_000), &good()).await, 413);
        let mut claims = fake.claims();
        claims["azp"] = json!("nobody");
        assert_eq!(send(&desk, &main(), &sign(&claims, 0), &good()).await, 403);
        assert!(desk.bearers().await.is_empty());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keycloak_would_not_send_is_refused() {
    tell(|desk| async move {
        let bearer = sign(&desk.fake().claims(), 0);
        for (body, status) in [
            (json!([]), 400),
            (json!({ "scope": 1, "login_hint": "dana" }), 400),
            (json!({ "scope": "prod:orders:write" }), 400),
            (json!({ "scope": "prod:orders:write", "login_hint": "" }), 400),
            (json!({ "scope": "x".repeat(20_000), "login_hint": "dana" }), 413),
            (json!({ "scope": "prod:orders:write", "login_hint": "dana", "binding_message": "arq_x" }), 403),
        ] {
            assert_eq!(send(&desk, &main(), &bearer, &body).await, status, "{body:.80}");
        }
        assert!(desk.bearers().await.is_empty());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_once_more_makes_nothing_and_another_is_refused() {
    tell(|desk| async move {
        let bearer = sign(&desk.fake().claims(), 0);
        for _ in 0..3 {
            assert_eq!(send(&desk, &main(), &bearer, &good()).await, 201);
        }
        assert_eq!(desk.bearers().await, [bearer.as_str()], "unchanged");
        let mut other = good();
        other["scope"] = json!("openid report:read");
        assert_eq!(send(&desk, &main(), &bearer, &other).await, 409);
        desk.office.settle().await;
        assert_eq!(desk.office.sandbox.messages("shop-approvals").len(), 1);
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing_is_granted() {
    tell(|desk| async move {
        desk.ask(&[("scope", "openid prod:orders:write report:read")]).await;
        let card = desk.office.newest("shop-approvals");
        let buttons: Vec<&str> = card.actions.iter().map(|button| button.label).collect();
        assert_eq!(buttons, ["Approve…", "Deny…", "Details"]);
        desk
    })
    .await;
}

/// The client has asked here first, where less can be granted.
#[tokio::test(flavor = "multi_thread")]
async fn less_than_keycloak_would_grant_is_a_no() {
    tell(|desk| async move {
        let mut both = write_prod();
        both["requested_access"]["scope"] = json!("prod:orders:write report:read");
        let asked = desk.office.ask(&both).await;
        let request = asked.body["task"]["id"].as_str().unwrap().to_owned();
        desk.office.settle().await;
        let scope = ("scope", "openid prod:orders:write report:read");
        let id = desk.ask(&[scope, ("binding_message", &request)]).await;
        for who in ["erin", "farid"] {
            let less = Answers::less(vec![0], None);
            let office = &desk.office;
            office.press_with(who, "shop-approvals", Verb::ApproveLess, less).await.unwrap();
        }
        desk.office.settle().await;
        desk.office.press("sam", "security", Verb::Approve).await.unwrap();
        desk.later(3).await;
        assert_eq!(desk.realm.poll(&id).await, Err("access_denied".to_owned()));
        let result = desk.office.get(&request).await.body["result"].clone();
        assert_eq!(result["granted_scope"], "prod:orders:write");
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_client_that_may_not_ask_nothing_is_opened_or_joined() {
    tell(|desk| async move {
        let asked = desk.office.ask(&write_prod()).await;
        let id = asked.body["task"]["id"].as_str().unwrap().to_owned();
        desk.office.settle().await;
        let Desk { office, realm, fake } = desk;
        let office =
            office.restart_with("\n    may: [read, result]", "api_keys: [{ env: OTHER_GATE_KEY }]");
        let desk = Desk { office: office.await, realm, fake };
        desk.connect();
        let mut joins = good();
        joins["binding_message"] = json!(id);
        let bearer = sign(&desk.fake().claims(), 0);
        assert_eq!(send(&desk, &main(), &bearer, &joins).await, 403);
        let opens = desk.ask(&[("binding_message", "other")]).await;
        for _ in 0..3 {
            desk.later(1).await;
        }
        assert_eq!(desk.realm.poll(&opens).await, Err("access_denied".to_owned()));
        assert_eq!(desk.office.sandbox.messages("shop-approvals").len(), 1, "the first alone");
        desk
    })
    .await;
}
