//! SCIM 2.0 at `/scim/v2`: where providers tell of people and groups. The whole router, and how its
//! answers look; what is told is the service's business. It describes itself, as SCIM does, and so
//! is not in the OpenAPI document.

mod answer;
mod discovery;
mod list;
mod resources;

use axum::{
    Router,
    extract::{FromRequestParts, Request},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};

use self::answer::Failed;
use super::{AppState, caller};
use crate::domain::scim::{Fault, FaultKind, resource::Kind};

/// The provider that calls, proven by its API key.
#[derive(Debug, Clone)]
struct Provider {
    id: String,
}

/// What providers may call.
pub(super) fn routes() -> Router<AppState> {
    let all = |kind: Kind| {
        get(move |state, provider, uri| list::list(kind, state, provider, uri))
            .post(move |state, provider, request| resources::create(kind, state, provider, request))
    };
    let one = |kind: Kind| {
        get(move |state, provider, path, uri| resources::get(kind, state, provider, path, uri))
            .put(move |state, provider, path, request| {
                resources::replace(kind, state, provider, path, request)
            })
            .patch(move |state, provider, path, request| {
                resources::patch(kind, state, provider, path, request)
            })
            .delete(move |state, provider, path| resources::delete(kind, state, provider, path))
    };
    Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(discovery::config))
        .route("/scim/v2/Schemas", get(discovery::schemas))
        .route("/scim/v2/Schemas/{id}", get(discovery::schema))
        .route("/scim/v2/ResourceTypes", get(discovery::resource_types))
        .route("/scim/v2/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/scim/v2/Users", all(Kind::User))
        .route("/scim/v2/Users/{id}", one(Kind::User))
        .route("/scim/v2/Groups", all(Kind::Group))
        .route("/scim/v2/Groups/{id}", one(Kind::Group))
        .route("/scim/v2/Me", any(not_supported))
        .route("/scim/v2/Bulk", any(not_supported))
        .route("/scim/v2/.search", any(not_supported))
        .route("/scim/v2/{*rest}", any(nothing))
        .layer(middleware::from_fn(worded))
}

async fn not_supported(_: Provider) -> Failed {
    let detail = "this is not supported: see /scim/v2/ServiceProviderConfig for what is";
    Fault::new(FaultKind::NotSupported, detail).into()
}

async fn nothing(_: Provider) -> Failed {
    Fault::new(FaultKind::NotFound, "there is nothing at this address").into()
}

/// What the router itself refuses is said in the words of SCIM.
async fn worded(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let (parts, _) = response.into_parts();
    let mut worded = Failed::not_allowed().into_response();
    worded.headers_mut().extend(
        parts.headers.into_iter().filter(|(name, _)| {
            name.as_ref().is_some_and(|name| name == axum::http::header::ALLOW)
        }),
    );
    worded
}

impl FromRequestParts<AppState> for Provider {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failed> {
        admitted(state, &parts.headers)
    }
}

fn admitted(state: &AppState, headers: &HeaderMap) -> Result<Provider, Failed> {
    match caller::provider(state, headers) {
        Ok(id) => Ok(Provider { id: id.to_string() }),
        Err(caller::NotAdmitted::Stranger) => {
            let detail = "send the API key of this provider as `authorization: Bearer …`";
            Err(Fault::new(FaultKind::Stranger, detail).into())
        }
        Err(caller::NotAdmitted::TooFast(seconds)) => {
            Err(Failed::after(Fault::new(FaultKind::TooFast, "too fast: slow down"), seconds))
        }
    }
}
