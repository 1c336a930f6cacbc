//! What Teams posts to a bot, as it looks: the members that Teams sends, with the names that it has
//! for them.

use serde_json::{Value, json};

use crate::{
    Core,
    message::Message,
    state::{State, channel},
    world::Person,
};

/// What a story names and is not there.
pub(crate) type Absent = String;

impl Core {
    /// Somebody does something in a channel or a thread of it.
    pub(crate) fn in_channel(
        &self,
        kind: &str,
        who: &str,
        conversation: &str,
    ) -> Result<Value, Absent> {
        let service_url = self.service_url();
        let mut state = self.state();
        let channel = channel(conversation);
        let team = state.team_of(channel).ok_or_else(|| format!("there is no {channel}"))?;
        let kind_of_channel = state.channels.get(channel).map(|channel| channel.kind.clone());
        let mut data = json!({
            "tenant": { "id": state.bot.tenant },
            "team": { "id": team.id, "name": team.name },
            "channel": { "id": channel },
        });
        // Teams names the type where it is none of the usual ones.
        if let Some(kind) = kind_of_channel.filter(|kind| kind != "standard") {
            set(&mut data, "/channel", "type", kind.into());
        }
        let conversation = json!({
            "id": conversation,
            "conversationType": "channel",
            "isGroup": true,
            "tenantId": state.bot.tenant,
        });
        self.activity(&mut state, kind, who, &service_url, (conversation, data))
    }

    /// Somebody does something in their chat with the bot.
    pub(crate) fn in_chat(&self, kind: &str, who: &str) -> Result<Value, Absent> {
        let service_url = self.service_url();
        let mut state = self.state();
        let chat = state.people.get(who).map(State::chat_of).ok_or_else(|| nobody(who))?;
        let data = json!({ "tenant": { "id": state.bot.tenant } });
        let conversation = json!({
            "id": chat,
            "conversationType": "personal",
            "tenantId": state.bot.tenant,
        });
        self.activity(&mut state, kind, who, &service_url, (conversation, data))
    }

    fn activity(
        &self,
        state: &mut State,
        kind: &str,
        who: &str,
        service_url: &str,
        (conversation, channel_data): (Value, Value),
    ) -> Result<Value, Absent> {
        let number = state.number();
        let person = state.people.get(who).ok_or_else(|| nobody(who))?;
        Ok(json!({
            "type": kind,
            "id": number.to_string(),
            "timestamp": self.now().to_string(),
            "channelId": "msteams",
            "serviceUrl": service_url,
            "from": from(person),
            "recipient": { "id": format!("28:{}", state.bot.app_id), "name": "Countersign" },
            "conversation": conversation,
            "channelData": channel_data,
        }))
    }

    /// Where a message is, somebody does something with it.
    pub(crate) fn on(&self, kind: &str, who: &str, message: &Message) -> Result<Value, Absent> {
        let mut activity = if message.conversation.starts_with("a:") {
            self.in_chat(kind, who)?
        } else {
            self.in_channel(kind, who, &message.conversation)?
        };
        set(&mut activity, "", "replyToId", message.id.clone().into());
        Ok(activity)
    }
}

/// Sets a member of an object.
pub(crate) fn set(value: &mut Value, pointer: &str, name: &str, to: Value) {
    if let Some(members) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
        members.insert(name.to_owned(), to);
    }
}

fn from(person: &Person) -> Value {
    let mut from = json!({ "id": person.id, "name": person.name });
    if let Some(object) = &person.object {
        set(&mut from, "", "aadObjectId", object.clone().into());
    }
    from
}

fn nobody(who: &str) -> Absent {
    format!("there is nobody called {who}")
}
