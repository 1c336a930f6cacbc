//! Response URLs: five answers within half an hour, without a token. They speak to one person, to
//! the channel, or over the message that the interaction came from.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    Core,
    api::{
        self,
        arguments::Arguments,
        chat::{self, Content},
    },
    fault::Fault,
    install::Installation,
    message::Message,
    respond::{self, Refused},
    serve::Line,
    state::State,
};

const LIFETIME: SignedDuration = SignedDuration::from_mins(30);
const USES_MAX: u32 = 5;
const KNOWN: &[&str] = &[
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "metadata",
    "mrkdwn",
    "parse",
    "link_names",
    "unfurl_links",
    "unfurl_media",
];

/// What a response URL may do.
#[derive(Debug, Clone)]
pub(crate) struct ResponseUrl {
    pub(crate) user: String,
    pub(crate) channel: String,
    /// The message of the interaction, and whether it is ephemeral by `only_for`.
    pub(crate) original: Option<Message>,
    pub(crate) bot_user: String,
    pub(crate) expires_at: Timestamp,
    uses: u32,
}

impl State {
    /// A new response URL's path.
    pub(crate) fn response_url(
        &mut self,
        (user, channel): (&str, &str),
        original: Option<Message>,
        bot_user: &str,
        now: Timestamp,
    ) -> String {
        let team = self.channels.get(channel).map(|one| one.team.clone()).unwrap_or_default();
        let secret = self.secret();
        let path = format!("/actions/{team}/{}/{secret}", self.id(""));
        let url = ResponseUrl {
            user: user.to_owned(),
            channel: channel.to_owned(),
            original,
            bot_user: bot_user.to_owned(),
            expires_at: now + LIFETIME,
            uses: 0,
        };
        self.response_urls.insert(secret, url);
        path
    }
}

/// `POST /actions/…`.
pub(crate) async fn receive(
    Shared(core): Shared<Arc<Core>>,
    Extension(line): Extension<Line>,
    Path((_, _, secret)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let channel = core.state().response_urls.get(&secret).map(|url| url.channel.clone());
    let fault = core.state().faults.draw("response_url", channel.as_deref());
    match fault {
        None => perform(&core, &secret, &body),
        Some(Fault::Slow(pause)) => {
            let response = perform(&core, &secret, &body);
            tokio::time::sleep(pause).await;
            response
        }
        Some(Fault::ReplyLost) => {
            perform(&core, &secret, &body);
            match line.hang_up().await {}
        }
        Some(fault) => api::strike(fault, &line).await,
    }
}

fn perform(core: &Core, secret: &str, body: &[u8]) -> Response {
    let (now, mut state) = (core.now(), core.state());
    let refuse = |status, error: &str| {
        (status, Json(json!({ "ok": false, "error": error }))).into_response()
    };
    let Some(url) = state.response_urls.get_mut(secret) else {
        return refuse(StatusCode::NOT_FOUND, "no_such_url");
    };
    if now > url.expires_at {
        return refuse(StatusCode::NOT_FOUND, "expired_url");
    }
    if url.uses >= USES_MAX {
        return refuse(StatusCode::NOT_FOUND, "used_url");
    }
    let Ok(Value::Object(said)) = serde_json::from_slice(body) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_payload");
    };
    url.uses += 1;
    let url = url.clone();
    for unknown in said.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        state.remark(format!("a response URL does not know the argument {unknown}"));
    }
    match respond(&mut state, &url, said, now) {
        Ok(()) => Json(json!({ "ok": true })).into_response(),
        Err(refused) => refuse(StatusCode::BAD_REQUEST, &refused.error),
    }
}

impl Core {
    /// Says what a command was answered with, which takes no use of its response URL.
    pub(crate) fn say_at_once(&self, response_url: &str, said: Value) {
        let (now, mut state) = (self.now(), self.state());
        let secret = response_url.rsplit('/').next().unwrap_or_default();
        let Some(url) = state.response_urls.get(secret).cloned() else { return };
        if let Err(refused) = respond(&mut state, &url, respond::members(said), now) {
            state.remark(format!("the answer to a command cannot be shown: {}", refused.error));
        }
    }
}

fn respond(
    state: &mut State,
    url: &ResponseUrl,
    said: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refused> {
    let arguments = Arguments::from(said);
    if arguments.says_yes("delete_original") {
        forget(state, url);
        return Ok(());
    }
    let content = Content::read(&arguments)?;
    if arguments.says_yes("replace_original") && url.original.is_some() {
        let blocks = content.settled_blocks(state);
        let edited_ts = Some(state.ts(now));
        if let Some(original) = original(state, url) {
            original.blocks = blocks;
            original.text = content.text.unwrap_or_default();
            original.edited_ts = edited_ts;
            original.is_read = false;
        }
        return Ok(());
    }
    let for_all = arguments.text("response_type") == Some("in_channel");
    let installation = state.installation_posting_as(&url.bot_user).cloned();
    let installation = installation.ok_or("no_such_url")?;
    let message = answer(state, url, &installation, &content, now);
    if for_all {
        state.messages.insert((message.channel.clone(), message.ts.clone()), message);
    } else {
        state.ephemerals.push(Message { only_for: Some(url.user.clone()), ..message });
    }
    Ok(())
}

fn answer(
    state: &mut State,
    url: &ResponseUrl,
    installation: &Installation,
    content: &Content,
    now: Timestamp,
) -> Message {
    let (ts, blocks) = (state.ts(now), content.settled_blocks(state));
    let text = content.text.clone().unwrap_or_default();
    Message { text, blocks, ..chat::empty(&url.channel, &ts, installation) }
}

fn original<'s>(state: &'s mut State, url: &ResponseUrl) -> Option<&'s mut Message> {
    let original = url.original.as_ref()?;
    match &original.only_for {
        None => state.message_mut(&original.channel, &original.ts),
        Some(_) => state.ephemerals.iter_mut().find(|one| one.ts == original.ts),
    }
}

fn forget(state: &mut State, url: &ResponseUrl) {
    let Some(original) = &url.original else { return };
    match &original.only_for {
        None => drop(state.messages.remove(&(original.channel.clone(), original.ts.clone()))),
        Some(_) => state.ephemerals.retain(|one| one.ts != original.ts),
    }
}
