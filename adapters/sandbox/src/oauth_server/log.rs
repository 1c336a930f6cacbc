//! What the sample OAuth server saw: its own calls and the callbacks, a line each.

use std::collections::VecDeque;

use super::{APPROVED, Asked, scenario::Scenario};

/// Older lines scroll away.
const MAX_ENTRIES: usize = 100;

/// The lines.
#[derive(Debug, Default)]
pub(super) struct Log(VecDeque<Entry>);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It asked for approval.
    Asked { scenario: Scenario, asked: Asked },
    /// It was called back, perhaps more than once with the same event.
    Called(Call),
    /// A callback came whose signature did not hold. Answered with 401.
    Forged { why: String },
    /// The bank spent a credential, or was told not to act.
    Redeemed { request: String, active: bool },
}

/// Everything that happened to one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The `webhook-id`: the same on every attempt.
    pub id: String,
    /// Such as `access_request.approved`.
    pub event: String,
    /// The request that it is about.
    pub request: String,
    /// Where the service gives a credential for what was approved, if it does.
    pub credential_endpoint: Option<String>,
    /// Attempts that were answered with 503.
    pub turned_away: u32,
    /// Attempts that were answered with 204.
    pub delivered: u32,
}

impl Call {
    /// Whether it is a yes on which a credential can be fetched.
    pub(super) fn gives_credential(&self) -> bool {
        self.event == APPROVED && self.credential_endpoint.is_some()
    }

    /// The last answer that it was given.
    pub fn outcome(&self) -> &'static str {
        if self.delivered > 0 { "204" } else { "503" }
    }

    /// What happened, in words.
    pub fn story(&self) -> String {
        let turned_away = match self.turned_away {
            0 => String::new(),
            count => format!(" · turned away {count}x"),
        };
        format!("signature ok · delivered {}x{turned_away}", self.delivered)
    }
}

impl Log {
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.0.iter().cloned().collect()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if self.0.len() == MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    /// Counts an attempt on the line of its event, which the first attempt begins.
    pub(super) fn count(&mut self, attempt: Call) {
        for entry in &mut self.0 {
            if let Entry::Called(call) = entry
                && call.id == attempt.id
            {
                call.turned_away += attempt.turned_away;
                call.delivered += attempt.delivered;
                return;
            }
        }
        self.push(Entry::Called(attempt));
    }
}

impl Entry {
    /// The event, where the line is one that was verified and taken.
    pub fn delivered(&self) -> Option<&Call> {
        self.call().filter(|call| call.delivered > 0)
    }

    /// How often the event was turned away.
    pub fn turned_away(&self) -> u32 {
        self.call().map_or(0, |call| call.turned_away)
    }

    /// The request, where the line is about asking for a transfer.
    pub(super) fn transfer(&self) -> Option<&str> {
        match self {
            Self::Asked { scenario: Scenario::Transfer, asked } => asked.request.as_deref(),
            Self::Asked { .. } | Self::Called(_) | Self::Forged { .. } | Self::Redeemed { .. } => {
                None
            }
        }
    }

    fn call(&self) -> Option<&Call> {
        match self {
            Self::Called(call) => Some(call),
            Self::Asked { .. } | Self::Forged { .. } | Self::Redeemed { .. } => None,
        }
    }
}
