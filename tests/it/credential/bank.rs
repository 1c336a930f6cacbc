//! The bank: a resource server with the crate that we ship for one, and what stories do with it.

use countersign_port::card::Verb;
use countersign_verify::{
    call::Call, claims::Credential, hash, keys::Keys, refusal::Refused, verifier::Verifier,
};
use serde_json::{Value, json};

use crate::office::{
    API_KEY, AUDITOR_KEY, Answer, BANK_KEY, OTHER_BANK_KEY, Office, answer, client,
};

pub(crate) const AUD: &str = "https://bank.example/";

/// A small transfer in euro, which finance alone approves.
pub(crate) fn transfer(office: &Office) -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "pay-app", "name": "Pay App" },
        "action": { "name": "funds.transfer" },
        "resource": { "type": "account", "id": "acc-1" },
        "context": { "parameters": { "amount": "100.00", "currency": "EUR", "to": "acc-2" } },
        "credential": { "type": "action", "aud": AUD, "sid": "s-1" },
        "callback": { "endpoint": office.receiver.endpoint },
    })
}

/// What the bank is about to execute: the same, parsed by itself.
pub(crate) fn params_hash() -> String {
    let body = r#"{ "parameters": { "to": "acc-2", "currency": "EUR", "amount": "100.00" },
        "resource": { "id": "acc-1", "type": "account" }, "action": { "name": "funds.transfer" } }"#;
    hash::asked(body.as_bytes()).unwrap().params_hash().unwrap()
}

pub(crate) async fn approve(office: &Office, body: &Value) -> String {
    let asked = office.ask(body).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    office.settle().await;
    office.press("fay", "payments", Verb::Approve).await.unwrap();
    asked.body["task"]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn approved(office: &Office) -> String {
    approve(office, &transfer(office)).await
}

pub(crate) async fn claimed(office: &Office) -> (String, String) {
    let id = approved(office).await;
    let claimed = Bank::of(office).claim(&id, &json!({})).await;
    assert_eq!(claimed.status, 200, "{}", claimed.body);
    (id, claimed.body["credential"].as_str().unwrap().to_owned())
}

/// Stories about the bank do not look at the asking server.
pub(crate) async fn forget_events(office: &Office) {
    office.settle().await;
    office.receiver.read();
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Client,
    Bank,
    OtherBank,
}

impl By {
    fn key(self) -> &'static str {
        match self {
            Self::Client => API_KEY,
            Self::Bank => BANK_KEY,
            Self::OtherBank => OTHER_BANK_KEY,
        }
    }
}

/// A redemption.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spending<'a> {
    pub(crate) by: By,
    pub(crate) token: &'a str,
    pub(crate) params_hash: &'a str,
    pub(crate) sid: Option<&'a str>,
    pub(crate) ath: Option<&'a str>,
    pub(crate) cnf: Option<&'a str>,
    pub(crate) sub: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

impl<'a> Spending<'a> {
    /// As it should be for [`transfer`].
    pub(crate) fn of(token: &'a str) -> Self {
        static HASH: std::sync::LazyLock<String> = std::sync::LazyLock::new(params_hash);
        Self {
            by: By::Bank,
            token,
            params_hash: &HASH,
            sid: Some("s-1"),
            ath: None,
            cnf: None,
            sub: Some("dana"),
            client_id: Some("pay-app"),
            key: None,
        }
    }

    pub(crate) fn form(&self) -> Vec<(&'static str, &'a str)> {
        let more = [
            ("sid", self.sid),
            ("ath", self.ath),
            ("cnf", self.cnf),
            ("sub", self.sub),
            ("client_id", self.client_id),
        ];
        let needed = [("token", self.token), ("params_hash", self.params_hash)];
        let given = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        needed.into_iter().chain(given).collect()
    }
}

/// The bank, beside an office.
#[derive(Debug)]
pub(crate) struct Bank {
    pub(crate) url: String,
    now: i64,
}

impl Bank {
    pub(crate) fn of(office: &Office) -> Self {
        Self { url: office.url.clone(), now: office.clock.now().as_second() }
    }

    pub(crate) async fn claim(&self, id: &str, body: &Value) -> Answer {
        let url = format!("{}/access/v1/requests/{id}/credential", self.url);
        answer(client().post(url).bearer_auth(API_KEY).json(body)).await
    }

    pub(crate) async fn redeem(&self, spending: &Spending<'_>) -> Answer {
        let url = format!("{}/access/v1/credentials/redeem", self.url);
        let mut request = client().post(url).bearer_auth(spending.by.key());
        if let Some(key) = spending.key {
            request = request.header("idempotency-key", key);
        }
        answer(request.form(&spending.form())).await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        self.form(By::Bank, "introspect", token).await
    }

    pub(crate) async fn revoke(&self, by: By, token: &str) -> Answer {
        self.form(by, "revoke", token).await
    }

    async fn form(&self, by: By, what: &str, token: &str) -> Answer {
        let url = format!("{}/access/v1/credentials/{what}", self.url);
        answer(client().post(url).bearer_auth(by.key()).form(&[("token", token)])).await
    }

    pub(crate) async fn keys(&self) -> Keys {
        let keys =
            client().get(format!("{}/.well-known/jwks.json", self.url)).send().await.unwrap();
        assert_eq!(keys.headers()["cache-control"], "public, max-age=300");
        Keys::parse(&keys.bytes().await.unwrap()).unwrap()
    }

    /// Without asking the service, but for its keys.
    pub(crate) async fn verify(&self, token: &str) -> Result<Credential, Refused> {
        let verifier = Verifier {
            issuer: "https://countersign.example".to_owned(),
            audience: AUD.to_owned(),
            keys: self.keys().await,
        };
        let call =
            Call { subject: "dana", client_id: "pay-app", sid: Some("s-1"), ath: None, key: None };
        verifier.verify(token, &call, &params_hash(), self.now)
    }

    /// Why the log says that redemptions of a request were refused, oldest first.
    pub(crate) async fn refusals(&self, id: &str) -> Vec<String> {
        let url = format!("{}/audit/v1/entries?kind=credential_refused&limit=500", self.url);
        let log = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
        assert_eq!(log.status, 200, "{}", log.body);
        let entries = log.body["items"].as_array().unwrap().iter().map(|entry| &entry["leaf"]);
        let mut own: Vec<&Value> = entries.filter(|leaf| leaf["request_id"] == id).collect();
        own.sort_by_key(|leaf| leaf["seq"].as_i64());
        own.iter().map(|leaf| leaf["facts"]["why"].as_str().unwrap().to_owned()).collect()
    }
}
