//! No credential is ever logged: a process that logs all it can gives one, sees it redeemed and
//! refused, and is asked about it. What must not be there is then looked for in its log.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::bank::AUD;
use crate::{
    office::{API_KEY, Answer, BANK_KEY, answer, client},
    running::{Running, flushing},
};

const SESSION: &str = "canary-session-0123456789";
const IDEMPOTENCY: &str = "canary-key-0123456789";

fn write(folder: &Path) -> PathBuf {
    let config = format!(
        r#"
listen: 127.0.0.1:0
public_url: https://countersign.example
database: "sqlite:{}"
encryption_key: {{ env: ENCRYPTION_KEY }}
clients: [{{ id: shop, api_keys: [{{ env: API_KEY }}], scopes: ["*"] }}]
resource_servers: [{{ id: "{AUD}", api_keys: [{{ env: BANK_KEY }}] }}]
"#,
        folder.join("it.db").display()
    );
    flushing(folder, &config)
}

async fn post(url: String, body: &Value) -> Answer {
    answer(client().post(url).bearer_auth(API_KEY).json(body)).await
}

async fn form(url: String, pairs: &[(&str, &str)]) -> Answer {
    let request = client().post(url).bearer_auth(BANK_KEY).header("idempotency-key", IDEMPOTENCY);
    answer(request.form(pairs)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_is_in_the_log_of_a_process_that_logs_all_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(folder.path());
    let sealing = STANDARD.encode([7; 32]);
    let environment = vec![
        ("RUST_LOG", "trace".to_owned()),
        ("API_KEY", API_KEY.to_owned()),
        ("BANK_KEY", BANK_KEY.to_owned()),
        ("ENCRYPTION_KEY", sealing.clone()),
    ];
    let start = move || Running::start(&config, &environment);
    let running = tokio::task::spawn_blocking(start).await.unwrap();
    let url = running.url.clone();
    let asked = json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "cache.flush" },
        "resource": { "type": "cache", "id": "1" },
        "credential": { "type": "action", "aud": AUD, "sid": SESSION },
    });
    let asked = post(format!("{url}/access/v1/requests"), &asked).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    let id = asked.body["task"]["id"].as_str().unwrap();
    let state = asked.body["result"]["approval"]["state"].as_str().unwrap();
    let claimed = post(format!("{url}/access/v1/requests/{id}/credential"), &json!({})).await;
    let token = claimed.body["credential"].as_str().unwrap();
    let hash = claimed_hash(token);
    let redeem = format!("{url}/access/v1/credentials/redeem");
    let good = [("token", token), ("params_hash", hash.as_str()), ("sid", SESSION)];
    let forged = format!("{token}x");
    let bad = [("token", forged.as_str()), ("params_hash", "x"), ("sid", SESSION)];
    assert_eq!(form(redeem.clone(), &bad).await.body, json!({ "active": false }));
    assert_eq!(form(redeem, &good).await.body["active"], true);
    for what in ["introspect", "revoke"] {
        let url = format!("{url}/access/v1/credentials/{what}");
        assert_eq!(form(url, &[("token", token)]).await.status, 200);
    }

    let log = tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
    assert!(log.contains("a credential was refused"), "it logs at all: {log}");
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for (what, secret) in [
        ("the credential", signature(token)),
        ("its claims", token.split('.').nth(1).unwrap().to_owned()),
        ("the approval's proof", signature(state)),
        ("the session", SESSION.to_owned()),
        ("the idempotency key", IDEMPOTENCY.to_owned()),
        ("the API key", API_KEY.to_owned()),
        ("the bank's key", BANK_KEY.to_owned()),
        ("the sealing key", sealing),
        ("a signing key", "MIGHAgEAMBMGByqGSM49AgEG".to_owned()),
    ] {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{what} is in the log");
    }
}

/// The hash that the credential itself names.
fn claimed_hash(token: &str) -> String {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["authorization_details"][0]["params_hash"].as_str().unwrap().to_owned()
}
