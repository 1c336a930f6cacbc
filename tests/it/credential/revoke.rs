//! An operator takes back what was approved, beside a running service.

use countersign::clock::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    credential::bank::{self, Bank, Spending, transfer},
    office::{AUDITOR_KEY, ENCRYPTION_KEY, Office, answer, client, tell},
    running::{Said, run},
};

pub(crate) async fn revoke(office: &Office, id: &str, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.yaml");
    let config = format!(
        "listen: 127.0.0.1:0\npublic_url: https://countersign.example\n\
         database: \"{}\"\nencryption_key: {{ env: KEY }}\n",
        office.database_url()
    );
    std::fs::write(&path, config).unwrap();
    let arguments = [&["revoke", id, "--config", path.to_str().unwrap()], more].concat();
    run(&arguments, &[("KEY", ENCRYPTION_KEY.to_owned())]).await
}

async fn entries(office: &Office, kind: &str) -> Vec<Value> {
    let url = format!("{}/audit/v1/entries?kind={kind}", office.url);
    let log = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
    log.body["items"].as_array().unwrap().clone()
}

/// The command goes by the clock of the machine, which is ahead of the office.
async fn catch_up(office: &Office) {
    let ahead = Clock::system().now().duration_since(office.clock.now());
    office.advance(ahead.max(SignedDuration::ZERO) + SignedDuration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_takes_an_approval_back_and_its_credential_with_it() {
    tell(|office| async move {
        let (id, token) = bank::claimed(&office).await;
        let bank = Bank::of(&office);
        let said =
            revoke(&office, &id, &["--reason", "wrong account", "--by", "olga", "--json"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let line: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!((&line["id"], &line["status"]), (&json!(id), &json!("revoked")));
        assert_eq!(line["credentials"].as_array().unwrap().len(), 1);

        assert_eq!(bank.redeem(&Spending::of(&token)).await.body, json!({ "active": false }));
        assert_eq!(bank.refusals(&id).await, ["revoked"]);
        assert_eq!(bank.claim(&id, &json!({})).await.status, 409);
        let task = office.get(&id).await;
        assert_eq!(task.body["task"]["status"], "approved", "the decision stays what it was");
        assert_eq!(task.body["result"]["approval"]["status"], "revoked");
        catch_up(&office).await;
        office.settle().await;
        let events = office.receiver.events();
        assert_eq!(events, ["access_request.approved", "approval.revoked"]);

        let entries = entries(&office, "approval_revoked").await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["leaf"]["actor"], "operator");
        let payload = &entries[0]["payload"];
        assert_eq!(
            (&payload["name"], &payload["reason"]),
            (&json!("olga"), &json!("wrong account"))
        );
        let again = revoke(&office, &id, &[]).await;
        assert_eq!(again.code, Some(1));
        assert!(again.err.contains("the approval is `revoked` already"), "{}", again.err);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_approved_is_not_revoked() {
    tell(|office| async move {
        let asked = office.ask(&transfer(&office)).await;
        let pending = asked.body["task"]["id"].as_str().unwrap().to_owned();
        let nobodys = format!("arq_{}", "0".repeat(26));
        for (id, why) in [
            (pending.as_str(), "the request is `pending`, so that there is no approval"),
            (nobodys.as_str(), "there is no request `arq_0"),
            ("act_1", "arq_"),
        ] {
            let said = revoke(&office, id, &[]).await;
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
            assert!(said.err.contains(why), "{}", said.err);
        }
        assert!(entries(&office, "approval_revoked").await.is_empty());
        assert_eq!(office.get(&pending).await.body["task"]["status"], "pending");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_redemption_and_a_revocation_at_once_one_wins() {
    tell(|office| async move {
        for _ in 0..4 {
            let (id, token) = bank::claimed(&office).await;
            let bank = Bank::of(&office);
            let spending = Spending::of(&token);
            let (said, redeemed) = tokio::join!(revoke(&office, &id, &[]), bank.redeem(&spending));
            let was_redeemed = redeemed.body["active"] == true;
            assert_eq!(said.code, Some(i32::from(was_redeemed)), "{said:?} {}", redeemed.body);
            let status = office.get(&id).await.body["result"]["approval"]["status"].clone();
            assert_eq!(status, if was_redeemed { "used" } else { "revoked" });
        }
        catch_up(&office).await;
        bank::forget_events(&office).await;
        office
    })
    .await;
}
