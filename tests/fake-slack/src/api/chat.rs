//! Posting: for a channel, for one person in it, and again over what was posted.

use serde_json::{Value, json};

use super::{Turn, arguments::Arguments, conversations};
use crate::{
    blocks,
    install::Installation,
    message::Message,
    respond::{Refused, Said, members},
    state::State,
    world::{Mark, Trait},
};

/// Longer text is cut.
const POSTED_TEXT_MAX: usize = 40_000;
/// Longer text is refused where a message is changed.
const UPDATED_TEXT_MAX: usize = 4_000;

/// What a message says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) blocks: Option<Vec<Value>>,
    metadata: Option<Value>,
}

impl Content {
    /// Reads and judges what a call wants to say.
    pub(crate) fn read(arguments: &Arguments) -> Result<Self, Refused> {
        let blocks =
            arguments.json("blocks").map_err(|_| Refused::from("invalid_blocks_format"))?;
        if let Some(blocks) = &blocks {
            let faults = blocks::message(blocks);
            if !faults.is_empty() {
                return Err(Refused::blocks(&faults));
            }
        }
        let metadata = arguments.json("metadata").map_err(|_| "invalid_metadata_format")?;
        let blocks = blocks.and_then(|blocks| blocks.as_array().cloned());
        let text = arguments.text("text").map(str::to_owned);
        let says_something = text.is_some() || blocks.as_ref().is_some_and(|list| !list.is_empty());
        if says_something { Ok(Self { text, blocks, metadata }) } else { Err("no_text".into()) }
    }

    /// The blocks as Slack keeps them.
    pub(crate) fn settled_blocks(&self, state: &mut State) -> Vec<Value> {
        let mut blocks = self.blocks.clone().unwrap_or_default();
        blocks::normalise(&mut blocks, || state.id("b"));
        blocks
    }

    fn cut_text(&self) -> String {
        self.text.iter().flat_map(|text| text.chars()).take(POSTED_TEXT_MAX).collect()
    }
}

pub(super) fn post_message(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let wanted = turn.arguments.required("channel")?;
    let content = Content::read(turn.arguments)?;
    let channel = conversations::postable(turn, &installation, wanted)?;
    if let Err(seconds) = turn.state.pace.take(&channel, turn.now) {
        return Err(Refused::rate_limited(seconds));
    }
    let thread_ts = turn.arguments.text("thread_ts").map(str::to_owned);
    if let Some(parent) = &thread_ts
        && turn.state.message_mut(&channel, parent).is_none()
    {
        return Err("thread_not_found".into());
    }
    let ts = turn.state.ts(turn.now);
    let message = Message {
        blocks: content.settled_blocks(turn.state),
        text: content.cut_text(),
        thread_ts,
        metadata: content.metadata,
        ..empty(&channel, &ts, &installation)
    };
    let said = reported(turn.state, &message, &installation);
    turn.state.messages.insert((channel, ts), message);
    Ok(said)
}

pub(super) fn update(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let (channel, ts) = (turn.arguments.required("channel")?, turn.arguments.required("ts")?);
    let content = Content::read(turn.arguments)?;
    if content.text.as_ref().is_some_and(|text| text.chars().count() > UPDATED_TEXT_MAX) {
        return Err("msg_too_long".into());
    }
    let channel = conversations::visible(turn.state, &installation, channel)?;
    if channel.is(Trait::Archived) {
        return Err("is_inactive".into());
    }
    let channel = channel.id.clone();
    let blocks = content.settled_blocks(turn.state);
    let edited = turn.state.ts(turn.now);
    let message = turn.state.message_mut(&channel, ts).ok_or("message_not_found")?;
    if message.bot_user != installation.bot_user {
        return Err("cant_update_message".into());
    }
    // Text without blocks takes the blocks away.
    message.blocks = blocks;
    message.text = content.text.unwrap_or_default();
    message.metadata = content.metadata.or(message.metadata.take());
    message.edited_ts = Some(edited);
    message.is_read = false;
    let message = message.clone();
    let mut said = reported(turn.state, &message, &installation);
    said.insert("text".to_owned(), message.text.into());
    Ok(said)
}

pub(super) fn post_ephemeral(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let wanted = turn.arguments.required("channel")?;
    let user = turn.arguments.required("user")?;
    let content = Content::read(turn.arguments)?;
    let channel = conversations::postable(turn, &installation, wanted)?;
    let sees = |state: &State| {
        let (user, channel) = (state.users.get(user)?, state.channels.get(&channel)?);
        Some(!user.is(Mark::Deleted) && State::can_see(user, channel))
    };
    if sees(turn.state) != Some(true) {
        return Err("user_not_in_channel".into());
    }
    let ts = turn.state.ts(turn.now);
    let message = Message {
        blocks: content.settled_blocks(turn.state),
        text: content.cut_text(),
        thread_ts: turn.arguments.text("thread_ts").map(str::to_owned),
        only_for: Some(user.to_owned()),
        ..empty(&channel, &ts, &installation)
    };
    turn.state.ephemerals.push(message);
    Ok(members(json!({ "message_ts": ts })))
}

/// A message that says nothing yet.
pub(crate) fn empty(channel: &str, ts: &str, installation: &Installation) -> Message {
    Message {
        channel: channel.to_owned(),
        ts: ts.to_owned(),
        thread_ts: None,
        text: String::new(),
        blocks: Vec::new(),
        edited_ts: None,
        only_for: None,
        metadata: None,
        bot_user: installation.bot_user.clone(),
        is_read: false,
    }
}

fn reported(state: &State, message: &Message, installation: &Installation) -> Said {
    let team = state.channels.get(&message.channel).map(|channel| channel.team.as_str());
    let team = team.unwrap_or_default();
    members(json!({
        "channel": message.channel,
        "ts": message.ts,
        "message": message.json(&state.app.id, &installation.bot_id, team),
    }))
}
