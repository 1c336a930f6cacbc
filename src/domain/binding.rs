//! What an approval is bound to, as AuthZEN's access request profile hashes it: subject, resource and
//! action as whole objects, and exactly the members of the context that are named here.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_port::text::Untrusted;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    audit::canonical,
    client::Mode,
    request::{AccessRequest, Item, Subject},
};

/// The members of the context that bind.
pub const MEMBERS: [&str; 4] = ["scope", "authorization_details", "environment", "parameters"];

/// Those of them that an approver cannot leave out.
const FIXED: [&str; 2] = ["environment", "parameters"];

/// A hash, and the members of the context that are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub hash: String,
    pub context_members: Vec<String>,
}

/// What an evaluation was about, or an item of a request that answers it, exactly as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Tuple {
    pub subject: Map<String, Value>,
    pub resource: Map<String, Value>,
    pub action: Map<String, Value>,
    pub context: Map<String, Value>,
}

impl Tuple {
    /// All that binds.
    pub fn binding(&self) -> Binding {
        self.with_members(&MEMBERS)
    }

    /// The hash without what an approver may leave out.
    pub fn frame(&self) -> String {
        self.with_members(&FIXED).hash
    }

    fn with_members(&self, names: &[&str]) -> Binding {
        let mut context = self.context.clone();
        context.retain(|member, _| names.contains(&member.as_str()));
        let mut context_members: Vec<String> = context.keys().cloned().collect();
        context_members.sort();
        let bound = json!({
            "subject": without_actor(&self.subject),
            "resource": self.resource,
            "action": self.action,
            "context": context,
        });
        Binding { hash: sha256(&bound), context_members }
    }
}

/// Who acts for the subject is bound apart: one side names them in the subject, the other beside it.
fn without_actor(subject: &Map<String, Value>) -> Map<String, Value> {
    let mut subject = subject.clone();
    if let Some(Value::Object(properties)) = subject.get_mut("properties")
        && properties.remove("act").is_some()
        && properties.is_empty()
    {
        subject.remove("properties");
    }
    subject
}

/// What the approval of a request of a client in direct mode is found by when the same is
/// evaluated: everything that decides but scopes and details, which an approver may leave out.
pub fn frame(request: &AccessRequest) -> Option<String> {
    let ([item], Mode::Direct) = (request.items.as_slice(), request.binding.mode) else {
        return None;
    };
    let Subject { kind, id, sid, .. } = &request.subject;
    Some(sha256(&json!({
        "integrator": request.integrator,
        "client": request.client.id,
        "actor": request.client.actor,
        "subject": { "type": kind, "id": id, "sid": sid },
        "resource": item.resource,
        "action": item.action,
        "environment": request.context.environment,
        "parameters": request.context.parameters,
    })))
}

fn sha256(bound: &Value) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical(bound)))
}

/// The binding of a request.
pub fn binding(request: &AccessRequest) -> Binding {
    let context = context(request);
    let context_members = context.keys().cloned().collect();
    let items: Vec<Value> = request.items.iter().map(item).collect();
    let mut bound = Map::new();
    match items.as_slice() {
        [Value::Object(single)] => bound.extend(single.clone()),
        _ => {
            bound.insert("items".to_owned(), Value::Array(items));
        }
    }
    bound.insert("subject".to_owned(), subject(&request.subject));
    bound.insert("context".to_owned(), Value::Object(context));
    Binding { hash: sha256(&Value::Object(bound)), context_members }
}

fn item(item: &Item) -> Value {
    json!({ "resource": item.resource, "action": item.action })
}

fn subject(subject: &Subject) -> Value {
    let mut properties = Map::new();
    let texts = [
        ("name", subject.name.as_ref().map(Untrusted::as_received)),
        ("email", subject.email.as_deref()),
        ("sid", subject.sid.as_deref()),
    ];
    for (name, text) in texts {
        properties.extend(text.map(|text| (name.to_owned(), Value::from(text))));
    }
    for (name, claims) in [("groups", &subject.groups), ("roles", &subject.roles)] {
        if !claims.is_empty() {
            properties.insert(name.to_owned(), json!(claims));
        }
    }
    let mut members = Map::from_iter([
        ("type".to_owned(), Value::from(subject.kind.clone())),
        ("id".to_owned(), Value::from(subject.id.clone())),
    ]);
    if !properties.is_empty() {
        members.insert("properties".to_owned(), Value::Object(properties));
    }
    Value::Object(members)
}

