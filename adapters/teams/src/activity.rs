//! What Teams posts to us, read leniently: only the members that are needed, each of which may be
//! missing or of another kind. Pure; nothing here decides anything.

use std::collections::BTreeMap;

use countersign_port::{access::Choice, card::Verb, text::Untrusted};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    address::{self, Spot},
    form,
    settings::PLATFORM,
};

/// What nobody gets past a form by typing: longer was not typed.
const MAX_COMMENT: usize = form::COMMENT;

/// An activity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Activity {
    /// What it is known by if it comes again.
    pub once: Option<String>,
    pub service_url: String,
    pub claim: Claim,
    pub room: Room,
    pub what: What,
}

/// Who Teams says it was. Never a name or an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Every tenant that the activity names.
    pub tenants: Vec<String>,
    /// `29:…`, made for this bot alone.
    pub user: Option<String>,
    /// The object id in the directory of the tenant.
    pub object: Option<String>,
}

/// Where it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// In a channel with its thread.
    pub conversation: String,
    pub is_personal: bool,
    pub team: Option<String>,
    /// The message that holds the button.
    pub message: Option<String>,
    /// `standard` and others, where it is said.
    pub channel_type: Option<String>,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// A button of a card.
    Pressed(Box<Pressed>),
    /// An action that no card of ours has; says what is wrong with it.
    Malformed(&'static str),
    /// An invoke that asks for something that we do not offer.
    OtherInvoke,
    /// A word to the bot, without its mention.
    Said(String),
    /// The app was installed, or a team with it has changed. Names the channels that it tells of.
    Installed { channels: Vec<String> },
    /// The app was removed from a team, or the team was.
    Removed,
    /// Nothing that concerns us; the name is from a closed list.
    Ignored(&'static str),
}

/// A button was pressed, its fields filled in or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pressed {
    pub verb: Verb,
    pub way: Way,
    pub button: String,
    /// When the card was drawn that was pressed.
    pub seen_at: Option<Timestamp>,
    pub answers: Answers,
}

/// How a press came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `Action.Execute`: the answer is shown to whoever pressed.
    Execute,
    /// The client draws the card anew and asks for it; nobody pressed.
    Refresh,
    /// `Action.Submit` of a client that knows no `Action.Execute`: the answer shows nothing.
    Submit,
}

/// What was filled in, by the name of the field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers(BTreeMap<String, String>);

impl Activity {
    /// Reads an activity. What does not fit is ignored or malformed, never an error.
    pub(crate) fn read(value: &Value) -> Self {
        Self {
            once: once(value),
            service_url: text(value, "/serviceUrl").unwrap_or_default(),
            claim: Claim::read(value),
            room: Room::read(value),
            what: What::read(value),
        }
    }
}

/// Teams sends once more what was not answered in time, under the same id. An id alone names
/// nothing: everything that a press is judged by goes with it.
fn once(value: &Value) -> Option<String> {
    const JUDGED: [&str; 7] = [
        "/conversation/id",
        "/conversation/tenantId",
        "/channelData/tenant/id",
        "/from/id",
        "/from/aadObjectId",
        "/replyToId",
        "/value",
    ];
    let judged = JUDGED.map(|pointer| value.pointer(pointer).unwrap_or(&Value::Null));
    let whole = json!([PLATFORM, text(value, "/id")?, judged]);
    Some(hex::encode(Sha256::digest(whole.to_string())))
}

impl Claim {
    fn read(value: &Value) -> Self {
        let tenants = ["/conversation/tenantId", "/channelData/tenant/id"];
        Self {
            tenants: tenants.iter().filter_map(|pointer| text(value, pointer)).collect(),
            user: text(value, "/from/id"),
            object: text(value, "/from/aadObjectId"),
        }
    }
}

impl Room {
    fn read(value: &Value) -> Self {
        let kind = text(value, "/conversation/conversationType");
        Self {
            conversation: text(value, "/conversation/id").unwrap_or_default(),
            is_personal: kind.as_deref() == Some("personal"),
            team: text(value, "/channelData/team/id"),
            message: text(value, "/replyToId"),
            channel_type: text(value, "/channelData/channel/type"),
        }
    }

    /// The message that holds the button. A press without one was pressed nowhere, which no
    /// message of ours is.
    pub(crate) fn spot(&self, tenant: &str) -> Spot {
        let message = self.message.as_deref().unwrap_or_default();
        if self.is_personal {
            return Spot {
                tenant: tenant.to_owned(),
                conversation: self.conversation.clone(),
                activity: message.to_owned(),
            };
        }
        Spot::in_channel(tenant, &self.conversation, message)
    }

    /// The channel, or the conversation itself where it is none.
    pub(crate) fn channel(&self) -> &str {
        address::channel(&self.conversation)
    }
}

impl What {
    fn read(value: &Value) -> Self {
        match text(value, "/type").as_deref() {
            Some("invoke") => invoke(value),
            Some("message") => message(value),
            Some("installationUpdate") => installation(value),
            Some("conversationUpdate") => change(value),
            Some(_) => Self::Ignored("unknown"),
            None => Self::Ignored("malformed"),
        }
    }
}

