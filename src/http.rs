//! The HTTP API: the whole router, and what every answer has in common. Handlers parse, ask the
//! service and word its answer; nothing here touches the ledger or the tables of requests.

pub mod audit;
pub mod authzen;
pub mod caller;
pub mod credential;
pub mod document;
pub mod edge;
pub mod follow;
pub mod health;
pub mod meter;
pub mod prefer;
pub mod problem;
mod room;
mod scim;
pub mod serve;
pub mod submit;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{Router, middleware};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{caller::registry::Registry, health::Readiness, room::Room};
use crate::service::Service;

/// What the handlers work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    pub service: Service,
    pub registry: Arc<Registry>,
    readiness: Arc<Readiness>,
    metrics: PrometheusHandle,
    room: Room,
}

impl AppState {
    /// Once `stop` is cancelled the service says that it is not ready.
    pub fn new(
        service: Service,
        registry: Registry,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> Self {
        let readiness = Arc::new(Readiness::new(service.clone(), stop));
        Self { service, registry: Arc::new(registry), readiness, metrics, room: Room::new() }
    }
}

/// The whole service. `ingress` holds the routes of the adapters, which authenticate for
/// themselves.
pub fn router(state: &AppState, ingress: Router) -> Router {
    let admit = middleware::from_fn_with_state(state.clone(), caller::admit);
    let (api, document) = OpenApiRouter::with_openapi(document::preamble())
        .merge(for_clients().route_layer(admit))
        .merge(for_everybody())
        .split_for_parts();
    let router = Router::new()
        .merge(api.with_state(state.clone()))
        .merge(scim::routes().with_state(state.clone()))
        .merge(document::routes(&document))
        .merge(ingress);
    edge::around(router, state)
}

/// The OpenAPI document of the whole service.
pub fn document() -> OpenApi {
    OpenApiRouter::with_openapi(document::preamble())
        .merge(for_clients())
        .merge(for_everybody())
        .into_openapi()
}

/// Behind [`caller::admit`]: one of the registered clients or resource servers.
fn for_clients() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(submit::submit))
        .routes(routes!(follow::follow))
        .routes(routes!(follow::cancel))
        .merge(credential::routes())
        .merge(authzen::for_clients())
}

/// What needs no proof, or asks for its own.
fn for_everybody() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(credential::jwks))
        .merge(authzen::for_everybody())
        .merge(audit::routes())
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}
