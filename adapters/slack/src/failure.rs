//! Why a call to Slack gave nothing, and what the outbox should make of it. No token, address or
//! body is ever kept here: these values are logged.

use std::time::Duration;

use countersign_egress::exchange::{EgressError, Sent};
use countersign_port::error::{GiveUp, SendError};
use slack_morphism::errors::{SlackClientError, SlackClientSystemError};

use crate::token::NoToken;

/// Slack's own words are a short name; longer or stranger ones are not repeated.
const MAX_CODE: usize = 64;

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Slack understood and said no, by one of its error codes.
    #[error("Slack says `{0}`")]
    Refused(String),
    /// 429: this method in this workspace is called too often.
    #[error("Slack asks to slow down")]
    TooFast(Option<Duration>),
    /// Any other status than 200.
    #[error("Slack answered with status {0}")]
    Status(u16),
    /// No connection was made.
    #[error("Slack cannot be reached: {0}")]
    NotSent(String),
    /// Slack may have seen the request, and no usable answer came.
    #[error("no answer from Slack: {0}")]
    Lost(String),
    /// The certificate did not verify.
    #[error("the connection to Slack cannot be trusted: {0}")]
    Tls(String),
    /// The address is one that this service may not call.
    #[error("Slack's address may not be called: {0}")]
    Blocked(String),
    /// There is no token to call with.
    #[error(transparent)]
    NoToken(#[from] NoToken),
}

/// What happens if a call is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twice {
    /// The same as once.
    Same,
    /// There are two of it.
    Double,
}

impl Failure {
    /// An error code from an answer.
    pub(crate) fn code(code: &str) -> Self {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let known = !code.is_empty() && code.len() <= MAX_CODE && code.bytes().all(usual);
        Self::Refused(if known { code.to_owned() } else { "an unreadable code".to_owned() })
    }

    /// Whether Slack takes none of our blocks: a fault of ours.
    pub(crate) fn is_our_fault(&self) -> bool {
        let ours =
            ["invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"];
        matches!(self, Self::Refused(code) if ours.contains(&code.as_str()))
    }

    /// Whether the app is in the workspace no longer.
    pub(crate) fn is_removal(&self) -> bool {
        let removed = ["account_inactive", "token_revoked", "invalid_auth"].map(Self::code);
        let absent = matches!(self, Self::NoToken(NoToken::Removed(_) | NoToken::NotInstalled(_)));
        absent || removed.contains(self)
    }

    /// What the outbox should do about a message that could not be drawn anew.
    pub(crate) fn redraw_error(self) -> SendError {
        let gone = ["message_not_found", "cant_update_message", "edit_window_closed"];
        if matches!(&self, Self::Refused(code) if gone.contains(&code.as_str())) {
            return SendError::GiveUp { why: GiveUp::Message, cause: self.to_string() };
        }
        self.send_error(Twice::Same)
    }

    /// What the outbox should do.
    pub fn send_error(self, twice: Twice) -> SendError {
        let cause = self.to_string();
        let retry = |after| SendError::Retry { after, cause: cause.clone() };
        let give_up = |why| SendError::GiveUp { why, cause: cause.clone() };
        let unknown = || match twice {
            Twice::Same => retry(None),
            Twice::Double => SendError::Unknown { cause: cause.clone() },
        };
        match self {
            Self::TooFast(after) => retry(after),
            Self::NotSent(_) | Self::NoToken(NoToken::Expired(_) | NoToken::Unknown(_)) => {
                retry(None)
            }
            Self::Status(status) if status >= 500 => retry(None),
            Self::Status(_)
            | Self::NoToken(
                NoToken::NotInstalled(_) | NoToken::Removed(_) | NoToken::ReinstallNeeded(_),
            ) => give_up(GiveUp::Refused),
            Self::Lost(_) => unknown(),
            Self::Tls(_) => give_up(GiveUp::Tls),
            Self::Blocked(_) => give_up(GiveUp::Blocked),
            Self::Refused(code) => match Meaning::of(&code) {
                Meaning::Later => retry(None),
                Meaning::Unknown => unknown(),
                Meaning::Channel => give_up(GiveUp::Channel),
                Meaning::Never => give_up(GiveUp::Refused),
            },
        }
    }
}

/// What an error code says about trying again.
enum Meaning {
    Later,
    /// Slack's pages on these codes say that a part may have been done.
    Unknown,
    Channel,
    Never,
}

impl Meaning {
    fn of(code: &str) -> Self {
        match code {
            "ratelimited"
            | "rate_limited"
            | "service_unavailable"
            | "team_added_to_org"
            | "token_expired" => Self::Later,
            "internal_error" | "fatal_error" | "request_timeout" => Self::Unknown,
            "channel_not_found" | "not_in_channel" | "is_archived" | "is_inactive"
            | "restricted_action" | "cannot_dm_bot" | "user_disabled" | "user_not_found" => {
                Self::Channel
            }
            _ => Self::Never,
        }
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        let cause = error.to_string();
        match error {
            EgressError::Blocked(_) => Self::Blocked(cause),
            EgressError::Connect(_) | EgressError::TimedOut(Sent::No) => Self::NotSent(cause),
            EgressError::Tls(_) => Self::Tls(cause),
            EgressError::TimedOut(Sent::Unknown)
            | EgressError::Broken(_)
            | EgressError::TooLarge(_) => Self::Lost(cause),
        }
    }
}

