//! What an approval is bound to, as AuthZEN's access request profile hashes it: subject, resource and
//! action as whole objects, and exactly the members of the context that are named here.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_port::text::Untrusted;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    audit::canonical,
    request::{AccessRequest, Item, Subject},
};

/// The members of the context that bind.
pub const MEMBERS: [&str; 4] = ["scope", "authorization_details", "environment", "parameters"];

/// A hash, and the members of the context that are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub hash: String,
    pub context_members: Vec<String>,
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
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical(&bound)));
    Binding { hash, context_members }
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
}
