//! The driving port: what an adapter may ask of the service. The service implements it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    card::{Card, Verb},
    chat::MessageRef,
    text::Untrusted,
};

/// The service, as an adapter sees it.
#[async_trait]
pub trait Access: Send + Sync {
    /// Counts a click. The vote is durable before this returns.
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal>;

    /// Opens a request that came to nothing once more, for whoever asked. The new one is durable
    /// before this returns; the card is that of the old one.
    async fn ask_again(&self, press: &Press) -> Result<Card, Refusal>;

    /// The card behind a button, as its viewer may see it now, with everything that the short
    /// card leaves out.
    async fn show(&self, press: &Press) -> Result<Card, Refusal>;

    /// The card of a request, for somebody who was asked or may be asked about it.
    async fn look_up(&self, request: &str, viewer: &Identity) -> Result<Card, Refusal>;

    /// What waits for this person, most urgent first.
    async fn waiting(&self, viewer: &Identity) -> Result<Vec<Waiting>, Refusal>;

    /// A press that the platform's own facts turn away: a guest, another company, an account that
    /// nobody vouches for. Recorded where the button is one of ours; gives the words for it.
    async fn turn_away(&self, press: &Press, why: RefusalKind) -> Refusal;

    /// What somebody says of themselves. What follows from it is durable when this returns; the
    /// answer is for them alone.
    async fn say(&self, word: &Word, by: &Identity) -> Result<String, Refusal>;

    /// Something happened on the platform. Whatever follows from it is durable when this returns.
    async fn hear(&self, news: &News) -> Result<(), Unheard>;
}

/// What somebody may say of themselves in chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A colleague decides for them until then.
    Away { colleague: String, until: String },
    /// Nobody decides for them any more.
    Back,
    /// Their account is to be linked to them: by a code that they were shown where they signed in, or
    /// by one that they are to be given.
    Link { code: Option<String> },
}

impl Word {
    /// `away gus 2026-12-24`, `away gus until 5d`, `back`, `link` or `link 7Q2M4-X9TRB-3W0KD`.
    pub fn read(words: &[&str]) -> Option<Self> {
        let (verb, rest) = words.split_first()?;
        match (verb.to_ascii_lowercase().as_str(), rest) {
            ("away", [colleague, until] | [colleague, "until", until]) => {
                Some(Self::Away { colleague: (*colleague).to_owned(), until: (*until).to_owned() })
            }
            ("back", []) => Some(Self::Back),
            ("link", []) => Some(Self::Link { code: None }),
            // Somebody may type the parts of it apart.
            ("link", [_] | [_, _, _]) => Some(Self::Link { code: Some(rest.concat()) }),
            _ => None,
        }
    }
}

/// What happens on a platform, as far as the service must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Messages whose reference begins so are to be pressed no longer: their cards are taken back,
    /// and the requests are asked about elsewhere. The same goes for cards that are about to be
    /// posted in `channels`, under all the names that the policy may have for them.
    Lost { platform: &'static str, messages: String, channels: Vec<String>, why: Loss },
    /// Others may be in a group now. `groups` are all the names that the policy may have for it.
    GroupChanged { source: &'static str, groups: Vec<String> },
}

/// Why a card is of no use where it hangs, or where it was to hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// People of another company read along.
    Shared,
    /// The app was removed.
    Removed,
    /// The channel does not take it.
    Refused,
}

impl Loss {
    /// The stable name, as in the log and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Removed => "removed",
            Self::Refused => "refused",
        }
    }
}

/// What was told could not be written down. It is to be told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it could not be written down")]
pub struct Unheard;

/// A button was pressed, by somebody whose platform has vouched for them.
#[derive(Debug, Clone)]
pub struct Press {
    /// The opaque token of the button.
    pub button: String,
    pub by: Identity,
    /// The address of the account, where the platform has told it. It proposes whose the account is.
    pub email: Option<String>,
    /// The message that holds the button, where the platform says.
    pub place: Option<Place>,
    /// SHA-256 of the raw payload, in hexadecimal: evidence for the audit log.
    pub payload_sha256: String,
    /// What this press and no other is known by: it is judged once, however often it comes. `None`
    /// where two presses may look alike.
    pub once: Option<String>,
}

/// Where a button was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What posting the message has returned, or will.
    pub message: MessageRef,
    /// The same by ids that its channel had before.
    pub former: Vec<MessageRef>,
    /// The addresses under which the policy may know the channel.
    pub addresses: Vec<String>,
}

