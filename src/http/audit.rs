//! Read decisions and the log: a page of JSON, or everything as a stream of lines. Reads go to the
//! log of the service, not yet to the audit log.

mod query;
mod wanted;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    query::{Paging, Query},
    wanted::Wanted,
};
use super::{
    AppState,
    caller::Auditor,
    problem::{Problem, ProblemDetails},
};
use crate::{
    refusal::Refusal,
    store::{
        cursor::Position,
        decisions::Decision,
        entries::LogEntry,
        export::{self, Decisions, Entries, Format, Search},
        filter::{EntryFilter, Filter},
    },
};

/// What auditors may ask.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(decisions)).routes(routes!(entries))
}

/// A page of the history, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct History<T> {
    /// May be fewer than `limit`, even none, where much was looked at and little fits.
    items: Vec<T>,
    /// Give it back as `cursor` for what comes next; `null` at the end, and only there.
    next_cursor: Option<String>,
}

/// How requests ended, newest first. As `text/csv` or `application/x-ndjson` it is everything that
/// fits, as a stream.
#[utoipa::path(
    get,
    path = "/audit/v1/decisions",
    tag = "audit",
    params(Filter, Paging),
    responses(
        (status = 200, description = "A page, or a stream", content(
            (History<Decision> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        (status = 400, description = "A filter does not fit, or the cursor belongs to others",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
async fn decisions(
    State(state): State<AppState>,
    auditor: Auditor,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut query = Query::of(&uri);
    let search = Decisions { filter: query.take()? };
    let paging = query.take()?;
    query.finish()?;
    answer(&state, &auditor, search, &paging, &headers).await
}

/// The entries of the audit log, newest first; filters of requests find the entries about them. As
/// `text/csv` or `application/x-ndjson` it is everything that fits, as a stream.
#[utoipa::path(
    get,
    path = "/audit/v1/entries",
    tag = "audit",
    params(Filter, EntryFilter, Paging),
    responses(
        (status = 200, description = "A page, or a stream", content(
            (History<LogEntry> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        (status = 400, description = "A filter does not fit, or the cursor belongs to others",
         body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
async fn entries(
    State(state): State<AppState>,
    auditor: Auditor,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut query = Query::of(&uri);
    let search = Entries { filter: query.take()?, own: query.take()? };
    let paging = query.take()?;
    query.finish()?;
    answer(&state, &auditor, search, &paging, &headers).await
}

async fn answer<S: Search + 'static>(
    state: &AppState,
    auditor: &Auditor,
    search: S,
    paging: &Paging,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(headers);
    tracing::info!(auditor.id = %auditor.id, audit.form = ?wanted, "the history is read");
    match wanted {
        Wanted::Page => page(state, &search, paging).await,
        Wanted::Csv => stream(state, search, paging, Format::Csv, "text/csv; charset=utf-8"),
        Wanted::Ndjson => stream(state, search, paging, Format::Ndjson, "application/x-ndjson"),
    }
}

async fn page<S: Search>(
    state: &AppState,
    search: &S,
    paging: &Paging,
) -> Result<Response, Problem> {
    let below = paging.below(search)?;
    let limit = paging.limit()?;
    let pool = &state.service.parts.store.read;
    let found = search.page(pool, below, limit).await.map_err(Refusal::from)?;
    let next_cursor = found.next.as_ref().map(|next: &Position| next.encode(search));
    Ok(Json(History { items: found.items, next_cursor }).into_response())
}

/// An error in the middle breaks the connection off, so that half a file never looks whole.
fn stream<S: Search + 'static>(
    state: &AppState,
    search: S,
    paging: &Paging,
    format: Format,
    content_type: &'static str,
) -> Result<Response, Problem> {
    paging.refuse()?;
    let pool = state.service.parts.store.read.clone();
    let lines = export::lines(pool, search, format)
        .map_ok(|lines| lines.text)
        .inspect_err(|error| tracing::error!(%error, "an export broke off"));
    let mut response = Body::from_stream(lines).into_response();
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}