/// The library's errors print whole bodies and tokens, so ours travel inside the one kind that
/// carries a cause.
impl From<Failure> for SlackClientError {
    fn from(failure: Failure) -> Self {
        Self::SystemError(SlackClientSystemError::new().with_cause(Box::new(failure)))
    }
}

impl From<SlackClientError> for Failure {
    fn from(error: SlackClientError) -> Self {
        let lost = || Self::Lost("the client library failed".to_owned());
        let SlackClientError::SystemError(SlackClientSystemError { cause: Some(cause), .. }) =
            error
        else {
            return lost();
        };
        cause.downcast::<Self>().map_or_else(|_| lost(), |failure| *failure)
    }
}

#[cfg(test)]
mod tests {
    use countersign_port::memory::Lost;

    use super::*;

    fn verdict(failure: Failure, twice: Twice) -> String {
        match failure.send_error(twice) {
            SendError::Retry { after, .. } => format!("retry {:?}", after.map(|a| a.as_secs())),
            SendError::Unknown { .. } => "unknown".to_owned(),
            SendError::GiveUp { why, .. } => format!("give up {why:?}"),
        }
    }

    #[test]
    fn every_failure_has_its_meaning() {
        let text = || "x".to_owned();
        for (failure, post, update) in [
            (Failure::TooFast(Some(Duration::from_secs(7))), "retry Some(7)", "retry Some(7)"),
            (Failure::TooFast(None), "retry None", "retry None"),
            (Failure::code("ratelimited"), "retry None", "retry None"),
            (Failure::Status(503), "retry None", "retry None"),
            (Failure::Status(302), "give up Refused", "give up Refused"),
            (Failure::NotSent(text()), "retry None", "retry None"),
            (Failure::Lost(text()), "unknown", "retry None"),
            (Failure::code("fatal_error"), "unknown", "retry None"),
            (Failure::Tls(text()), "give up Tls", "give up Tls"),
            (Failure::Blocked(text()), "give up Blocked", "give up Blocked"),
            (Failure::code("channel_not_found"), "give up Channel", "give up Channel"),
            (Failure::code("not_in_channel"), "give up Channel", "give up Channel"),
            (Failure::code("is_archived"), "give up Channel", "give up Channel"),
            (Failure::code("restricted_action"), "give up Channel", "give up Channel"),
            (Failure::code("invalid_auth"), "give up Refused", "give up Refused"),
            (Failure::code("token_revoked"), "give up Refused", "give up Refused"),
            (Failure::code("account_inactive"), "give up Refused", "give up Refused"),
            (Failure::code("missing_scope"), "give up Refused", "give up Refused"),
            (Failure::code("invalid_blocks"), "give up Refused", "give up Refused"),
            (Failure::code("never heard of"), "give up Refused", "give up Refused"),
            (NoToken::NotInstalled(text()).into(), "give up Refused", "give up Refused"),
            (NoToken::Removed(text()).into(), "give up Refused", "give up Refused"),
            (NoToken::ReinstallNeeded(text()).into(), "give up Refused", "give up Refused"),
            (NoToken::Expired(text()).into(), "retry None", "retry None"),
            (NoToken::Unknown(Lost { cause: text() }).into(), "retry None", "retry None"),
        ] {
            assert_eq!(verdict(failure.clone(), Twice::Double), post, "post: {failure}");
            assert_eq!(verdict(failure.clone(), Twice::Same), update, "update: {failure}");
        }
    }

    #[test]
    fn a_message_that_is_gone_is_told_from_a_channel_that_is_gone() {
        let why = |code| match Failure::code(code).redraw_error() {
            SendError::GiveUp { why, .. } => Some(why),
            SendError::Retry { .. } | SendError::Unknown { .. } => None,
        };
        for code in ["message_not_found", "cant_update_message", "edit_window_closed"] {
            assert_eq!(why(code), Some(GiveUp::Message), "{code}");
        }
        for code in ["channel_not_found", "not_in_channel", "is_archived", "is_inactive"] {
            assert_eq!(why(code), Some(GiveUp::Channel), "{code}");
        }
        assert_eq!(why("fatal_error"), None);
    }

    #[test]
    fn a_strange_code_is_not_repeated() {
        for code in ["", "xoxb-1 <secret>", &"a".repeat(65)] {
            assert_eq!(Failure::code(code).to_string(), "Slack says `an unreadable code`");
        }
    }

    #[test]
    fn a_failure_travels_through_the_library() {
        let failure = Failure::TooFast(Some(Duration::from_secs(1)));
        let there: SlackClientError = failure.clone().into();
        assert_eq!(Failure::from(there), failure);
    }
}
