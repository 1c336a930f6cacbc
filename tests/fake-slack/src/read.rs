//! What people see. Whoever reads marks it as read, so that [`FakeSlack::leftovers`] can tell what
//! nobody looked at.

use crate::{
    FakeSlack,
    message::{Message, View},
    state::Call,
    world::Trait,
};

impl FakeSlack {
    /// The messages of a channel as they are now, oldest first, without the answers in threads.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.read(channel, |message| message.thread_ts.is_none())
    }

    /// The last message of a channel, outside of threads.
    pub fn last_message(&self, channel: &str) -> Option<Message> {
        self.messages(channel).pop()
    }

    /// The answers in the thread of a message, oldest first.
    pub fn thread(&self, parent: &Message) -> Vec<Message> {
        self.read(&parent.channel, |message| message.thread_ts.as_ref() == Some(&parent.ts))
    }

    /// Reads all threads of all channels: for stories that are about something else.
    pub fn skim_threads(&self) {
        for message in self.core.state().messages.values_mut() {
            message.is_read |= message.thread_ts.is_some();
        }
    }

    /// A message as it is now.
    pub fn message(&self, channel: &str, ts: &str) -> Option<Message> {
        self.read(channel, |message| message.ts == ts).pop()
    }

    /// What somebody was told privately in channels since this was asked last.
    pub fn ephemerals(&self, user: &str) -> Vec<Message> {
        let mut state = self.core.state();
        let unread =
            |message: &&mut Message| !message.is_read && message.only_for.as_deref() == Some(user);
        let fresh = state.ephemerals.iter_mut().filter(unread);
        let fresh = fresh.map(|message| {
            message.is_read = true;
            message.clone()
        });
        fresh.collect()
    }

    /// The direct messages of the bot to somebody.
    pub fn direct_messages(&self, user: &str) -> Vec<Message> {
        let ends = format!("/{user}");
        let state = self.core.state();
        let direct = state.channels.values().filter(|one| one.is(Trait::Direct));
        let ids: Vec<String> =
            direct.filter(|one| one.name.ends_with(&ends)).map(|one| one.id.clone()).collect();
        drop(state);
        ids.iter().flat_map(|id| self.read(id, |_| true)).collect()
    }

    /// The topmost modal that somebody has open.
    pub fn modal(&self, user: &str) -> Option<View> {
        let mut state = self.core.state();
        let view = state.modals.get_mut(user)?.last_mut()?;
        view.is_read = true;
        Some(view.clone())
    }

    /// Somebody's home tab.
    pub fn home(&self, user: &str) -> Option<View> {
        let mut state = self.core.state();
        let view = state.homes.get_mut(user)?;
        view.is_read = true;
        Some(view.clone())
    }

    /// The calls of a method so far.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        let state = self.core.state();
        state.calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// What a story must not leave behind: messages, private answers, modals and home tabs that
    /// nobody looked at, unknown arguments, and interactions that were not acknowledged in time.
    pub fn leftovers(&self) -> Vec<String> {
        let state = self.core.state();
        let unread = state.messages.values().chain(&state.ephemerals).filter(|one| !one.is_read);
        let unread = unread.map(|message| {
            let whom = message.only_for.as_ref().map(|user| format!(" for {user}"));
            let words = message.words().replace('\n', " / ");
            format!("nobody read in {}{}: {words}", message.channel, whom.unwrap_or_default())
        });
        let modals =
            state.modals.iter().flat_map(|(user, views)| views.iter().map(move |v| (user, v)));
        let views =
            modals.chain(&state.homes).filter(|(_, view)| !view.is_read).map(|(user, view)| {
                format!("{user} did not read the view: {}", view.words().replace('\n', " / "))
            });
        let waiting = state.sockets.waiting().map(|id| format!("envelope {id} is unacknowledged"));
        state.remarks.iter().cloned().chain(unread).chain(views).chain(waiting).collect()
    }

    /// Lets go of the remarks so far and gives them back: for stories about exactly that.
    pub fn forgive(&self) -> Vec<String> {
        std::mem::take(&mut self.core.state().remarks)
    }

    fn read(&self, channel: &str, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut state = self.core.state();
        let mut read = Vec::new();
        for message in state.messages_of_mut(channel).filter(|message| wanted(message)) {
            message.is_read = true;
            read.push(message.clone());
        }
        read
    }
}
