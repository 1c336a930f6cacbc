//! What this service says of itself: RFC 7644 §4.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    Provider,
    answer::{Failed, good, listed},
};
use crate::{
    domain::scim::{Fault, FaultKind},
    http::AppState,
};

const CONFIG: &str = include_str!("service_provider_config.json");
const SCHEMAS: &str = include_str!("schemas.json");
const RESOURCE_TYPES: &str = include_str!("resource_types.json");

pub(super) async fn config(State(state): State<AppState>, _: Provider) -> Response {
    let mut config: Value = serde_json::from_str(CONFIG).unwrap_or_default();
    locate(&mut config, &state, "ServiceProviderConfig", "ServiceProviderConfig");
    good(&config)
}

pub(super) async fn schemas(State(state): State<AppState>, _: Provider) -> Response {
    all(&state, SCHEMAS, "Schema", "Schemas")
}

pub(super) async fn schema(
    State(state): State<AppState>,
    _: Provider,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    one(&state, SCHEMAS, ("Schema", "Schemas"), &id)
}

pub(super) async fn resource_types(State(state): State<AppState>, _: Provider) -> Response {
    all(&state, RESOURCE_TYPES, "ResourceType", "ResourceTypes")
}

pub(super) async fn resource_type(
    State(state): State<AppState>,
    _: Provider,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    one(&state, RESOURCE_TYPES, ("ResourceType", "ResourceTypes"), &id)
}

fn all(state: &AppState, text: &str, kind: &str, plural: &str) -> Response {
    let found = located(state, text, kind, plural);
    listed(i64::try_from(found.len()).unwrap_or(i64::MAX), 1, &found)
}

fn one(
    state: &AppState,
    text: &str,
    (kind, plural): (&str, &str),
    id: &str,
) -> Result<Response, Failed> {
    let mut found = located(state, text, kind, plural).into_iter();
    let found = found.find(|one| one.get("id").and_then(Value::as_str) == Some(id));
    let unknown = || Fault::new(FaultKind::NotFound, format!("there is no {kind} `{id}`"));
    Ok(good(&found.ok_or_else(unknown)?))
}

fn located(state: &AppState, text: &str, kind: &str, plural: &str) -> Vec<Value> {
    let mut found: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    for one in &mut found {
        let id = one.get("id").and_then(Value::as_str).unwrap_or_default();
        let place = format!("{plural}/{id}");
        locate(one, state, kind, &place);
    }
    found
}

fn locate(one: &mut Value, state: &AppState, kind: &str, place: &str) {
    let location = format!("{}/scim/v2/{place}", state.service.parts.public_url);
    if let Value::Object(one) = one {
        let meta = json!({ "resourceType": kind, "location": location });
        one.insert("meta".to_owned(), meta);
    }
}
