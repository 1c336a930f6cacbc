//! The door of the Web API: reads a call, lets a fault strike, checks token and scope, runs the
//! method and answers in Slack's manner.

pub(crate) mod arguments;
pub(crate) mod chat;
mod connections;
mod conversations;
mod directory;
mod method;
mod oauth;
pub(crate) mod view;

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, Request, State as Shared},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::{Value, json};

use self::{
    arguments::{Arguments, Body},
    method::{Bodies, Method, Needs},
};
use crate::{
    Core,
    fault::Fault,
    install::Installation,
    respond::{self, Refused, Said},
    serve::Line,
    state::{Call, State},
};

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// Nobody that Slack asks to know.
    Unnamed,
    /// The app itself, by its `xapp-` token.
    App,
    /// The bot of an installation, by one of its tokens.
    Bot { installation: usize, token: String },
}

/// One call while it is being done.
pub(crate) struct Turn<'a> {
    pub(crate) core: &'a Core,
    pub(crate) state: &'a mut State,
    pub(crate) now: Timestamp,
    pub(crate) arguments: &'a Arguments,
    pub(crate) caller: Caller,
}

impl Turn<'_> {
    /// The installation whose token was sent.
    pub(crate) fn installation(&self) -> Result<Installation, Refused> {
        let Caller::Bot { installation, .. } = self.caller else {
            return Err("not_allowed_token_type".into());
        };
        self.state.installations.get(installation).cloned().ok_or_else(|| "invalid_auth".into())
    }

    pub(crate) fn require(&self, scope: &str) -> Result<(), Refused> {
        let installation = self.installation()?;
        if installation.has(scope) {
            Ok(())
        } else {
            Err(Refused::scope(scope, &installation.scopes))
        }
    }
}

/// Answers one call.
pub(crate) async fn answer(
    Shared(core): Shared<Arc<Core>>,
    Extension(line): Extension<Line>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let body = match Body::read(request).await {
        Ok(body) => body,
        Err(refused) => return json_response(&refused.json(), HeaderMap::new()),
    };
    let Some(method) = method::named(&name) else {
        core.state().remark(format!("a call of the unknown method {name}"));
        let unknown = json!({ "ok": false, "error": "unknown_method", "req_method": name });
        return json_response(&unknown, HeaderMap::new());
    };
    let fault = core.state().faults.draw(&name, body.channel());
    match fault {
        None => perform(&core, method, body),
        Some(Fault::Slow(pause)) => {
            let response = perform(&core, method, body);
            tokio::time::sleep(pause).await;
            response
        }
        Some(Fault::ReplyLost) => {
            perform(&core, method, body);
            match line.hang_up().await {}
        }
        Some(fault) => strike(fault, &line).await,
    }
}

/// The faults that do nothing else.
pub(crate) async fn strike(fault: Fault, line: &Line) -> Response {
    match fault {
        Fault::RateLimited { retry_after_s } => refuse(&Refused::rate_limited(retry_after_s)),
        Fault::Error(error) => refuse(&Refused::from(error.as_str())),
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            (status, "server error").into_response()
        }
        Fault::Hang => std::future::pending().await,
        Fault::Closed | Fault::ReplyLost | Fault::Slow(_) => match line.hang_up().await {},
    }
}

fn perform(core: &Core, method: &Method, body: Body) -> Response {
    let (now, mut state) = (core.now(), core.state());
    let state = &mut *state;
    let caller = identify(state, &body, now);
    let arguments = match method.bodies {
        Bodies::FormAlone if body.is_json => Arguments::default(),
        Bodies::FormAlone | Bodies::Either => body.arguments,
    };
    // Slack's SDK names the workspace in every call; the token of an organisation needs it.
    let is_known = |name: &&str| *name == "team_id" || method.arguments.contains(name);
    for unknown in arguments.names().filter(|name| !is_known(name)) {
        state.remarks.push(format!("{} does not know the argument {unknown}", method.name));
    }
    let scopes = scope_headers(state, &caller, method);
    let outcome = caller.and_then(|caller| {
        let mut turn = Turn { core, state, now, arguments: &arguments, caller };
        admit(&turn, method)?;
        (method.run)(&mut turn)
    });
    let error = outcome.as_ref().err().map(|refused| refused.error.clone());
    let arguments = arguments.into_json();
    state.calls.push(Call { method: method.name.to_owned(), arguments, error });
    let mut response = match outcome {
        Ok(said) => json_response(&respond::ok(warned(said, body.lacks_charset)), scopes),
        Err(refused) => {
            let mut response = refuse(&refused);
            response.headers_mut().extend(scopes);
            response
        }
    };
    response.headers_mut().extend(date(now));
    response
}

/// By this Slack's clock: whoever compares theirs with it reads this.
fn date(now: Timestamp) -> Option<(HeaderName, HeaderValue)> {
    let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    Some((header::DATE, HeaderValue::from_str(&text).ok()?))
}

fn identify(state: &State, body: &Body, now: Timestamp) -> Result<Caller, Refused> {
    let Some(token) = &body.token else { return Ok(Caller::Unnamed) };
    if *token == state.app.app_token {
        return Ok(Caller::App);
    }
    let found = state.installation_of(token);
    let Some((index, installation)) =
        found.and_then(|index| Some((index, state.installations.get(index)?)))
    else {
        return Err("invalid_auth".into());
    };
    match installation.objection(token, now) {
        Some(error) => Err(error.into()),
        None => Ok(Caller::Bot { installation: index, token: token.clone() }),
    }
}

/// Whether this caller may call that method at all.
fn admit(turn: &Turn<'_>, method: &Method) -> Result<(), Refused> {
    match (&method.needs, &turn.caller) {
        (Needs::Nobody, _) | (Needs::App, Caller::App) | (Needs::Bot, Caller::Bot { .. }) => Ok(()),
        (Needs::Scope(scope), Caller::Bot { .. }) => turn.require(scope),
        (Needs::App | Needs::Bot | Needs::Scope(_), Caller::Unnamed) => Err("not_authed".into()),
        (Needs::App | Needs::Bot | Needs::Scope(_), Caller::App | Caller::Bot { .. }) => {
            Err("not_allowed_token_type".into())
        }
    }
}

/// A JSON body that does not say its character set is taken, with a warning.
fn warned(mut said: Said, lacks_charset: bool) -> Said {
    if lacks_charset {
        said.insert("warning".to_owned(), "missing_charset".into());
        let metadata = said.entry("response_metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("warnings".to_owned(), json!(["missing_charset"]));
        }
    }
    said
}

fn scope_headers(state: &State, caller: &Result<Caller, Refused>, method: &Method) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Ok(Caller::Bot { installation, .. }) = caller else { return headers };
    let granted = state.installations.get(*installation).map(|one| one.scopes.join(","));
    if let Some(granted) = granted.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert("x-oauth-scopes", granted);
    }
    if let Needs::Scope(scope) = method.needs {
        headers.insert("x-accepted-oauth-scopes", HeaderValue::from_static(scope));
    }
    headers
}

fn refuse(refused: &Refused) -> Response {
    let mut response = json_response(&refused.json(), HeaderMap::new());
    if let Some(seconds) = refused.retry_after_s {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn json_response(body: &Value, headers: HeaderMap) -> Response {
    (headers, Json(body)).into_response()
}
