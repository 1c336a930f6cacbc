//! How channels and messages are named towards the service: an installation (`T…`, or `E…` where
//! the app is installed in a whole organisation), a channel, a time stamp.

use countersign_port::{access::Place, chat::MessageRef};

/// A message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub installation: String,
    pub channel: String,
    pub ts: String,
}

impl Spot {
    /// Reads what [`Spot::reference`] wrote.
    pub(crate) fn read(message: &MessageRef) -> Option<Self> {
        let mut parts = message.0.split('/').map(str::to_owned);
        let spot = Self { installation: parts.next()?, channel: parts.next()?, ts: parts.next()? };
        parts.next().is_none().then_some(spot)
    }

    /// The name under which the service keeps the message.
    pub(crate) fn reference(&self) -> MessageRef {
        MessageRef(format!("{}/{}/{}", self.installation, self.channel, self.ts))
    }

    /// What the names of all messages of an installation begin with, or of a channel of it.
    pub(crate) fn beginning(installation: &str, channel: Option<&str>) -> String {
        let channel = channel.map(|channel| format!("{channel}/")).unwrap_or_default();
        format!("{installation}/{channel}")
    }

    /// Where a button was pressed. The policy may name the channel with its installation or, where
    /// there is but one, without; and both may know it by an id that it had before.
    pub(crate) fn place(&self, former: Vec<String>) -> Place {
        let whole = format!("{}/{}", self.installation, self.channel);
        let mut place = Place {
            message: self.reference(),
            former: Vec::new(),
            addresses: vec![self.channel.clone(), whole],
        };
        for channel in former {
            let before = Self { channel, ..self.clone() }.place(Vec::new());
            place.addresses.extend(before.addresses);
            place.former.push(before.message);
        }
        place
    }
}

/// A channel as the policy names it: `T…/C…`, or `C…` alone.
pub(crate) fn channel(address: &str) -> (Option<&str>, &str) {
    match address.split_once('/') {
        Some((installation, channel)) => (Some(installation), channel),
        None => (None, address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_as_it_was_written() {
        let spot = Spot { installation: "T1".into(), channel: "C1".into(), ts: "1.2".into() };
        assert_eq!(Spot::read(&spot.reference()), Some(spot.clone()));
        assert_eq!(spot.place(vec!["G1".into()]).addresses, ["C1", "T1/C1", "G1", "T1/G1"]);
        assert_eq!(Spot::beginning("T1", None), "T1/");
        assert_eq!(Spot::beginning("T1", Some("C1")), "T1/C1/");
        for text in ["", "T1", "T1/C1", "T1/C1/1/2"] {
            assert_eq!(Spot::read(&MessageRef(text.into())), None, "{text}");
        }
    }

    #[test]
    fn a_channel_may_name_its_installation() {
        assert_eq!(channel("C1"), (None, "C1"));
        assert_eq!(channel("T1/C1"), (Some("T1"), "C1"));
    }
}
