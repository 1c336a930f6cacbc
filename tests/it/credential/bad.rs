//! Whatever is wrong with a credential, the caller gets the same bytes and the log knows why.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::bank::{self, Bank, By, Spending, claimed};
use crate::office::{API_KEY, AUDITOR_KEY, BANK_KEY, Office, answer, client, tell};

const NO: &str = r#"{"active":false}"#;

async fn bytes(bank: &Bank, spending: &Spending<'_>) -> String {
    let url = format!("{}/access/v1/credentials/redeem", bank.url);
    let key = if spending.by == By::Bank { BANK_KEY } else { crate::office::OTHER_BANK_KEY };
    let request = client().post(url).bearer_auth(key).form(&spending.form());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_call_is_a_plain_no_and_the_log_knows_why() {
    tell(|office| async move {
        let (id, token) = claimed(&office).await;
        let bank = Bank::of(&office);
        let good = Spending::of(&token);
        let cases = [
            (Spending { by: By::OtherBank, ..good }, "wrong_audience"),
            (Spending { sid: Some("s-2"), ..good }, "wrong_session"),
            (Spending { sid: None, ..good }, "wrong_session"),
            (Spending { params_hash: "AAAA", ..good }, "wrong_parameters"),
            (Spending { client_id: Some("other"), ..good }, "wrong_client"),
        ];
        for (spending, why) in &cases {
            assert_eq!(bytes(&bank, spending).await, NO, "{why}");
        }
        assert_eq!(bank.refusals(&id).await, cases.map(|(_, why)| why));
        // A wrong server does not count; one more mismatch would have been the fifth.
        assert_eq!(bank.redeem(&good).await.body["active"], true);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_mismatches_revoke_it() {
    tell(|office| async move {
        let (id, token) = claimed(&office).await;
        let bank = Bank::of(&office);
        for number in 0..5 {
            let hash = format!("{number}");
            let wrong = Spending { params_hash: &hash, ..Spending::of(&token) };
            assert_eq!(bytes(&bank, &wrong).await, NO);
        }
        assert_eq!(bytes(&bank, &Spending::of(&token)).await, NO);
        let wrong = ["wrong_parameters"; 5].into_iter().chain(["revoked"]);
        assert_eq!(bank.refusals(&id).await, wrong.collect::<Vec<_>>());
        assert_eq!(office.get(&id).await.body["result"]["approval"]["status"], "live");
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_not_proven_is_the_wrong_key() {
    tell(|office| async move {
        let bank = Bank::of(&office);
        let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let mut body = bank::transfer(&office);
        body["credential"]["cnf"] = json!({ "jkt": jkt });
        let id = bank::approve(&office, &body).await;
        let claimed = bank.claim(&id, &json!({})).await;
        let token = claimed.body["credential"].as_str().unwrap();
        for cnf in [None, Some("other")] {
            assert_eq!(bytes(&bank, &Spending { cnf, ..Spending::of(token) }).await, NO);
        }
        let proven = Spending { cnf: Some(jkt), ..Spending::of(token) };
        assert_eq!(bank.redeem(&proven).await.body["active"], true);
        assert_eq!(bank.refusals(&id).await, ["wrong_key", "wrong_key"]);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

/// The token with another header or other claims, its signature kept.
fn forged(token: &str, part: usize, change: impl Fn(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[part]).unwrap()).unwrap();
    change(&mut value);
    parts[part] = URL_SAFE_NO_PAD.encode(value.to_string());
    parts.join(".")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_signed_as_a_credential_costs_no_write() {
    tell(|office| async move {
        let (id, token) = claimed(&office).await;
        let bank = Bank::of(&office);
        let state = office.get(&id).await.body["result"]["approval"]["state"].clone();
        let twice = {
            let mut parts: Vec<&str> = token.split('.').collect();
            let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
            let claims = URL_SAFE_NO_PAD.encode(claims.replacen('{', r#"{"aud":"x","#, 1));
            parts[1] = &claims;
            parts.join(".")
        };
        let bad = [
            String::new(),
            "a.b.c".to_owned(),
            API_KEY.to_owned(),
            state.as_str().expect("a token of another type").to_owned(),
            forged(&token, 0, |header| header["alg"] = json!("none")),
            forged(&token, 0, |header| header["kid"] = json!("other")),
            forged(&token, 0, |header| header["jwk"] = json!({})),
            forged(&token, 1, |claims| claims["exp"] = json!(9_999_999_999_u64)),
            forged(&token, 1, |claims| claims["amount"] = json!(9_007_199_254_740_993_u64)),
            twice,
            "x".repeat(20_000),
        ];
        let before = entries(&office).await;
        for token in &bad {
            assert_eq!(bytes(&bank, &Spending::of(token)).await, NO, "{token}");
            assert_eq!(bank.introspect(token).await.body, json!({ "active": false }));
        }
        assert_eq!(entries(&office).await, before);
        assert_eq!(bank.redeem(&Spending::of(&token)).await.body["active"], true);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

async fn entries(office: &Office) -> i64 {
    let count = sqlx::query_scalar("select count(*) from entry");
    count.fetch_one(&office.store().read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_redeems_but_a_resource_server() {
    tell(|office| async move {
        let (_, token) = claimed(&office).await;
        let bank = Bank::of(&office);
        let url = |path: &str| format!("{}/access/v1/{path}", office.url);
        for key in [API_KEY, AUDITOR_KEY, "cs_bank_wrong"] {
            let request = client().post(url("credentials/redeem")).bearer_auth(key);
            let refused = answer(request.form(&Spending::of(&token).form())).await;
            assert_eq!(refused.status, 401, "{}", refused.body);
        }
        let ask = client().post(url("requests")).bearer_auth(BANK_KEY);
        assert_eq!(answer(ask.json(&bank::transfer(&office))).await.status, 401);
        for form in [vec![], vec![("token", "x")], vec![("token", "x"), ("token", "y")]] {
            let request = client().post(url("credentials/redeem")).bearer_auth(BANK_KEY);
            let refused = answer(request.form(&form)).await;
            assert_eq!(refused.status, 400, "{}", refused.body);
        }
        let request = client().post(url("credentials/redeem")).bearer_auth(BANK_KEY);
        assert_eq!(answer(request.json(&json!({ "token": token }))).await.status, 400);
        assert_eq!(bank.introspect(&token).await.body["active"], true);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_cannot_be_is_refused_at_once() {
    tell(|office| async move {
        let cases = [
            (json!({ "type": "action", "aud": "https://nobody.example/" }), "resource_servers"),
            (json!({ "type": "scope", "aud": bank::AUD }), "credential.type"),
            (json!({ "type": "action" }), "aud"),
            (json!({ "type": "action", "aud": [bank::AUD] }), "credential.aud"),
            (json!({ "type": "action", "aud": bank::AUD, "ttl": 301 }), "ttl"),
            (json!({ "type": "action", "aud": bank::AUD, "ttl": 0 }), "ttl"),
            (json!({ "type": "action", "aud": bank::AUD, "cnf": { "jkt": "x" } }), "cnf"),
            (json!({ "type": "action", "aud": bank::AUD, "cnf": { "kid": "x" } }), "cnf"),
            (json!({ "type": "action", "aud": bank::AUD, "sid": "" }), "sid"),
            (json!({ "type": "action", "aud": bank::AUD, "colour": 1 }), "colour"),
        ];
        for (credential, what) in cases {
            let mut body = bank::transfer(&office);
            body["credential"] = credential;
            let refused = office.ask(&body).await;
            assert_eq!(refused.status, 400, "{}", refused.body);
            assert!(refused.body["detail"].as_str().unwrap().contains(what), "{}", refused.body);
        }
        let scopes = json!({
            "subject": { "type": "user", "id": "dana" },
            "requested_access": { "scope": "report:read" },
            "credential": { "type": "action", "aud": bank::AUD },
        });
        assert_eq!(office.ask(&scopes).await.status, 400);
        office
    })
    .await;
}
