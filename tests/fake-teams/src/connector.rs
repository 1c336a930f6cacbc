//! The Bot Connector's door: which call it is, whether the token is good, and what is answered.
//! What it does not know, it remarks on.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, Method, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    Core,
    fault::Call,
    reply::{Done, Heard, Refused, befall, limited, response},
    roster,
    serve::Line,
    state::State,
    talk,
};

/// A request, taken apart.
pub(crate) struct Request {
    method: Method,
    /// Parts of the path below the region, decoded.
    path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
}

pub(crate) async fn answer(
    Shared(core): Shared<Arc<Core>>,
    Extension(line): Extension<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path: Vec<String> = uri.path().split('/').skip(1).map(decoded).collect();
    let Some((region, path)) = path.split_first() else { return strange(&core, &method, &uri) };
    let request = Request {
        method: method.clone(),
        path: path.to_vec(),
        query: pairs(uri.query().unwrap_or_default()),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let Some(call) = request.call() else { return strange(&core, &method, &uri) };
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = is_known(&core, token) && *region == core.state().region;
    let heard = Heard { call, path: uri.path().to_owned(), body: request.body.clone() };
    befall(&core, &line, heard, || {
        let known = if is_known { Ok(()) } else { Err(Refused::new(401, "Unauthorized")) };
        reply(&core, call, &request, known)
    })
    .await
}

/// What the connector does not know is a mistake of the bot's.
fn strange(core: &Core, method: &Method, uri: &Uri) -> Response {
    core.state().remark(format!("there is no such call: {method} {uri}"));
    response(Err(Refused::new(404, "NotFound"))).into_response()
}

fn reply(core: &Core, call: Call, request: &Request, known: Result<(), Refused>) -> Response {
    let mut state = core.state();
    let thread = request.thread(&state);
    let now = core.now();
    if let Some(thread) = thread.filter(|_| known.is_ok())
        && !state.pace.take(&thread, now)
    {
        state.remark(format!("more than {thread} takes"));
        return limited(1);
    }
    response(known.and_then(|()| request.done(call, &mut state)))
}

fn is_known(core: &Core, token: Option<&str>) -> bool {
    let now = core.now();
    if core.state().is_open {
        return true;
    }
    let Some(token) = token.and_then(|token| token.strip_prefix("Bearer ")) else { return false };
    core.state().tokens.iter().any(|(known, ends_at)| known == token && now < *ends_at)
}

impl Request {
    fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    fn call(&self) -> Option<Call> {
        match (self.method.as_str(), self.parts().as_slice()) {
            ("POST", ["v3", "conversations"]) => Some(Call::Create),
            ("POST", ["v3", "conversations", _, "activities"]) => Some(Call::Send),
            ("PUT", ["v3", "conversations", _, "activities", _]) => Some(Call::Update),
            (
                "GET",
                ["v3", "conversations", _, "members", _]
                | ["v3", "conversations", _, "pagedmembers"],
            ) => Some(Call::Members),
            ("GET", ["v3", "teams", _] | ["v3", "teams", _, "conversations"]) => Some(Call::Team),
            _ => None,
        }
    }

    /// The thread that a call writes to: what its limit is counted by.
    fn thread(&self, state: &State) -> Option<String> {
        match (self.method.as_str(), self.parts().as_slice()) {
            ("POST", ["v3", "conversations"]) => {
                let channel = self.body.pointer("/channelData/channel/id").and_then(Value::as_str);
                // A new thread has a limit of its own.
                channel.map(|channel| format!("{channel} {}", state.messages.len()))
            }
            ("POST" | "PUT", ["v3", "conversations", id, "activities", ..]) => {
                Some((*id).to_owned())
            }
            _ => None,
        }
    }

    fn done(&self, call: Call, state: &mut State) -> Done {
        match (call, self.parts().as_slice()) {
            (Call::Create, _) => talk::create(state, &self.body),
            (Call::Send, [_, _, conversation, _]) => talk::send(state, conversation, &self.body),
            (Call::Update, [_, _, conversation, _, id]) => {
                talk::update(state, conversation, id, &self.body)
            }
            (Call::Members, [_, _, conversation, _, user]) => {
                roster::member(state, conversation, user)
            }
            (Call::Members, [_, _, conversation, _]) => {
                roster::page(state, conversation, &self.query)
            }
            (Call::Team, [_, _, team]) => roster::team(state, team),
            (Call::Team, [_, _, team, _]) => roster::channels(state, team),
            _ => Err(Refused::new(404, "NotFound")),
        }
    }
}

fn decoded(part: &str) -> String {
    // In a path, a plus is a plus.
    let pair = format!("x={}", part.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
