//! The neutral card: one wording of a request for every platform. A renderer decides how it looks,
//! never what it says. Built by `domain::card` of the service; nothing here does I/O.

use jiff::Timestamp;

use crate::text::Shown;

/// What one viewer sees of one request, at one version.
#[derive(Debug, Clone)]
pub struct Card {
    /// The request that the card shows: `arq_…`.
    pub request: String,
    /// The version of the request that was drawn; raised by every change.
    pub version: i64,
    /// Which of the six faces this is.
    pub face: Face,
    /// One sentence: who wants what, where.
    pub title: Line,
    /// Things that the viewer must know before they read on (mixed scripts, a cut text).
    pub warnings: Vec<Line>,
    /// Short labelled facts from the catalogue and the request.
    pub facts: Vec<Fact>,
    /// The words of the person who asks, always drawn as a quote.
    pub quote: Option<Quote>,
    /// What would be new and what is held already.
    pub changes: Vec<Change>,
    /// “If you approve”: the consequence and its end. Empty once decided.
    pub consequence: Option<Line>,
    /// Who acted, who can act now, what comes after.
    pub progress: Vec<Progress>,
    /// What the viewer may press, at most one of them primary.
    pub actions: Vec<Button>,
    /// Ids and expiry, drawn small.
    pub footer: Vec<Line>,
    /// The whole card in one plain sentence: notifications, screen readers, plain text clients.
    pub notification: Line,
}

/// The state of a card, with its word and its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Nobody who counts has acted yet.
    Pending,
    /// Some of the people needed have approved.
    Partial,
    /// Everybody needed has approved.
    Approved,
    /// An eligible person said no.
    Denied,
    /// Nobody, or too few, decided in time.
    Expired,
    /// Withdrawn by the client that asked.
    Cancelled,
    /// Ended by a system cause; nothing was granted.
    Failed,
    /// A bundle whose parts ended differently.
    Mixed,
}

impl Face {
    /// The shape beside the word, so that colour never carries the meaning alone.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Pending => "⏳",
            Self::Partial | Self::Mixed => "◔",
            Self::Approved => "✔",
            Self::Denied => "⛔",
            Self::Expired => "⏰",
            Self::Cancelled => "↩",
            Self::Failed => "⚠",
        }
    }

    /// Whether the request has ended.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Partial)
    }
}

/// A line of text in parts, so that each renderer escapes and localises by its own rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Our own words.
    Words(String),
    /// Text from outside, made safe to show. Never a link, a mention or markup.
    Outside(Shown),
    /// An instant, drawn in the reader's own time zone.
    Time(Timestamp),
}

/// A labelled fact.
#[derive(Debug, Clone)]
pub struct Fact {
    pub label: &'static str,
    pub value: Line,
}

/// The words of the person who asks.
#[derive(Debug, Clone)]
pub struct Quote {
    /// Who says it.
    pub who: Shown,
    pub text: Shown,
}

/// One thing that is asked for, beside what is held already.
#[derive(Debug, Clone)]
pub struct Change {
    /// Whether it is new.
    pub novelty: Novelty,
    /// The title from the catalogue.
    pub title: Shown,
    /// The raw scope or action name, for the details.
    pub name: Shown,
}

/// Whether a change adds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    New,
    Held,
}

/// One line of the progress track.
#[derive(Debug, Clone)]
pub struct Progress {
    pub mark: ProgressMark,
    pub line: Line,
}

/// The shape before a line of the progress track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMark {
    /// Somebody acted: `✔`.
    Done,
    /// Somebody is needed now: `○`.
    Open,
    /// Comes after: `·`.
    Later,
    /// Somebody said no: `✖`.
    Refused,
    /// Something happened that is neither: `–`.
    Note,
}

impl ProgressMark {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "✔",
            Self::Open => "○",
            Self::Later => "·",
            Self::Refused => "✖",
            Self::Note => "–",
        }
    }
}

/// Something to press.
#[derive(Debug, Clone)]
pub struct Button {
    pub verb: Verb,
    /// A verb in our words; ends with an ellipsis when a form follows.
    pub label: &'static str,
    /// The sentence that a screen reader says instead of the label.
    pub spoken: String,
    pub emphasis: Emphasis,
    /// Opaque and unguessable; bound to the message, the step and the verb.
    pub token: String,
    /// What must be filled in before the press counts.
    pub form: Option<Form>,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    Approve,
    ApproveLess,
    Deny,
    Justified,
    NotJustified,
    Details,
    /// Open the same once more: for whoever asked.
    AskAgain,
}

impl Verb {
    /// All verbs, in the order in which they are drawn.
    pub const ALL: [Self; 7] = [
        Self::Approve,
        Self::ApproveLess,
        Self::Deny,
        Self::Justified,
        Self::NotJustified,
        Self::Details,
        Self::AskAgain,
    ];

    /// The name of the verb in forms and tests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveLess => "approve_less",
            Self::Deny => "deny",
            Self::Justified => "justified",
            Self::NotJustified => "not_justified",
            Self::Details => "details",
            Self::AskAgain => "ask_again",
        }
    }
}

/// How much a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    Primary,
    Danger,
    Plain,
}

/// The fields that go with a button.
#[derive(Debug, Clone)]
pub struct Form {
    pub title: &'static str,
    /// The summary that stands above the fields, so that nobody confirms blindly.
    pub summary: Vec<Line>,
    pub fields: Vec<Field>,
    pub submit: &'static str,
}

/// One field of a form. `name` is the key under which the answer comes back.
#[derive(Debug, Clone)]
pub enum Field {
    /// One of several.
    Choice { name: &'static str, label: &'static str, options: Vec<FieldOption> },
    /// Any of several, all ticked at first.
    Checks { name: &'static str, label: &'static str, options: Vec<FieldOption> },
    /// The two-digit number that the requester sees.
    Number { name: &'static str, label: &'static str },
    /// Free text of at most 500 characters.
    Text { name: &'static str, label: &'static str },
}

/// One choice. `value` is an index or a fixed word, never text from a request.
#[derive(Debug, Clone)]
pub struct FieldOption {
    pub value: String,
    pub label: Line,
}

impl Line {
    /// A line of our own words.
    pub fn words(words: impl Into<String>) -> Self {
        Self(vec![Span::Words(words.into())])
    }

    /// Adds our own words.
    #[must_use]
    pub fn and(mut self, words: impl Into<String>) -> Self {
        self.0.push(Span::Words(words.into()));
        self
    }

    /// Adds text from outside.
    #[must_use]
    pub fn outside(mut self, shown: Shown) -> Self {
        self.0.push(Span::Outside(shown));
        self
    }

    /// Adds an instant.
    #[must_use]
    pub fn time(mut self, at: Timestamp) -> Self {
        self.0.push(Span::Time(at));
        self
    }

    /// Adds the parts of another line.
    #[must_use]
    pub fn line(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The line as plain text; times as `14:32 UTC`.
    pub fn plain(&self) -> String {
        self.0.iter().map(Span::plain).collect()
    }
}

impl Span {
    fn plain(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Outside(shown) => shown.to_string(),
            Self::Time(at) => at.strftime("%H:%M UTC").to_string(),
        }
    }
}
