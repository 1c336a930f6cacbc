//! How a call is answered, in good and in bad weather.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    Core,
    fault::{Call, Fault},
    serve::Line,
    state::Called,
};

/// What came of a call: status and body.
pub(crate) type Done = Result<(u16, Value), Refused>;

/// The connector said no, with the code that it has for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
}

impl Refused {
    pub(crate) const fn new(status: u16, code: &'static str) -> Self {
        Self { status, code }
    }
}

/// Lets a call happen, unless something befalls it, and remembers it.
pub(crate) async fn befall(
    core: &Core,
    line: &Line,
    heard: Heard,
    act: impl FnOnce() -> Response,
) -> Response {
    let response = weathered(core, line, heard.call, act).await;
    let Heard { call, path, body } = heard;
    let status = response.status().as_u16();
    core.state().calls.push(Called { call, path, body, status });
    response
}

/// A call as it came in.
pub(crate) struct Heard {
    pub(crate) call: Call,
    pub(crate) path: String,
    pub(crate) body: Value,
}

async fn weathered(
    core: &Core,
    line: &Line,
    call: Call,
    act: impl FnOnce() -> Response,
) -> Response {
    let fault = core.state().faults.draw(call);
    match fault {
        None => act(),
        Some(Fault::RateLimited { retry_after_s }) => limited(retry_after_s),
        Some(Fault::Status(status)) => refused(Refused::new(status, "ServiceError")),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Closed) => match line.hang_up().await {},
        Some(Fault::ReplyLost) => {
            drop(act());
            match line.hang_up().await {}
        }
        Some(Fault::Slow(time)) => {
            let response = act();
            tokio::time::sleep(time).await;
            response
        }
    }
}

/// The response that carries what came of a call.
pub(crate) fn response(done: Done) -> Response {
    match done {
        Ok((status, body)) => (code(status), Json(body)).into_response(),
        Err(refusal) => refused(refusal),
    }
}

/// Too many messages.
pub(crate) fn limited(seconds: u64) -> Response {
    let mut response = refused(Refused::new(429, "Throttled"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn refused(Refused { status, code: name }: Refused) -> Response {
    let body = json!({ "error": { "code": name, "message": "as the story wants it" } });
    (code(status), Json(body)).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
