//! One user or group: described, read, described anew, patched, taken away.

use std::time::Duration;

use axum::{
    extract::{Path, Request, State},
    http::Uri,
    response::Response,
};
use countersign_port::body::{self, Unread};
use serde_json::Value;
use tokio::time::timeout;

use super::{
    Provider,
    answer::{Failed, created, good, nothing_to_say, shown},
    list,
};
use crate::{
    domain::scim::{
        Fault, FaultKind,
        projection::Projection,
        resource::{Kind, Resource},
    },
    http::AppState,
    service::scim::Change,
    store::scim::Kept,
};

/// A group with all its members, some 40 000 of them.
const MAX_BYTES: usize = 4 * 1024 * 1024;

const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn create(
    kind: Kind,
    State(state): State<AppState>,
    provider: Provider,
    request: Request,
) -> Result<Response, Failed> {
    let resource = Resource::parse(kind, &read(request).await?)?;
    let kept = state.service.scim_create(&provider.id, resource).await?;
    Ok(created(&all_of(&state, &kept)))
}

pub(super) async fn get(
    kind: Kind,
    State(state): State<AppState>,
    provider: Provider,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Failed> {
    let projection = list::projection(&uri)?;
    let store = &state.service.parts.store;
    let kept = store.scim_one(&provider.id, kind, &id).await.map_err(Fault::from)?;
    let unknown = || {
        let kind = kind.as_str().to_lowercase();
        Fault::new(FaultKind::NotFound, format!("there is no {kind} `{id}`"))
    };
    Ok(good(&shown(&state.service.parts.public_url, &kept.ok_or_else(unknown)?, &projection)))
}

pub(super) async fn replace(
    kind: Kind,
    State(state): State<AppState>,
    provider: Provider,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failed> {
    let resource = Resource::parse(kind, &read(request).await?)?;
    let change = Change::Whole(resource);
    let kept = state.service.scim_change(&provider.id, (kind, &id), change).await?;
    Ok(good(&all_of(&state, &kept)))
}

/// A group may have thousands of members, and who changed it knows which.
pub(super) async fn patch(
    kind: Kind,
    State(state): State<AppState>,
    provider: Provider,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failed> {
    let change = Change::Patch(read(request).await?);
    let kept = state.service.scim_change(&provider.id, (kind, &id), change).await?;
    Ok(match kind {
        Kind::User => good(&all_of(&state, &kept)),
        Kind::Group => nothing_to_say(),
    })
}

pub(super) async fn delete(
    kind: Kind,
    State(state): State<AppState>,
    provider: Provider,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    state.service.scim_delete(&provider.id, kind, &id).await?;
    Ok(nothing_to_say())
}

fn all_of(state: &AppState, kept: &Kept) -> Value {
    shown(&state.service.parts.public_url, kept, &Projection::Whole)
}

async fn read(request: Request) -> Result<Value, Fault> {
    let (parts, body) = request.into_parts();
    let broken = |detail: &str| Fault::new(FaultKind::InvalidSyntax, detail);
    let bytes = match timeout(PATIENCE, body::read(&parts.headers, body, MAX_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(Unread::TooLarge)) => {
            let detail = "the body is longer than 4 MiB: send members in several patches";
            return Err(Fault::new(FaultKind::TooLarge, detail));
        }
        Ok(Err(Unread::Broken)) => return Err(broken("the body broke off: send it again")),
        Err(_) => return Err(broken("the body did not arrive in time: send it again")),
    };
    serde_json::from_slice(&bytes).map_err(|error| broken(&format!("this is not JSON: {error}")))
}
