//! What this Slack remembers. One mutex holds it all; nothing here waits.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    consent::Consent,
    fault::Faults,
    install::{Code, Installation},
    message::{Message, View},
    pace::Pace,
    response_url::ResponseUrl,
    socket::Sockets,
    trigger::Trigger,
    world::{App, Channel, Endpoints, Group, Site, Team, Trait, User},
};

/// A call of the Web API.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub arguments: Value,
    /// The `error` of the answer; none where it was `ok`.
    pub error: Option<String>,
}

pub(crate) struct State {
    pub(crate) app: App,
    pub(crate) teams: BTreeMap<String, Team>,
    pub(crate) channels: BTreeMap<String, Channel>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: Vec<Group>,
    pub(crate) installations: Vec<Installation>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) consent: Consent,
    pub(crate) messages: BTreeMap<(String, String), Message>,
    pub(crate) ephemerals: Vec<Message>,
    /// Open modals of a person, the topmost last.
    pub(crate) modals: HashMap<String, Vec<View>>,
    pub(crate) homes: HashMap<String, View>,
    pub(crate) triggers: HashMap<String, Trigger>,
    pub(crate) response_urls: HashMap<String, ResponseUrl>,
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) sockets: Sockets,
    pub(crate) faults: Faults,
    pub(crate) pace: Pace,
    pub(crate) calls: Vec<Call>,
    /// What went wrong and nobody has looked at.
    pub(crate) remarks: Vec<String>,
    counter: u64,
    last_ts_us: i64,
}

impl State {
    pub(crate) fn new(app: App) -> Self {
        Self {
            app,
            teams: BTreeMap::new(),
            channels: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: Vec::new(),
            installations: Vec::new(),
            codes: HashMap::new(),
            consent: Consent::default(),
            messages: BTreeMap::new(),
            ephemerals: Vec::new(),
            modals: HashMap::new(),
            homes: HashMap::new(),
            triggers: HashMap::new(),
            response_urls: HashMap::new(),
            endpoints: None,
            sockets: Sockets::default(),
            faults: Faults::default(),
            pace: Pace::default(),
            calls: Vec::new(),
            remarks: Vec::new(),
            counter: 0,
            last_ts_us: 0,
        }
    }

    /// An id of Slack's manner: a letter and what makes it unlike any other.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}0{:08X}", self.next())
    }

    /// Something that cannot be guessed from outside, and is the same in every run.
    pub(crate) fn secret(&mut self) -> String {
        let number = self.next();
        let seed = format!("{}/{number}", self.app.client_secret);
        let mut hash = hex::encode(Sha256::digest(seed));
        hash.truncate(32);
        hash
    }

    /// A message's time stamp, which is also its id: never the same twice.
    pub(crate) fn ts(&mut self, now: Timestamp) -> String {
        self.last_ts_us = now.as_microsecond().max(self.last_ts_us + 1);
        let (seconds, micros) = (self.last_ts_us / 1_000_000, self.last_ts_us % 1_000_000);
        format!("{seconds}.{micros:06}")
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn remark(&mut self, what: impl Into<String>) {
        self.remarks.push(what.into());
    }

    pub(crate) fn enterprise_of(&self, team: &str) -> Option<&str> {
        self.teams.get(team)?.enterprise.as_deref()
    }

    /// Whether the app, installed there, has to do with that workspace.
    pub(crate) fn covers(&self, site: &Site, team: &str) -> bool {
        match site {
            Site::Team(id) => id == team,
            Site::Enterprise(id) => self.enterprise_of(team) == Some(id),
        }
    }

    pub(crate) fn can_see(user: &User, channel: &Channel) -> bool {
        match &channel.members {
            Some(members) => members.contains(&user.id),
            None => channel.teams().any(|team| user.is_in(team)),
        }
    }

    /// The direct conversation of the bot with somebody; opened where there is none.
    pub(crate) fn direct(&mut self, bot_user: &str, user: &User) -> String {
        let name = format!("{bot_user}/{}", user.id);
        let known = self.channels.values().find(|one| one.is(Trait::Direct) && one.name == name);
        if let Some(known) = known {
            return known.id.clone();
        }
        let id = self.id("D");
        let channel =
            Channel::named(&user.team, &id, &name).with(Trait::Direct).only(&[&user.id, bot_user]);
        self.channels.insert(id.clone(), channel);
        id
    }

    pub(crate) fn messages_of(&self, channel: &str) -> impl Iterator<Item = &Message> {
        self.messages.range(of_channel(channel)).map(|(_, message)| message)
    }

    pub(crate) fn messages_of_mut(&mut self, channel: &str) -> impl Iterator<Item = &mut Message> {
        self.messages.range_mut(of_channel(channel)).map(|(_, message)| message)
    }

    pub(crate) fn message_mut(&mut self, channel: &str, ts: &str) -> Option<&mut Message> {
        self.messages.get_mut(&(channel.to_owned(), ts.to_owned()))
    }

    /// A modal that is open, or a home tab.
    pub(crate) fn view_mut(&mut self, matches: impl Fn(&View) -> bool) -> Option<&mut View> {
        let modals = self.modals.values_mut().flatten();
        modals.chain(self.homes.values_mut()).find(|view| matches(view))
    }
}

type Key = (String, String);

fn of_channel(channel: &str) -> (Bound<Key>, Bound<Key>) {
    // A time stamp begins with a digit, and a tilde stands behind all of them.
    let key = |ts: &str| (channel.to_owned(), ts.to_owned());
    (Bound::Included(key("")), Bound::Excluded(key("~")))
}
