//! The driving port: what an adapter may ask of the service. The service implements it.

use async_trait::async_trait;

use crate::{card::Card, text::Untrusted};

/// The service, as an adapter sees it.
#[async_trait]
pub trait Access: Send + Sync {
    /// Counts a click. The vote is durable before this returns.
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal>;

    /// The card behind a button, as its viewer may see it now, with everything that the short
    /// card leaves out.
    async fn show(&self, button: &str, viewer: &Identity) -> Result<Card, Refusal>;
}

/// A click by somebody whose platform has vouched for them.
#[derive(Debug, Clone)]
pub struct Ballot {
    /// The opaque token of the button.
    pub button: String,
    pub voter: Identity,
    pub choice: Choice,
    /// Free words that go with the click.
    pub comment: Option<Untrusted>,
    /// The number that was typed, where the plan asks for one.
    pub number: Option<String>,
    /// SHA-256 of the raw payload, in hexadecimal: evidence for the audit log.
    pub payload_sha256: String,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Approve,
    /// Approve with less: the indexes of the scopes that stay, and optionally a shorter life.
    ApproveLess {
        scopes: Vec<usize>,
        valid_for_seconds: Option<u64>,
    },
    Deny {
        reason: DenyReason,
    },
}

/// Why somebody said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyReason {
    NotNeededNow,
    TooBroad,
    /// Also alerts security.
    NotRecognised,
    /// The comment says why.
    Other,
}

impl DenyReason {
    /// All reasons, in the order in which they are offered.
    pub const ALL: [Self; 4] =
        [Self::NotNeededNow, Self::TooBroad, Self::NotRecognised, Self::Other];

    /// The words on the form and on the card.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotNeededNow => "Not needed now",
            Self::TooBroad => "Too broad",
            Self::NotRecognised => "I don't recognise this",
            Self::Other => "Other",
        }
    }

    /// The stable name, as in forms and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotNeededNow => "not_needed_now",
            Self::TooBroad => "too_broad",
            Self::NotRecognised => "not_recognised",
            Self::Other => "other",
        }
    }
}

/// An account on a platform: the only thing that authority is looked up by.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Identity {
    /// The adapter's own name, such as `sandbox`.
    pub provider: String,
    /// Workspace, tenant or issuer.
    pub tenant: String,
    /// The account id within the tenant. Never a name or an e-mail address.
    pub subject: String,
}

/// Why a click was not counted, in words for the person who clicked. Shown to them alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    pub kind: RefusalKind,
    /// Says why, and who can.
    pub sentence: String,
}

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The token belongs to no live button.
    UnknownButton,
    /// A newer card replaced the one that was clicked.
    Superseded,
    /// The account is linked to nobody.
    NotLinked,
    /// Requester, subject and client owner never count.
    OwnRequest,
    /// Not in the group that decides now.
    NotEligible,
    /// Nobody can tell whether they are in the group.
    MembershipUnknown,
    /// They have counted already.
    AlreadyVoted,
    /// Their step is not open yet, or no longer.
    StepNotOpen,
    /// The request has ended.
    Over,
    /// The typed number is wrong.
    WrongNumber,
    /// Too many wrong numbers.
    NumberLocked,
    /// Nothing would be left of what others granted.
    NothingLeft,
    /// The form lacks something.
    Incomplete,
    /// Not recorded; pressing again is harmless.
    Unavailable,
}
