//! Why a call to Teams gave nothing, and what the outbox should make of it. No token, address or
//! body is ever kept here: these values are logged.

use std::time::Duration;

use countersign_egress::exchange::{EgressError, Sent};
use countersign_port::{
    error::{GiveUp, SendError},
    memory::Lost,
};
use http::StatusCode;

/// The connector's own words are a short name; longer or stranger ones are not repeated.
const MAX_CODE: usize = 64;

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The connector answered something else than yes.
    #[error("the connector answered {status} `{code}`")]
    Refused { status: u16, code: String, after: Option<Duration> },
    /// The connector takes our token for nobody's, a fresh one too.
    #[error(
        "the connector does not accept our token: check that `tenant_id` is the bot's own tenant"
    )]
    Unauthorized,
    /// No token was given to us.
    #[error("no token from the login: `{0}`, check `app_id`, `tenant_id` and the secret")]
    Login(String),
    /// The login may give a token yet; nobody waits for it any longer.
    #[error("Microsoft's login does not answer in time")]
    LoginSilent,
    /// We have sent as much there as Teams takes.
    #[error("Teams takes no more messages there for now")]
    Paced(Duration),
    /// No connection was made.
    #[error("Teams cannot be reached: {0}")]
    NotSent(String),
    /// Teams may have seen the request, and no usable answer came.
    #[error("no answer from Teams: {0}")]
    NoAnswer(String),
    /// The certificate did not verify.
    #[error("the connection to Teams cannot be trusted: {0}")]
    Tls(String),
    /// The address is one that this service may not call.
    #[error("the address may not be called: {0}")]
    Blocked(String),
    /// Nobody has installed the app there.
    #[error("the app is not installed there: {0}")]
    NotInstalled(String),
    /// What is known of installations cannot be read.
    #[error("cannot read the installations: {0}")]
    Unreadable(#[from] Lost),
}

/// What happens if a call is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twice {
    /// The same as once.
    Same,
    /// There are two of it.
    Double,
}

impl Failure {
    /// Any answer that is not a success.
    pub(crate) fn refused(status: StatusCode, code: &str, after: Option<Duration>) -> Self {
        Self::Refused { status: status.as_u16(), code: readable(code), after }
    }

    /// The login said no.
    pub(crate) fn login(code: &str) -> Self {
        Self::Login(readable(code))
    }

    /// Whether Teams does not take the card: a fault of ours.
    pub(crate) fn is_our_fault(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 413, .. })
    }

    /// What the outbox should do about a message that could not be drawn anew.
    pub(crate) fn redraw_error(self) -> SendError {
        if matches!(self, Self::Refused { status: 404, .. }) {
            return SendError::GiveUp { why: GiveUp::Message, cause: self.to_string() };
        }
        self.send_error(Twice::Same)
    }

    /// What the outbox should do.
    pub(crate) fn send_error(self, twice: Twice) -> SendError {
        let cause = self.to_string();
        let retry = |after| SendError::Retry { after, cause: cause.clone() };
        let give_up = |why| SendError::GiveUp { why, cause: cause.clone() };
        let unknown = |after| match twice {
            Twice::Same => retry(after),
            Twice::Double => SendError::Unknown { cause: cause.clone() },
        };
        match self {
            // Whether these two did anything, nobody says.
            Self::Refused { status: 500 | 504, after, .. } => unknown(after),
            Self::Refused { status: 412 | 429 | 501.., after, .. } => retry(after),
            Self::Refused { status: 403 | 404 | 410, .. } | Self::NotInstalled(_) => {
                give_up(GiveUp::Channel)
            }
            Self::Refused { .. } | Self::Unauthorized => give_up(GiveUp::Refused),
            Self::Paced(after) => retry(Some(after)),
            Self::NotSent(_) | Self::Login(_) | Self::LoginSilent | Self::Unreadable(_) => {
                retry(None)
            }
            Self::NoAnswer(_) => unknown(None),
            Self::Tls(_) => give_up(GiveUp::Tls),
            Self::Blocked(_) => give_up(GiveUp::Blocked),
        }
    }
}

fn readable(code: &str) -> String {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let known = !code.is_empty() && code.len() <= MAX_CODE && code.bytes().all(usual);
    if known { code.to_owned() } else { "no readable code".to_owned() }
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
            | EgressError::TooLarge(_) => Self::NoAnswer(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(failure: Failure, twice: Twice) -> String {
        match failure.send_error(twice) {
            SendError::Retry { after, .. } => format!("retry {:?}", after.map(|a| a.as_secs())),
            SendError::Unknown { .. } => "unknown".to_owned(),
            SendError::GiveUp { why, .. } => format!("give up {why:?}"),
        }
    }

    fn answered(status: u16) -> Failure {
        Failure::Refused { status, code: "x".to_owned(), after: None }
    }

    #[test]
    fn every_failure_has_its_meaning() {
        let text = || "x".to_owned();
        let wait = Some(Duration::from_secs(7));
        let slow = Failure::Refused { status: 429, code: text(), after: wait };
        for (failure, post, update) in [
            (slow, "retry Some(7)", "retry Some(7)"),
            (answered(412), "retry None", "retry None"),
            (answered(502), "retry None", "retry None"),
            (answered(503), "retry None", "retry None"),
            (answered(500), "unknown", "retry None"),
            (answered(504), "unknown", "retry None"),
            (answered(302), "give up Refused", "give up Refused"),
            (answered(400), "give up Refused", "give up Refused"),
            (answered(403), "give up Channel", "give up Channel"),
            (answered(404), "give up Channel", "give up Channel"),
            (answered(413), "give up Refused", "give up Refused"),
            (Failure::Unauthorized, "give up Refused", "give up Refused"),
            (Failure::login("invalid_client"), "retry None", "retry None"),
            (Failure::LoginSilent, "retry None", "retry None"),
            (Failure::Paced(Duration::from_secs(2)), "retry Some(2)", "retry Some(2)"),
            (Failure::NotSent(text()), "retry None", "retry None"),
            (Failure::NoAnswer(text()), "unknown", "retry None"),
            (Failure::Tls(text()), "give up Tls", "give up Tls"),
            (Failure::Blocked(text()), "give up Blocked", "give up Blocked"),
            (Failure::NotInstalled(text()), "give up Channel", "give up Channel"),
            (Failure::Unreadable(Lost { cause: text() }), "retry None", "retry None"),
        ] {
            assert_eq!(verdict(failure.clone(), Twice::Double), post, "post: {failure}");
            assert_eq!(verdict(failure.clone(), Twice::Same), update, "update: {failure}");
        }
    }

    #[test]
    fn a_message_that_is_gone_is_told_from_a_channel_that_is_gone() {
        let why = |error| match error {
            SendError::GiveUp { why, .. } => Some(why),
            SendError::Retry { .. } | SendError::Unknown { .. } => None,
        };
        assert_eq!(why(answered(404).redraw_error()), Some(GiveUp::Message));
        assert_eq!(why(answered(403).redraw_error()), Some(GiveUp::Channel));
        assert_eq!(why(answered(504).redraw_error()), None);
    }

    #[test]
    fn a_strange_code_is_not_repeated() {
        for code in ["", "eyJ <secret>", &"a".repeat(65)] {
            assert!(Failure::login(code).to_string().contains("no readable code"));
        }
    }
}
