//! From AuthZEN's words to those of a request: what of a question can be asked for.

use serde_json::{Map, Value, json};

use crate::domain::{
    binding::Tuple,
    client::{Claims, Client},
    request::GRANT_SCOPE,
};

/// The type of the resource that scopes are for.
const OAUTH_CLIENT: &str = "oauth_client";

/// What would be asked for, in the words of this API.
pub(in crate::http) fn asked(tuple: &Tuple, client: &Client) -> Value {
    let mut plain = item(tuple);
    plain.insert("subject".to_owned(), Value::Object(subject(&tuple.subject, client)));
    plain.insert("context".to_owned(), Value::Object(chosen(&tuple.context, &FIXED)));
    let actor = tuple.subject.get("properties").and_then(|own| own.get("act")).map(actor);
    if let Some(asking) = asking(tuple, client, actor) {
        plain.insert("client".to_owned(), asking);
    }
    Value::Object(plain)
}

/// Action, resource, and the scopes and details of the context.
pub(in crate::http) fn item(tuple: &Tuple) -> Map<String, Value> {
    let entity = |own, names: &[&str]| Value::Object(chosen(own, names));
    Map::from_iter([
        ("action".to_owned(), entity(&tuple.action, &["name", "properties"])),
        ("resource".to_owned(), entity(&tuple.resource, &["type", "id", "properties"])),
        (
            "requested_access".to_owned(),
            entity(&tuple.context, &["scope", "authorization_details"]),
        ),
    ])
}

/// What of the context decides, beside scopes and details.
const FIXED: [&str; 2] = ["environment", "parameters"];

/// What is known of the subject. What is of another type is not known; groups and roles are passed
/// on only where they are believed.
pub(in crate::http) fn subject(
    subject: &Map<String, Value>,
    client: &Client,
) -> Map<String, Value> {
    let mut plain = chosen(subject, &["type", "id"]);
    let Some(Value::Object(own)) = subject.get("properties") else { return plain };
    let mut properties = chosen(own, &["name", "email", "sid"]);
    properties.retain(|_, value| value.is_string());
    if client.claims == Claims::Believed {
        properties.extend(chosen(own, &["groups", "roles"]));
    }
    plain.insert("properties".to_owned(), Value::Object(properties));
    plain
}

/// Who acts for the subject: RFC 8693 has other names for it.
pub(in crate::http) fn actor(act: &Value) -> Value {
    let Value::Object(act) = link(act) else { return act.clone() };
    let renamed = act.into_iter().map(|(name, value)| match name.as_str() {
        "sub" => ("id".to_owned(), value),
        "iss" => ("issuer".to_owned(), value),
        _ => (name, value),
    });
    Value::Object(renamed.collect())
}

/// A link of a chain, and all that follow, with what is known of links.
pub(in crate::http) fn link(act: &Value) -> Value {
    let Value::Object(own) = act else { return act.clone() };
    let mut known = chosen(own, &["sub", "iss", "act"]);
    if let Some(next) = known.get_mut("act") {
        *next = link(next);
    }
    Value::Object(known)
}

/// The OAuth client that wants it: of scopes the resource, otherwise the one that the context names,
/// otherwise the caller itself.
pub(in crate::http) fn asking(
    tuple: &Tuple,
    client: &Client,
    actor: Option<Value>,
) -> Option<Value> {
    let is = |own: &Map<String, Value>, name: &str, text: &str| {
        own.get(name).and_then(Value::as_str) == Some(text)
    };
    let is_for_client =
        is(&tuple.action, "name", GRANT_SCOPE) && is(&tuple.resource, "type", OAUTH_CLIENT);
    let named =
        if is_for_client { tuple.resource.get("id") } else { tuple.context.get("client_id") };
    let mut asking = match named {
        Some(id) => json!({ "id": id }),
        None if actor.is_some() => json!({ "id": client.id, "name": client.name }),
        None => return None,
    };
    if let (Value::Object(members), Some(actor)) = (&mut asking, actor) {
        members.insert("actor".to_owned(), actor);
    }
    Some(asking)
}

/// Some members of an object.
pub(in crate::http) fn chosen(own: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let found = names.iter().filter_map(|name| own.get_key_value(*name));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}
