//! Messages as people see them.

use serde_json::Value;

use crate::card;

/// A message of the bot, in a channel, a thread or a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// In a channel with its thread.
    pub conversation: String,
    pub id: String,
    /// The whole activity, as it was sent last.
    pub activity: Value,
    pub edits: usize,
    pub(crate) is_read: bool,
}

impl Message {
    /// The card of the message; null where it has none.
    pub fn card(&self) -> &Value {
        self.activity.pointer("/attachments/0/content").unwrap_or(&Value::Null)
    }

    /// Every text that is seen, one a line.
    pub fn words(&self) -> String {
        card::words(self.card())
    }

    /// The verbs that can be pressed, in forms too.
    pub fn verbs(&self) -> Vec<String> {
        let pressable = card::pressable(self.card());
        pressable.into_iter().map(|press| press.verb).collect()
    }

    /// Whether it begins a thread of this channel.
    pub(crate) fn begins_thread_of(&self, channel: &str) -> bool {
        let thread = format!("{channel};messageid={}", self.id);
        self.conversation == thread
    }
}
