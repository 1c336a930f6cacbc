//! What there is, and where: the metadata of the decision point.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::ACCESS_REQUEST;
use crate::http::{AppState, problem};

const FRESH: &str = "public, max-age=300";

/// The addresses of the decision point.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Metadata {
    /// Its identifier: the public address of this service.
    #[schema(example = "https://countersign.example.com")]
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    /// Where people are asked. Absent where denials cannot be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_request_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    capabilities: Vec<&'static str>,
}

/// Whether people can be asked about a denial: what is signed can be proven later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Offered,
    Absent,
}

impl Metadata {
    fn of(public_url: &str, asking: Asking) -> Self {
        let at = |path: &str| format!("{public_url}{path}");
        let is_signing = asking == Asking::Offered;
        Self {
            policy_decision_point: at(""),
            access_evaluation_endpoint: at("/access/v1/evaluation"),
            access_evaluations_endpoint: at("/access/v1/evaluations"),
            access_request_endpoint: is_signing.then(|| at("/access/v1/requests")),
            jwks_uri: is_signing.then(|| at("/.well-known/jwks.json")),
            capabilities: is_signing.then_some(ACCESS_REQUEST).into_iter().collect(),
        }
    }
}

/// The metadata of the decision point. Where the public address has a path, it stands here behind
/// the well-known one.
#[utoipa::path(
    get,
    path = "/.well-known/authzen-configuration",
    tag = "authzen",
    security(()),
    responses((status = 200, description = "What there is, and where", body = Metadata)),
)]
pub(super) async fn metadata(State(state): State<AppState>) -> Response {
    let fresh = [(header::CACHE_CONTROL, HeaderValue::from_static(FRESH))];
    let parts = &state.service.parts;
    let asking = if parts.signing.is_set_up() { Asking::Offered } else { Asking::Absent };
    (fresh, Json(Metadata::of(&parts.public_url, asking))).into_response()
}

/// The same, for a public address with this path.
pub(super) async fn beneath(State(state): State<AppState>, Path(path): Path<String>) -> Response {
    if !is_path_of(&state.service.parts.public_url, &path) {
        return problem::NOTHING.into_response();
    }
    metadata(State(state)).await
}

fn is_path_of(public_url: &str, path: &str) -> bool {
    Url::parse(public_url).is_ok_and(|url| url.path().trim_matches('/') == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_public_address_stands_behind_the_well_known_one() {
        assert!(is_path_of("https://h.example/tenant", "tenant"));
        assert!(is_path_of("https://h.example/a/b", "a/b"));
        for (url, path) in [("https://h.example", "tenant"), ("https://h.example/tenant", "other")]
        {
            assert!(!is_path_of(url, path), "{url} {path}");
        }
    }

    #[test]
    fn what_cannot_be_signed_is_not_offered() {
        let metadata = Metadata::of("https://h.example/tenant", Asking::Absent);
        let metadata = serde_json::to_value(metadata).unwrap();
        let expected = serde_json::json!({
            "policy_decision_point": "https://h.example/tenant",
            "access_evaluation_endpoint": "https://h.example/tenant/access/v1/evaluation",
            "access_evaluations_endpoint": "https://h.example/tenant/access/v1/evaluations",
        });
        assert_eq!(metadata, expected);
    }
}
