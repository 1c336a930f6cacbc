//! What this Teams remembers. One mutex holds it all; nothing here waits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    fault::{Call, Faults},
    message::Message,
    pace::Pace,
    token::CHANNEL,
    world::{Bot, Channel, Person, Team},
};

/// What begins the part of a conversation id that names the thread.
pub(crate) const THREAD: &str = ";messageid=";
/// The first message has the number after this.
const FIRST_MESSAGE: u64 = 1_795_359_380_000;

/// A call that came in.
#[derive(Debug, Clone)]
pub struct Called {
    pub call: Call,
    pub path: String,
    pub body: Value,
    /// What was answered.
    pub status: u16,
}

pub(crate) struct State {
    pub(crate) bot: Bot,
    pub(crate) teams: BTreeMap<String, Team>,
    pub(crate) channels: BTreeMap<String, Channel>,
    /// By name.
    pub(crate) people: BTreeMap<String, Person>,
    /// The teams that have the app.
    pub(crate) installed: BTreeSet<String>,
    pub(crate) messages: Vec<Message>,
    /// Which region the connector is in: a part of its address.
    pub(crate) region: String,
    /// Where activities are posted to.
    pub(crate) endpoint: String,
    pub(crate) signing_key: usize,
    pub(crate) endorsements: Vec<String>,
    /// Whether calls want a token at all.
    pub(crate) is_open: bool,
    /// Tokens of the bot that are good, and until when.
    pub(crate) tokens: Vec<(String, Timestamp)>,
    pub(crate) faults: Faults,
    pub(crate) pace: Pace,
    pub(crate) calls: Vec<Called>,
    /// What went wrong and nobody has looked at.
    pub(crate) remarks: Vec<String>,
    counter: u64,
}

impl State {
    pub(crate) fn new(bot: Bot) -> Self {
        Self {
            bot,
            teams: BTreeMap::new(),
            channels: BTreeMap::new(),
            people: BTreeMap::new(),
            installed: BTreeSet::new(),
            messages: Vec::new(),
            region: "emea".to_owned(),
            endpoint: String::new(),
            signing_key: 0,
            endorsements: vec![CHANNEL.to_owned()],
            is_open: false,
            tokens: Vec::new(),
            faults: Faults::default(),
            pace: Pace::default(),
            calls: Vec::new(),
            remarks: Vec::new(),
            counter: 0,
        }
    }

    /// The next number of a message, a token or anything else.
    pub(crate) fn number(&mut self) -> u64 {
        self.counter += 1;
        FIRST_MESSAGE + self.counter
    }

    pub(crate) fn remark(&mut self, what: impl Into<String>) {
        self.remarks.push(what.into());
    }

    /// Somebody by `29:…` or by object id.
    pub(crate) fn person(&self, id: &str) -> Option<&Person> {
        let fits = |person: &&Person| person.id == id || person.object.as_deref() == Some(id);
        self.people.values().find(fits)
    }

    /// The personal chat of somebody.
    pub(crate) fn chat_of(person: &Person) -> String {
        format!("a:{}", person.name)
    }

    /// Whose personal chat it is.
    pub(crate) fn owner_of(&self, chat: &str) -> Option<&Person> {
        self.people.get(chat.strip_prefix("a:")?)
    }

    /// The team that a channel belongs to; General goes by the id of its team.
    pub(crate) fn team_of(&self, channel: &str) -> Option<&Team> {
        let team = self.channels.get(channel).map_or(channel, |channel| channel.team.as_str());
        self.teams.get(team)
    }

    pub(crate) fn message_mut(&mut self, conversation: &str, id: &str) -> Option<&mut Message> {
        let fits = |one: &&mut Message| one.conversation == conversation && one.id == id;
        self.messages.iter_mut().find(fits)
    }
}

/// A conversation without its thread.
pub(crate) fn channel(conversation: &str) -> &str {
    conversation.split_once(THREAD).map_or(conversation, |(channel, _)| channel)
}
