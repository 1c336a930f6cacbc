//! Misbehaviour on demand: what goes wrong, where, and how often.

use std::time::Duration;

use serde::Deserialize;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// HTTP 429 with `Retry-After`; nothing is done.
    RateLimited { retry_after_s: u64 },
    /// This HTTP status and no JSON; nothing is done.
    Status(u16),
    /// HTTP 200 with this `error`; nothing is done.
    Error(String),
    /// The request is taken and never answered; nothing is done.
    Hang,
    /// The connection is closed without an answer; nothing is done.
    Closed,
    /// The thing is done, and the connection closed without an answer.
    ReplyLost,
    /// The thing is done and answered after a while of the system's clock.
    Slow(Duration),
}

/// A fault and where it strikes: once, unless told otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strike {
    method: String,
    fault: Fault,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default = "once")]
    times: Option<u32>,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn once() -> Option<u32> {
    Some(1)
}

impl Strike {
    /// At the next call of this method; `response_url` is a method as well, and `*` is any.
    pub fn at(method: &str, fault: Fault) -> Self {
        Self { fault, method: method.to_owned(), channel: None, times: Some(1) }
    }

    /// Only where the call names this channel.
    #[must_use]
    pub fn in_channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// So many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Until [`crate::FakeSlack::behave`].
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
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
    pub(crate) fn draw(&mut self, method: &str, channel: Option<&str>) -> Option<Fault> {
        let fits = |strike: &Strike| {
            (strike.method == method || strike.method == "*")
                && (strike.channel.is_none() || strike.channel.as_deref() == channel)
        };
        let index = self.0.iter().position(fits)?;
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
