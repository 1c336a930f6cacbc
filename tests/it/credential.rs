//! The single-use credential: claimed by the client, redeemed once by the bank, and by nobody else.

mod bad;
pub(crate) mod bank;
mod canary;
mod online;
mod race;
pub(crate) mod revoke;
mod state;

use countersign_port::card::Verb;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    credential::bank::{Bank, Spending, approved, transfer},
    office::tell,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_transfer_is_claimed_and_redeemed_once() {
    tell(|office| async move {
        let id = approved(&office).await;
        let bank = Bank::of(&office);
        let task = office.get(&id).await;
        let endpoint = task.body["result"]["credential_endpoint"].as_str().unwrap();
        assert!(endpoint.ends_with(&format!("{id}/credential")), "{endpoint}");
        let claimed = bank.claim(&id, &json!({})).await;
        assert_eq!(claimed.status, 200, "{}", claimed.body);
        assert_eq!(claimed.headers["cache-control"], "no-store");
        assert_eq!(claimed.body["expires_in"], 60);
        let token = claimed.body["credential"].as_str().unwrap();
        let verified = bank.verify(token).await.unwrap();
        assert_eq!(verified.jti, claimed.body["jti"].as_str().unwrap());
        assert_eq!(verified.txn, id);
        assert_eq!(verified.authorization_details[0].identifier, "acc-1");

        let again = bank.claim(&id, &json!({})).await;
        assert_eq!((again.status, again.problem()), (409, "urn:countersign:error:not_claimable"));
        let alive = bank.introspect(token).await;
        assert_eq!(alive.body["active"], true, "{}", alive.body);
        let done = bank.redeem(&Spending::of(token)).await;
        assert_eq!((done.status, &done.body["active"]), (200, &json!(true)), "{}", done.body);
        assert_eq!(done.body["jti"], claimed.body["jti"]);
        assert_eq!(done.body["sub"], "dana");
        assert_eq!(bank.redeem(&Spending::of(token)).await.body, json!({ "active": false }));
        assert_eq!(bank.introspect(token).await.body, json!({ "active": false }));

        let task = office.get(&id).await;
        assert_eq!(task.body["task"]["status"], "approved");
        assert_eq!(task.body["result"]["approval"]["status"], "used");
        assert!(task.body["result"].get("credential_endpoint").is_none());
        assert_eq!(bank.claim(&id, &json!({})).await.status, 409);
        office.settle().await;
        let events = office.receiver.events();
        assert_eq!(events, ["access_request.approved", "approval.used"]);
        assert_eq!(bank.refusals(&id).await, ["replayed"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_does_not_burn_the_action() {
    tell(|office| async move {
        let (_, token) = bank::claimed(&office).await;
        let bank = Bank::of(&office);
        let with_key = Spending { key: Some("k-1"), ..Spending::of(&token) };
        let first = bank.redeem(&with_key).await;
        assert_eq!(first.body["active"], true);
        assert_eq!(bank.redeem(&with_key).await.body, first.body);
        let other_key = Spending { key: Some("k-2"), ..Spending::of(&token) };
        assert_eq!(bank.redeem(&other_key).await.body, json!({ "active": false }));
        let other_call = Spending { params_hash: "x", ..with_key };
        assert_eq!(bank.redeem(&other_call).await.body, json!({ "active": false }));
        office.advance(SignedDuration::from_secs(30)).await;
        assert_eq!(bank.redeem(&with_key).await.body, json!({ "active": false }));
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_expired_unredeemed_can_be_claimed_once_more() {
    tell(|office| async move {
        let (id, first) = bank::claimed(&office).await;
        let bank = Bank::of(&office);
        office.advance(SignedDuration::from_secs(60)).await;
        assert_eq!(bank.redeem(&Spending::of(&first)).await.body, json!({ "active": false }));
        let second = bank.claim(&id, &json!({})).await;
        assert_eq!(second.status, 200, "{}", second.body);
        office.advance(SignedDuration::from_secs(60)).await;
        let third = bank.claim(&id, &json!({})).await;
        assert_eq!((third.status, third.problem()), (409, "urn:countersign:error:not_claimable"));
        assert_eq!(bank.refusals(&id).await, ["expired"]);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_and_bank_can_revoke_and_nobody_else() {
    tell(|office| async move {
        let bank = Bank::of(&office);
        for who in [bank::By::Client, bank::By::Bank] {
            let (id, token) = bank::claimed(&office).await;
            assert_eq!(bank.revoke(bank::By::OtherBank, &token).await.status, 200);
            assert_eq!(bank.introspect(&token).await.body["active"], true);
            assert_eq!(bank.revoke(who, &token).await.status, 200);
            assert_eq!(bank.redeem(&Spending::of(&token)).await.body, json!({ "active": false }));
            assert_eq!(bank.claim(&id, &json!({})).await.status, 409, "it was withdrawn for good");
            assert_eq!(bank.refusals(&id).await, ["revoked"]);
        }
        assert_eq!(bank.revoke(bank::By::Bank, "no token").await.status, 200);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_lapsed_has_no_credential() {
    tell(|office| async move {
        let bank = Bank::of(&office);
        let id = approved(&office).await;
        office.settle().await;
        office.receiver.read();
        // Taken up by its callback, it lives for an hour.
        office.advance(SignedDuration::from_hours(1)).await;
        let late = bank.claim(&id, &json!({})).await;
        assert_eq!((late.status, late.problem()), (409, "urn:countersign:error:not_claimable"));
        assert!(late.body["detail"].as_str().unwrap().contains("lapsed"), "{}", late.body);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_approved_action_has_nothing_to_claim() {
    tell(|office| async move {
        let bank = Bank::of(&office);
        let mut plain = transfer(&office);
        plain.as_object_mut().unwrap().remove("credential");
        for (body, why) in [(transfer(&office), "pending"), (plain, "did not ask for one")] {
            let asked = office.ask(&body).await;
            let id = asked.body["task"]["id"].as_str().unwrap();
            let refused = bank.claim(id, &json!({})).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
            assert!(refused.body["detail"].as_str().unwrap().contains(why), "{}", refused.body);
        }
        let unknown = bank.claim("arq_00000000000000000000000000", &json!({})).await;
        assert_eq!(unknown.status, 404);
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        bank::forget_events(&office).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_would_be_bound_to_nothing_is_refused() {
    tell(|office| async move {
        let bank = Bank::of(&office);
        let mut body = transfer(&office);
        body["credential"].as_object_mut().unwrap().remove("sid");
        let id = bank::approve(&office, &body).await;
        let refused = bank.claim(&id, &json!({})).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (403, "urn:countersign:error:forbidden_claim")
        );
        let malformed = bank.claim(&id, &json!({ "ath": "short" })).await;
        assert_eq!(malformed.status, 400);
        let ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
        let claimed = bank.claim(&id, &json!({ "ath": ath })).await;
        assert_eq!(claimed.status, 200, "{}", claimed.body);
        let token = claimed.body["credential"].as_str().unwrap();
        let without = Spending { sid: None, ..Spending::of(token) };
        assert_eq!(bank.redeem(&without).await.body, json!({ "active": false }));
        let with = Spending { ath: Some(ath), ..without };
        assert_eq!(bank.redeem(&with).await.body["active"], true);
        bank::forget_events(&office).await;
        office
    })
    .await;
}
