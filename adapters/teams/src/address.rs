//! How messages are named towards the service: a tenant, a conversation, an activity. The policy
//! names a channel by its id, `19:…@thread.tacv2`.

use countersign_port::{access::Place, chat::MessageRef};

/// What begins the part of a conversation id that names the thread.
const THREAD: &str = ";messageid=";

/// A message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub tenant: String,
    /// In a channel with its thread, as Teams gives it.
    pub conversation: String,
    pub activity: String,
}

impl Spot {
    /// A message in a channel. Every card begins a thread of its own, and where the id of the
    /// conversation does not say so, that of the message does.
    pub(crate) fn in_channel(tenant: &str, conversation: &str, activity: &str) -> Self {
        let conversation = if conversation.contains(THREAD) {
            conversation.to_owned()
        } else {
            format!("{conversation}{THREAD}{activity}")
        };
        Self { tenant: tenant.to_owned(), conversation, activity: activity.to_owned() }
    }

    /// Reads what [`Spot::reference`] wrote.
    pub(crate) fn read(message: &MessageRef) -> Option<Self> {
        let mut parts = message.0.split('|').map(str::to_owned);
        let (tenant, conversation, activity) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && !conversation.is_empty() && !activity.is_empty();
        whole.then_some(Self { tenant, conversation, activity })
    }

    /// The name under which the service keeps the message.
    pub(crate) fn reference(&self) -> MessageRef {
        MessageRef(format!("{}|{}|{}", self.tenant, self.conversation, self.activity))
    }

    /// Where a button was pressed.
    pub(crate) fn place(&self) -> Place {
        Place {
            message: self.reference(),
            former: Vec::new(),
            addresses: vec![self.channel().to_owned()],
        }
    }

    /// The channel, as the policy names it.
    pub(crate) fn channel(&self) -> &str {
        channel(&self.conversation)
    }
}

/// A conversation without its thread.
pub(crate) fn channel(conversation: &str) -> &str {
    conversation.split_once(THREAD).map_or(conversation, |(channel, _)| channel)
}

/// The message that begins the thread of a conversation.
pub(crate) fn thread(conversation: &str) -> Option<&str> {
    conversation.split_once(THREAD).map(|(_, message)| message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_as_it_was_written() {
        let spot = Spot::in_channel("t1", "19:a@thread.tacv2;messageid=7", "7");
        assert_eq!(Spot::read(&spot.reference()), Some(spot.clone()));
        assert_eq!(spot.place().addresses, ["19:a@thread.tacv2"]);
        for text in ["", "t", "t|c", "t||a", "t|c|", "t|c|a|b"] {
            assert_eq!(Spot::read(&MessageRef(text.into())), None, "{text}");
        }
    }

    #[test]
    fn a_card_begins_its_thread() {
        let spot = Spot::in_channel("t1", "19:a@thread.tacv2", "7");
        assert_eq!(spot.conversation, "19:a@thread.tacv2;messageid=7");
        assert_eq!(thread(&spot.conversation), Some("7"));
    }
}
