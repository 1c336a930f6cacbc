//! Metrics: what is counted at the edge and how it is described. Labels are closed lists: routes
//! are patterns, never paths.

use std::{sync::OnceLock, time::Duration};

use axum::http::Method;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{domain::outcome::Status, reload::Reloaded};

const REQUESTS: &str = "countersign_http_requests_total";
const SECONDS: &str = "countersign_http_request_seconds";
const OUTCOMES: &str = "countersign_outcomes_total";
const CALLBACKS: &str = "countersign_callbacks_total";
const EVALUATIONS: &str = "countersign_evaluations_total";
const CARDS_GIVEN_UP: &str = "countersign_cards_given_up_total";
pub(super) const WAITING: &str = "countersign_outbox_waiting";
pub(super) const WAITING_SECONDS: &str = "countersign_outbox_oldest_seconds";
pub(super) const DEAD: &str = "countersign_outbox_dead";
const REVIEWS_OVERDUE: &str = "countersign_reviews_overdue_total";
pub(super) const REVIEWS_DUE: &str = "countersign_reviews_overdue";

const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0, 60.0];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// The recorder of the process; the first call puts it in place.
pub fn recorder() -> PrometheusHandle {
    RECORDER.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let builder = PrometheusBuilder::new();
    // Only an empty list of buckets is refused.
    let builder = builder.set_buckets(&BUCKETS).unwrap_or_default();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another recorder of metrics is in place: ours stays empty");
    }
    describe();
    begin_at_zero();
    handle
}

fn describe() {
    describe_counter!(REQUESTS, "Answers by method, route and status.");
    describe_histogram!(SECONDS, Unit::Seconds, "Time to answer by route, long polls included.");
    describe_counter!("countersign_requests_opened_total", "Requests that were accepted.");
    describe_counter!(EVALUATIONS, "Evaluations, by decision.");
    describe_counter!("countersign_votes_total", "Clicks that count, by verdict.");
    describe_counter!("countersign_votes_refused_total", "Clicks by people we know, by why not.");
    describe_counter!(OUTCOMES, "Requests that ended, by status.");
    describe_counter!(CALLBACKS, "Attempts to call back, by result.");
    describe_counter!(CARDS_GIVEN_UP, "Cards that a channel did not take and will not.");
    describe_counter!(
        "countersign_policy_reloads_total",
        "Attempts to replace the policy, by result."
    );
    describe_gauge!(
        "countersign_policy_refused",
        "1 while the files hold a policy that was refused."
    );
    describe_gauge!(WAITING, "Cards and callbacks that are due and not delivered.");
    describe_gauge!(WAITING_SECONDS, Unit::Seconds, "How long the oldest of them is overdue.");
    describe_gauge!(DEAD, "Messages that were given up.");
    describe_counter!("countersign_reviews_opened_total", "Reviews that came to be owed.");
    describe_counter!(REVIEWS_OVERDUE, "Reviews that were not given in time.");
    describe_counter!("countersign_reviews_total", "Reviews that were given, by judgement.");
    describe_gauge!(REVIEWS_DUE, "Reviews that are overdue now.");
}

/// Counts an answer to a question.
pub(super) fn evaluated(decision: bool) {
    let decision = if decision { "yes" } else { "no" };
    metrics::counter!(EVALUATIONS, "decision" => decision).increment(1);
}

/// A rate can only be seen to rise from a zero that was there before.
fn begin_at_zero() {
    for status in Status::ENDS {
        metrics::counter!(OUTCOMES, "status" => status.as_str()).increment(0);
    }
    for result in ["delivered", "retry", "dead"] {
        metrics::counter!(CALLBACKS, "result" => result).increment(0);
    }
    for result in Reloaded::ALL {
        metrics::counter!("countersign_policy_reloads_total", "result" => result.as_str())
            .increment(0);
    }
    metrics::gauge!("countersign_policy_refused").set(0.0);
    metrics::counter!(CARDS_GIVEN_UP).increment(0);
    metrics::counter!(REVIEWS_OVERDUE).increment(0);
}

/// The method as a label.
pub(super) fn method(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
    ];
    const NAMES: [&str; 7] = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"];
    let known = KNOWN.iter().zip(NAMES).find(|(known, _)| *known == method);
    known.map_or("other", |(_, name)| name)
}

pub(super) fn count(method: &'static str, route: &str, status: u16, took: Duration) {
    let labels = [
        ("method", method.to_owned()),
        ("route", route.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(SECONDS, "route" => route.to_owned()).record(took);
}