fn context(request: &AccessRequest) -> Map<String, Value> {
    let wanted = || request.items.iter().map(|item| &item.requested);
    let scopes: Vec<&str> = wanted().flat_map(|own| &own.scopes).map(String::as_str).collect();
    let details: Vec<_> = wanted().flat_map(|own| &own.authorization_details).collect();
    let parameters = &request.context.parameters;
    let values = [
        (!scopes.is_empty()).then(|| Value::from(scopes.join(" "))),
        (!details.is_empty()).then(|| json!(details)),
        request.context.environment.clone().map(Value::from),
        (!parameters.is_empty()).then(|| Value::Object(parameters.clone())),
    ];
    let named = MEMBERS.into_iter().zip(values);
    named.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn the_published_example_has_its_hash() {
        let mut request = fixture::request(1, 1);
        request.subject = serde_json::from_value(json!({
            "type": "user", "id": "ana@example.com",
        }))
        .unwrap();
        request.items = serde_json::from_value(json!([{
            "resource": { "type": "oauth_client", "id": "crm-sync" },
            "action": { "name": "grant_scope" },
            "requested": { "scopes": ["customer_data:read", "customer_data:write"] },
        }]))
        .unwrap();
        request.context = serde_json::from_value(json!({ "environment": "prod" })).unwrap();
        let binding = binding(&request);
        assert_eq!(binding.hash, "vZD_I4Ec6c0o4iEbzcR8fejWCDWrVr4sKbTcwbEEOME");
        assert_eq!(binding.context_members, ["environment", "scope"]);
    }

    fn tuple() -> Tuple {
        serde_json::from_value(json!({
            "subject": { "type": "user", "id": "ana@example.com" },
            "resource": { "type": "oauth_client", "id": "crm-sync" },
            "action": { "name": "grant_scope" },
            "context": { "scope": "customer_data:read customer_data:write", "environment": "prod" },
        }))
        .unwrap()
    }

    /// A tuple with one member replaced.
    fn with(path: &str, value: Value) -> Tuple {
        let Tuple { subject, resource, action, context } = tuple();
        let mut whole = json!({ "subject": subject, "resource": resource, "action": action, "context": context });
        let (parent, name) = path.rsplit_once('/').unwrap();
        whole.pointer_mut(parent).unwrap()[name] = value;
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn what_was_sent_has_the_hash_of_the_published_example() {
        assert_eq!(tuple().binding().hash, "vZD_I4Ec6c0o4iEbzcR8fejWCDWrVr4sKbTcwbEEOME");
        assert_eq!(tuple().binding().context_members, ["environment", "scope"]);
    }

    #[test]
    fn every_member_that_binds_changes_the_hash() {
        let good = tuple().binding().hash;
        for (path, value) in [
            ("/subject/type", json!("service")),
            ("/subject/properties", json!({ "department": "sales" })),
            ("/subject/future", json!(1)),
            ("/resource/id", json!("crm-sync ")),
            ("/action/properties", json!({ "soft": true })),
            ("/context/scope", json!("customer_data:write customer_data:read")),
            ("/context/environment", json!(null)),
            ("/context/parameters", json!({})),
            ("/context/authorization_details", json!([])),
        ] {
            assert_ne!(with(path, value).binding().hash, good, "{path}");
        }
        for (path, value) in [
            ("/context/time", json!("2026-11-23T09:00:00Z")),
            ("/context/approval", json!({ "id": "apr_1" })),
            ("/context/reason", json!("approval_required")),
            ("/subject/properties", json!({ "act": { "sub": "bot" } })),
        ] {
            assert_eq!(with(path, value).binding().hash, good, "{path}");
        }
    }

    #[test]
    fn equal_is_of_one_type_and_the_same_code_points_in_the_same_order() {
        let hash = |value: &str| {
            let value: Value = serde_json::from_str(value).unwrap();
            with("/context/parameters", json!({ "x": value })).binding().hash
        };
        for (one, other) in [("1", "1.0"), ("100", "1e2"), (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#)]
        {
            assert_eq!(hash(one), hash(other), "{one} {other}");
        }
        for (one, other) in [
            ("1", r#""1""#),
            ("[1,2]", "[2,1]"),
            ("null", "{}"),
            ("0", "false"),
            // An accent of its own, and one that is part of the letter.
            (r#""\u00e9""#, r#""e\u0301""#),
        ] {
            assert_ne!(hash(one), hash(other), "{one} {other}");
        }
    }

    #[test]
    fn an_approver_may_leave_out_scopes_and_details_and_nothing_else() {
        let frame = tuple().frame();
        for path in ["/context/scope", "/context/authorization_details"] {
            assert_eq!(with(path, json!("less")).frame(), frame, "{path}");
        }
        for path in ["/context/environment", "/context/parameters", "/resource/id", "/subject/id"] {
            assert_ne!(with(path, json!("other")).frame(), frame, "{path}");
        }
    }
}
