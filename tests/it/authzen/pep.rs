//! Whoever enforces: asks whether something may be done, and has people asked where it may not.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::office::{
    API_KEY, Answer, GATE_KEY, NEW_GATE_KEY, OTHER_GATE_KEY, Office, answer, client,
};

/// A client of the service.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// In direct mode.
    Shop,
    /// In the mode of the access request profile.
    Gate,
    OtherGate,
    /// The same with another key.
    OtherGateAnew,
}

impl By {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Shop => API_KEY,
            Self::Gate => GATE_KEY,
            Self::OtherGate => OTHER_GATE_KEY,
            Self::OtherGateAnew => NEW_GATE_KEY,
        }
    }
}

/// A call to a path of the service.
pub(super) fn call(office: &Office, by: By, path: &str) -> RequestBuilder {
    client().post(format!("{}{path}", office.url)).bearer_auth(by.key())
}

pub(super) async fn evaluate(office: &Office, by: By, question: &Value) -> Answer {
    let answer = answer(call(office, by, "/access/v1/evaluation").json(question)).await;
    if answer.status == 200 {
        well_formed(&answer.body);
    }
    answer
}

pub(super) async fn evaluate_all(office: &Office, by: By, questions: &Value) -> Answer {
    let answer = answer(call(office, by, "/access/v1/evaluations").json(questions)).await;
    for one in answer.body["evaluations"].as_array().into_iter().flatten() {
        well_formed(one);
    }
    answer
}

/// What the API's schema of an answer says, and that nothing is `null`.
fn well_formed(answer: &Value) {
    assert!(answer["decision"].is_boolean(), "{answer}");
    if let Some(context) = answer.get("context") {
        assert!(context.is_object(), "{answer}");
    }
    assert!(!answer.to_string().contains(":null"), "{answer}");
    if let Some(asking) = answer["context"].get("access_request") {
        assert_eq!(answer["decision"], false);
        assert!(asking["endpoint"].as_str().unwrap().starts_with("https://"));
        assert!(asking["expires_at"].as_str().unwrap().ends_with('Z'));
        assert!(asking["binding_token"].is_string());
        assert_eq!(answer["context"]["next_action"], "request");
    }
}

/// May the shop change live orders? Two leads and security have to agree.
pub(super) fn write_orders() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "grant_scope" },
        "resource": { "type": "oauth_client", "id": "shop-admin" },
        "context": { "scope": "prod:orders:write" },
    })
}

/// May Dana pay? Finance has to agree.
pub(super) fn pay() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "funds.transfer" },
        "resource": { "type": "account", "id": "acc-1" },
        "context": { "parameters": { "amount": "100.00", "currency": "EUR", "to": "acc-2" } },
    })
}

/// May the shop read reports? The policy says yes at once.
pub(super) fn read_reports() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "grant_scope" },
        "resource": { "type": "oauth_client", "id": "shop-admin" },
        "context": { "scope": "report:read" },
    })
}

/// A question with one member replaced; taken out where the value is `null`.
pub(super) fn with(question: &Value, path: &str, value: Value) -> Value {
    let mut question = question.clone();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let members = question.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    members.remove(name);
    if !value.is_null() {
        members.insert(name.to_owned(), value);
    }
    question
}

/// Decision, reason, what to do next, and whether people can be asked.
pub(super) fn verdict(answer: &Answer) -> (bool, &str, &str, bool) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let context = &answer.body["context"];
    let text = |name: &str| context[name].as_str().unwrap_or_default();
    let decision = answer.body["decision"].as_bool().unwrap();
    (decision, text("reason"), text("next_action"), context.get("access_request").is_some())
}

pub(super) const YES: (bool, &str, &str, bool) = (true, "", "", false);
pub(super) const ASK: (bool, &str, &str, bool) = (false, "approval_required", "request", true);
pub(super) const NEVER: (bool, &str, &str, bool) = (false, "policy_denied", "none", false);

/// What a client sends to have people asked about a denial.
pub(super) fn request_of(question: &Value, denial: &Answer) -> Value {
    let mut body = question.clone();
    body["denial"] = denial_of(denial);
    body["context"]["urn:countersign:justification"] = json!("Fix the duplicates of this morning");
    body
}

/// What a denial says of itself, as it is given back.
pub(super) fn denial_of(denial: &Answer) -> Value {
    let context = &denial.body["context"];
    json!({
        "evaluation_id": context["evaluation_id"],
        "expires_at": context["access_request"]["expires_at"],
        "binding_token": context["access_request"]["binding_token"],
        "reason": context["reason"],
        "evaluated_at": context["evaluated_at"],
    })
}

pub(super) async fn submit(office: &Office, by: By, body: &Value) -> Answer {
    answer(call(office, by, "/access/v1/requests").json(body)).await
}

pub(super) async fn submit_as(office: &Office, by: By, key: &str, body: &Value) -> Answer {
    let request = call(office, by, "/access/v1/requests").header("idempotency-key", key);
    answer(request.json(body)).await
}

pub(super) async fn follow(office: &Office, by: By, id: &str) -> Answer {
    let url = format!("{}/access/v1/requests/{id}", office.url);
    answer(client().get(url).bearer_auth(by.key())).await
}

/// Has it denied, and people asked.
pub(super) async fn asked(office: &Office, by: By, question: &Value) -> Answer {
    let denial = evaluate(office, by, question).await;
    submit(office, by, &request_of(question, &denial)).await
}

/// The kind of a problem of the profile.
pub(super) fn problem(answer: &Answer) -> (u16, &str) {
    let kind = answer.problem();
    let short = kind.strip_prefix("urn:openid:authzen:access-request:error:");
    (answer.status, short.or(kind.strip_prefix("urn:countersign:error:")).unwrap())
}
