//! Misbehaviour on demand: what goes wrong, where, and how often.

use std::time::Duration;

use serde::Deserialize;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// HTTP 429 with `Retry-After`; nothing is done.
    RateLimited { retry_after_s: u64 },
    /// This HTTP status with a code; nothing is done.
    Status(u16),
    /// The request is taken and never answered; nothing is done.
    Hang,
    /// The connection is closed without an answer; nothing is done.
    Closed,
    /// The thing is done, and the connection closed without an answer.
    ReplyLost,
    /// The thing is done and answered after a while of the system's clock.
    Slow(Duration),
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Where the keys are.
    Metadata,
    /// The keys.
    Keys,
    /// A token for the bot.
    Token,
    /// A new conversation: a thread of a channel, or a chat.
    Create,
    /// A message into a conversation that is there.
    Send,
    /// A message drawn anew.
    Update,
    /// One member, or a page of the roster.
    Members,
    /// What a team is, and its channels.
    Team,
}

/// A fault and where it strikes: once, unless told otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strike {
    at: Call,
    fault: Fault,
    #[serde(default = "once")]
    times: Option<u32>,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn once() -> Option<u32> {
    Some(1)
}

impl Strike {
    /// At the next call of this kind.
    pub fn at(call: Call, fault: Fault) -> Self {
        Self { at: call, fault, times: Some(1) }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Until [`crate::FakeTeams::behave`].
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Strike>);

impl Faults {
    pub(crate) fn add(&mut self, strike: Strike) {
        self.0.push(strike);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What befalls this call, if anything; the first that fits, and it is used up.
    pub(crate) fn draw(&mut self, call: Call) -> Option<Fault> {
        let index = self.0.iter().position(|strike| strike.at == call)?;
        let strike = self.0.get_mut(index)?;
        let fault = strike.fault.clone();
        if let Some(times) = &mut strike.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(index);
            }
        }
        Some(fault)
    }
}
