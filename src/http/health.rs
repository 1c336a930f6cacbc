//! Honest health: alive is not ready, and ready means that a write would be durable now.

use std::time::{Duration, Instant};

use axum::{Json, extract::State, response::IntoResponse};
use metrics::gauge;
use serde::Serialize;
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{
    AppState, meter,
    problem::{Problem, ProblemDetails},
};
use crate::{
    clock::{AGREEMENT_US, Clock, Doubt},
    service::Service,
    store::backlog::Backlog,
};

/// How long an answer about the database holds, so that probes cost one write a second at most.
const FRESH: Duration = Duration::from_secs(1);

/// A database that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far the clock may have been set back behind what was acted on already: by somebody whose
/// clock was ahead as far as it may be, while this one is a little behind.
const SET_BACK_US: i64 = AGREEMENT_US + 30 * 1_000_000;

/// What makes the service ready, looked at not more than once a second.
#[derive(Debug)]
pub(super) struct Readiness {
    service: Service,
    stop: CancellationToken,
    last: Mutex<Option<(Instant, Result<(), &'static str>)>>,
}

/// The answer of a service that is alive or ready.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `alive` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether the process answers at all. Never touches the database.
#[utoipa::path(get, path = "/livez", tag = "health", security(()), responses(
    (status = 200, description = "The process answers", body = Health),
))]
pub(super) async fn livez() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// Whether requests can be taken: a write would be durable and the clock can be trusted.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, description = "Requests can be taken", body = Health),
    (status = 503, description = "They cannot; the detail says why", body = ProblemDetails,
     content_type = "application/problem+json"),
))]
pub(super) async fn readyz(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    match state.readiness.check().await {
        Ok(()) => Ok(Json(Health { status: "ready" })),
        Err(why) => Err(Problem::unavailable(why)),
    }
}

/// Counts and times for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()), responses(
    (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
))]
pub(super) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let parts = &state.service.parts;
    let now_us = parts.clock.now().as_microsecond();
    match timeout(PATIENCE, parts.store.backlog()).await {
        Ok(Ok(backlog)) => note(&backlog, now_us),
        Ok(Err(error)) => tracing::warn!(%error, "the outbox could not be counted"),
        Err(_) => tracing::warn!("the outbox could not be counted in time"),
    }
    match timeout(PATIENCE, parts.store.overdue_reviews(now_us)).await {
        Ok(Ok(overdue)) => gauge!(meter::REVIEWS_DUE).set(small(overdue)),
        Ok(Err(error)) => tracing::warn!(%error, "the reviews could not be counted"),
        Err(_) => tracing::warn!("the reviews could not be counted in time"),
    }
    state.metrics.run_upkeep();
    state.metrics.render()
}

fn note(backlog: &Backlog, now_us: i64) {
    let overdue_us = backlog.oldest_us.map_or(0, |oldest_us| now_us.saturating_sub(oldest_us));
    let overdue = Duration::from_micros(u64::try_from(overdue_us).unwrap_or(0));
    gauge!(meter::WAITING).set(small(backlog.waiting));
    gauge!(meter::WAITING_SECONDS).set(overdue.as_secs_f64());
    gauge!(meter::DEAD).set(small(backlog.dead));
}

fn small(count: i64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

impl Readiness {
    pub(super) fn new(service: Service, stop: CancellationToken) -> Self {
        Self { service, stop, last: Mutex::new(None) }
    }

    async fn check(&self) -> Result<(), &'static str> {
        if self.stop.is_cancelled() {
            return Err("the service is stopping: use another one");
        }
        check_clock(&self.service.parts.clock)?;
        self.check_store().await
    }

    async fn check_store(&self) -> Result<(), &'static str> {
        let mut last = self.last.lock().await;
        if let Some((at, verdict)) = *last
            && at.elapsed() < FRESH
        {
            return verdict;
        }
        let verdict = match timeout(PATIENCE, self.service.parts.store.check_writable()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the database takes no writes");
                Err("the database takes no writes: see the log of the service")
            }
            Err(_) => Err("the database did not take a write in time"),
        };
        *last = Some((Instant::now(), verdict));
        verdict
    }
}

fn check_clock(clock: &Clock) -> Result<(), &'static str> {
    match clock.doubt() {
        Some(Doubt::Ahead) => {
            Err("the clock of this machine is ahead of the database server's: correct it")
        }
        Some(Doubt::ActedAhead) => Err("the database remembers a later time than its server has: \
             correct that clock, or run `countersign clock --forget-later`"),
        None if clock.now().as_microsecond() - clock.raw_us() > SET_BACK_US => {
            Err("the clock of this machine was set back: correct it")
        }
        None => Ok(()),
    }
}