fn invoke(value: &Value) -> What {
    if text(value, "/name").as_deref() != Some("adaptiveCard/action") {
        return What::OtherInvoke;
    }
    let Some(action) = value.pointer("/value/action").filter(|action| action.is_object()) else {
        return What::Malformed("there is no action");
    };
    if text(action, "/type").as_deref() != Some("Action.Execute") {
        return What::Malformed("only Action.Execute is answered");
    }
    let Some(verb) = text(action, "/verb").and_then(|name| verb(&name)) else {
        return What::Malformed("the verb is unknown");
    };
    let refresh = text(value, "/value/trigger").as_deref() == Some("automatic");
    let way = if refresh { Way::Refresh } else { Way::Execute };
    What::Pressed(Box::new(pressed(verb, way, action.pointer("/data"))))
}

fn message(value: &Value) -> What {
    let said = text(value, "/text");
    match (said, value.pointer("/value")) {
        (None, Some(data)) => match text(data, "/verb").and_then(|name| verb(&name)) {
            Some(verb) => What::Pressed(Box::new(pressed(verb, Way::Submit, Some(data)))),
            None => What::Ignored("foreign_action"),
        },
        (Some(said), _) => What::Said(without_mentions(&said)),
        (None, None) => What::Ignored("no_text"),
    }
}

fn installation(value: &Value) -> What {
    match text(value, "/action").as_deref() {
        Some("add" | "add-upgrade") => installed(value),
        Some("remove" | "remove-upgrade") => What::Removed,
        Some(_) | None => What::Ignored("installation"),
    }
}

fn change(value: &Value) -> What {
    let names_us = |list: &str| {
        let us = text(value, "/recipient/id");
        let members = value.pointer(list).and_then(Value::as_array);
        us.is_some() && members.into_iter().flatten().any(|member| text(member, "/id") == us)
    };
    if names_us("/membersRemoved") {
        return What::Removed;
    }
    match text(value, "/channelData/eventType").as_deref() {
        Some("teamDeleted" | "teamHardDeleted") => What::Removed,
        Some(_) => installed(value),
        None if names_us("/membersAdded") => installed(value),
        None => What::Ignored("members"),
    }
}

fn installed(value: &Value) -> What {
    let places = [
        "/channelData/channel/id",
        "/channelData/settings/selectedChannel/id",
        // The channel General goes by the id of its team.
        "/channelData/team/id",
    ];
    let mut channels: Vec<_> = places.iter().filter_map(|place| text(value, place)).collect();
    channels.sort_unstable();
    channels.dedup();
    What::Installed { channels }
}

fn pressed(verb: Verb, way: Way, data: Option<&Value>) -> Pressed {
    let member = |name: &str| data.and_then(|data| text(data, name));
    Pressed {
        verb,
        way,
        button: member("/button").unwrap_or_default(),
        seen_at: member("/seen_at").and_then(|at| at.parse().ok()),
        answers: Answers::read(verb, data.and_then(Value::as_object)),
    }
}

impl Pressed {
    /// What was chosen, or `None` where the form lacks something.
    pub(crate) fn choice(&self) -> Option<Choice> {
        let Self { verb, answers, .. } = self;
        let (valid_for, reason) = (answers.one("valid_for"), answers.one("reason"));
        Choice::filled_in(*verb, answers.scopes(), valid_for, reason)
            .filter(|_| self.answers.is_typed())
    }

    /// The words that go with it.
    pub(crate) fn comment(&self) -> Option<Untrusted> {
        self.answers.one("comment").map(Untrusted::new)
    }

    /// The number that was typed.
    pub(crate) fn number(&self) -> Option<String> {
        self.answers.one("number").map(|number| number.trim().to_owned())
    }
}

impl Answers {
    /// The fields of one button; those of other forms are named after other buttons.
    fn read(verb: Verb, data: Option<&Map<String, Value>>) -> Self {
        let own = data.into_iter().flatten().filter_map(|(name, value)| {
            let name = form::field_name(verb, name)?;
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.to_owned(), value))
        });
        Self(own.collect())
    }

    /// The answer to a field, if it is not blank.
    fn one(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|answer| !answer.trim().is_empty())
    }

    /// What stayed ticked: indexes with commas between them.
    fn scopes(&self) -> Option<Vec<usize>> {
        let ticked = self.0.get("scopes")?.split(',').filter(|value| !value.trim().is_empty());
        ticked.map(|value| value.trim().parse().ok()).collect()
    }

    /// Whether no answer is longer than a form lets anybody type.
    fn is_typed(&self) -> bool {
        self.0.values().all(|answer| answer.encode_utf16().count() <= MAX_COMMENT)
    }
}

fn verb(name: &str) -> Option<Verb> {
    Verb::ALL.into_iter().find(|verb| verb.as_str() == name)
}

/// What was said beside the names: `<at>Countersign</at> why arq_…`.
fn without_mentions(said: &str) -> String {
    let mut rest = said;
    let mut words = String::new();
    while let Some((before, after)) = rest.split_once("<at") {
        words.push_str(before);
        rest = after.split_once("</at>").map_or("", |(_, after)| after);
    }
    words.push_str(rest);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A member that is a text and not empty.
pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
