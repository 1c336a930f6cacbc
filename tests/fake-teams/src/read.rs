//! What people see. Whoever reads marks it as read, so that [`FakeTeams::leftovers`] can tell what
//! nobody looked at.

use crate::{
    FakeTeams,
    fault::Call,
    message::Message,
    state::{Called, State},
};

impl FakeTeams {
    /// The messages that begin the threads of a channel, as they are now, oldest first.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.read(|message| message.begins_thread_of(channel))
    }

    /// The newest thread of a channel.
    pub fn last_message(&self, channel: &str) -> Option<Message> {
        self.messages(channel).pop()
    }

    /// The replies below a message, oldest first.
    pub fn replies(&self, first: &Message) -> Vec<Message> {
        self.read(|one| one.conversation == first.conversation && one.id != first.id)
    }

    /// What the bot has written to somebody alone and they have not read yet.
    pub fn chat(&self, who: &str) -> Vec<Message> {
        let chat = self.core.state().people.get(who).map(State::chat_of);
        self.read(|one| !one.is_read && Some(&one.conversation) == chat.as_ref())
    }

    /// Reads all replies of all threads: for stories that are about something else.
    pub fn skim_threads(&self) {
        for message in &mut self.core.state().messages {
            let begins = message.conversation.ends_with(&format!("={}", message.id));
            message.is_read |= message.conversation.starts_with("19:") && !begins;
        }
    }

    /// The calls of a kind so far.
    pub fn calls(&self, call: Call) -> Vec<Called> {
        self.core.state().calls.iter().filter(|one| one.call == call).cloned().collect()
    }

    /// What a story must not leave behind: messages that nobody looked at, calls that there are
    /// none of, cards that Teams does not take, and answers that show nothing.
    pub fn leftovers(&self) -> Vec<String> {
        let state = self.core.state();
        let unread = state.messages.iter().filter(|one| !one.is_read).map(|message| {
            let words = message.words().replace('\n', " / ");
            format!("nobody read in {}: {words}", message.conversation)
        });
        state.remarks.iter().cloned().chain(unread).collect()
    }

    /// Lets go of the remarks so far and gives them back: for stories about exactly that.
    pub fn forgive(&self) -> Vec<String> {
        std::mem::take(&mut self.core.state().remarks)
    }

    fn read(&self, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut state = self.core.state();
        let mut read = Vec::new();
        for message in state.messages.iter_mut().filter(|message| wanted(message)) {
            message.is_read = true;
            read.push(message.clone());
        }
        read
    }
}