/// A click that says yes or no.
#[derive(Debug, Clone)]
pub struct Ballot {
    pub press: Press,
    pub choice: Choice,
    /// Free words that go with the click.
    pub comment: Option<Untrusted>,
    /// The number that was typed, where the plan asks for one.
    pub number: Option<String>,
    /// When the form was opened that was sent: what was granted less since then has not been seen.
    pub seen_at: Option<Timestamp>,
}

/// A request that waits for somebody.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// As it is drawn in a list: without buttons.
    pub card: Card,
    /// When it is over, or its review is due.
    pub expires_at: Timestamp,
    /// The message to press in, if it has been posted on the viewer's platform.
    pub message: Option<MessageRef>,
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
    /// Says afterwards whether it was justified.
    Review(Judgement),
}

impl Choice {
    /// What a form chooses, or `None` where it lacks something: the indexes of the scopes that stay,
    /// the life in seconds and the reason, as they were filled in.
    pub fn filled_in(
        verb: Verb,
        scopes: Option<Vec<usize>>,
        valid_for: Option<&str>,
        reason: Option<&str>,
    ) -> Option<Self> {
        match verb {
            Verb::Approve => Some(Self::Approve),
            Verb::ApproveLess => Some(Self::ApproveLess {
                scopes: scopes?,
                valid_for_seconds: valid_for.map(str::parse).transpose().ok()?,
            }),
            Verb::Deny => {
                let reason = reason?;
                let mut reasons = DenyReason::ALL.into_iter();
                Some(Self::Deny { reason: reasons.find(|why| why.as_str() == reason)? })
            }
            Verb::Justified => Some(Self::Review(Judgement::Justified)),
            Verb::NotJustified => Some(Self::Review(Judgement::NotJustified)),
            Verb::Details | Verb::AskAgain => None,
        }
    }

    /// The button that it is made with.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Approve => Verb::Approve,
            Self::ApproveLess { .. } => Verb::ApproveLess,
            Self::Deny { .. } => Verb::Deny,
            Self::Review(Judgement::Justified) => Verb::Justified,
            Self::Review(Judgement::NotJustified) => Verb::NotJustified,
        }
    }
}

/// What a reviewer says of what was granted in an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Justified,
    /// What is still live of it is revoked.
    NotJustified,
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

impl Identity {
    /// The account within its platform, in one word.
    pub fn address(&self) -> String {
        format!("{}/{}", self.tenant, self.subject)
    }

    /// How findings about it are headed.
    pub fn heading(&self) -> String {
        format!("the `{}` account {}", self.provider, self.address())
    }

    /// Reads what [`Identity::address`] wrote. No platform has a slash in the name of a tenant.
    pub fn at(provider: &str, address: &str) -> Option<Self> {
        let (tenant, subject) = address.split_once('/')?;
        Some(Self {
            provider: provider.to_owned(),
            tenant: tenant.to_owned(),
            subject: subject.to_owned(),
        })
    }
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
    /// No such request, or one that does not concern the person who asks.
    UnknownRequest,
    /// A newer card replaced the one that was clicked.
    Superseded,
    /// The card was taken back from its channel.
    Withdrawn,
    /// The account is linked to nobody.
    NotLinked,
    /// The account is linked less surely than the request wants.
    LinkTooWeak,
    /// Requester, subject and client owner never count.
    OwnRequest,
    /// Not in the group that decides now.
    NotEligible,
    /// Nobody can tell whether they are in the group.
    MembershipUnknown,
    /// They have counted already.
    AlreadyVoted,
    /// Nobody reviews what they have approved themselves.
    OwnApproval,
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
    /// A no for another reason than those that are offered, without words.
    Unexplained,
    /// Others have granted less since the form was opened.
    Changed,
    /// A guest of the workspace, who decides nothing there.
    Guest,
    /// Somebody of another company, in a channel that is shared with it.
    Stranger,
    /// An account that is switched off, or a program.
    NotAPerson,
    /// The platform could not say whose account it is.
    IdentityUnknown,
    /// Only whoever asked can ask again.
    NotRequester,
    /// It cannot be asked for again, or not now.
    NotRenewed,
    /// What they want to arrange cannot be.
    NotArranged,
    /// Not recorded; pressing again is harmless.
    Unavailable,
}
