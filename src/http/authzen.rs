//! The AuthZEN Authorization API: may this be done now? Looks up and answers at once; what people
//! would have to decide comes with all that is needed to ask them. Search is not offered.

mod batch;
mod evaluate;
mod metadata;
pub(super) mod plain;
mod schema;
pub(super) mod wire;

use axum::{body::Bytes, http::HeaderMap, routing::get};
use serde::de::DeserializeOwned;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AppState, problem::Problem, submit};

/// What this service can do beyond the API.
const ACCESS_REQUEST: &str = "urn:openid:authzen:capability:access-request";

const METADATA: &str = "/.well-known/authzen-configuration";

pub(super) fn for_clients() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(evaluate::evaluation))
        .routes(routes!(batch::evaluations))
        .routes(routes!(schema::schema))
}

pub(super) fn for_everybody() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(metadata::metadata))
        .route(&format!("{METADATA}/{{*path}}"), get(metadata::beneath))
}

/// A body as its type. The API knows one status for all that cannot be read.
fn body<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    if !submit::is_json(headers) {
        return Err(Problem::invalid("send the body as `content-type: application/json`"));
    }
    submit::json(headers, body)
}
