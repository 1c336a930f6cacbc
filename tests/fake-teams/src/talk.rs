//! What the bot says: new threads and chats, replies, and messages drawn anew.

use serde_json::{Value, json};

use crate::{
    card::{self, text},
    message::Message,
    reply::{Done, Refused},
    state::{State, THREAD, channel},
    world::Chat,
};

/// What every surface of Teams takes of a card; a message as a whole may have more.
const CARD_BYTES: usize = 28 * 1024;
/// What the connector takes, in the sixteen-bit units that it counts.
const MESSAGE_BYTES: usize = 100 * 1024;

const NOT_A_MEMBER: Refused = Refused::new(403, "BotNotInConversationRoster");
const NO_CONVERSATION: Refused = Refused::new(404, "ConversationNotFound");
const NO_ACTIVITY: Refused = Refused::new(404, "ActivityNotFoundInConversation");
const BLOCKED: Refused = Refused::new(403, "MessageWritesBlocked");
const BAD: Refused = Refused::new(400, "BadSyntax");
const TOO_BIG: Refused = Refused::new(413, "MessageSizeTooBig");

/// A thread of a channel, or a chat with one person.
pub(crate) fn create(state: &mut State, body: &Value) -> Done {
    let bot = format!("28:{}", state.bot.app_id);
    let tenant = state.bot.tenant.clone();
    let is_ours = body.pointer("/bot/id").is_some_and(|id| *id == bot)
        && body.get("tenantId").is_some_and(|id| *id == tenant)
        && body.pointer("/channelData/tenant/id").is_some_and(|id| *id == tenant);
    if !is_ours {
        return Err(BAD);
    }
    match body.pointer("/channelData/channel/id").and_then(Value::as_str) {
        Some(channel) => thread(state, channel, body),
        None => chat(state, body),
    }
}

fn thread(state: &mut State, channel: &str, body: &Value) -> Done {
    writable(state, channel)?;
    let activity = body.get("activity").ok_or(BAD)?;
    admit(state, activity)?;
    let number = state.number().to_string();
    let conversation = format!("{channel}{THREAD}{number}");
    keep(state, &conversation, &number, activity);
    Ok((201, json!({ "id": conversation, "activityId": number })))
}

fn chat(state: &State, body: &Value) -> Done {
    let member = body.pointer("/members/0/id").and_then(Value::as_str).ok_or(BAD)?;
    // A chat is opened with `29:…` alone: who was never met has no chat.
    let person = state.person(member).filter(|person| person.id == member);
    let person = person.ok_or(Refused::new(404, "UserNotFound"))?;
    Ok((201, json!({ "id": State::chat_of(person) })))
}

/// A reply in a thread, or a line of a chat.
pub(crate) fn send(state: &mut State, conversation: &str, activity: &Value) -> Done {
    writable(state, conversation)?;
    admit(state, activity)?;
    let number = state.number().to_string();
    keep(state, conversation, &number, activity);
    Ok((201, json!({ "id": number })))
}

pub(crate) fn update(state: &mut State, conversation: &str, id: &str, activity: &Value) -> Done {
    writable(state, conversation)?;
    admit(state, activity)?;
    let message = state.message_mut(conversation, id).ok_or(NO_ACTIVITY)?;
    message.activity = activity.clone();
    message.edits += 1;
    message.is_read = false;
    Ok((200, json!({ "id": id })))
}

/// Whether the bot may write there.
fn writable(state: &State, conversation: &str) -> Result<(), Refused> {
    if let Some(person) = state.owner_of(conversation) {
        return if person.chat == Chat::Open { Ok(()) } else { Err(BLOCKED) };
    }
    let team = state.team_of(channel(conversation)).ok_or(NO_CONVERSATION)?;
    if state.installed.contains(&team.id) { Ok(()) } else { Err(NOT_A_MEMBER) }
}

/// Whether Teams takes such a message.
fn admit(state: &mut State, activity: &Value) -> Result<(), Refused> {
    if activity.to_string().encode_utf16().count() * 2 > MESSAGE_BYTES {
        return Err(TOO_BIG);
    }
    for attachment in activity.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        let Some(content) = attachment.get("content") else { return Err(BAD) };
        let kind = text(attachment, "contentType");
        let fault = card::fault(content)
            .or_else(|| (kind != "application/vnd.microsoft.card.adaptive").then_some(kind));
        if let Some(fault) = fault {
            state.remark(format!("a card that Teams does not take: {fault}"));
            return Err(BAD);
        }
        if content.to_string().len() > CARD_BYTES {
            state.remark("a card that not every surface of Teams takes: it is too large");
        }
    }
    Ok(())
}

fn keep(state: &mut State, conversation: &str, id: &str, activity: &Value) {
    state.messages.push(Message {
        conversation: conversation.to_owned(),
        id: id.to_owned(),
        activity: activity.clone(),
        edits: 0,
        is_read: false,
    });
}
