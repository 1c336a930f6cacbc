//! What is to be written, as rows. All of it goes to the store in one statement, in the
//! transaction that read what it rests on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_port::{
    access::{Loss, RefusalKind},
    delegation::Verdict,
};
use jiff::Timestamp;

use crate::domain::{
    approval::Approval,
    audit::{Entry, Sealed},
    credential::Credential,
    delegation::Delegation,
    id::{CardId, ClientId, EventId, RequestId},
    outcome::Outcome,
    review::Review,
    vote::Vote,
};

/// The rows of one batch.
#[derive(Debug, Default)]
pub struct Effects {
    pub keys: Vec<Key>,
    /// Presses that were judged.
    pub presses: BTreeMap<String, Judged>,
    /// What brakes count from now on.
    pub marks: BTreeSet<(String, Timestamp, RequestId)>,
    /// New requests, as they are stored.
    pub opened: Vec<(RequestId, Arc<Sealed>)>,
    pub touches: BTreeMap<RequestId, Touch>,
    pub votes: BTreeMap<(RequestId, usize, String), Vote>,
    pub wrong_numbers: BTreeMap<(RequestId, String), u32>,
    pub outcomes: BTreeMap<RequestId, Outcome>,
    pub approvals: BTreeMap<RequestId, Approval>,
    /// By request and item.
    pub reviews: BTreeMap<(RequestId, usize), Review>,
    /// By `jti`.
    pub credentials: BTreeMap<String, Credential>,
    pub entries: Vec<Entry>,
    pub cards: Vec<NewCard>,
    /// Cards that are taken back.
    pub withdrawn: Vec<Withdrawn>,
    pub callbacks: Vec<NewCallback>,
    pub delegations: Vec<(RequestId, NewDelegation)>,
    pub answers: Vec<NewAnswer>,
    /// Delegations that nobody has to answer any more; their bearers go with them.
    pub forgotten: Vec<EventId>,
    /// Callbacks that need no further attempt.
    pub settled: Vec<Settled>,
    /// Requests whose posted cards must show the present version.
    pub redraws: BTreeMap<RequestId, i64>,
}

/// What is remembered of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Why it did not count.
    pub refused: Option<RefusalKind>,
    pub until: Timestamp,
}

/// An idempotency key, bound to the request that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub client: ClientId,
    pub key: String,
    pub request: RequestId,
    /// SHA-256 of the canonical body, in hexadecimal.
    pub body_sha256: String,
}

/// The counters of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    pub version: i64,
    pub seq: i64,
    pub sequence: i64,
    pub next_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    pub told_at: Option<Timestamp>,
    pub card_of: Option<RequestId>,
    pub asked_again: i64,
    pub renewed_by: Option<RequestId>,
}

/// A card that is to be posted. A level: it must show version `want` or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCard {
    pub id: CardId,
    pub reader: Reader,
    pub request: RequestId,
    pub item: usize,
    /// The name of the adapter that posts it.
    pub platform: String,
    /// The channel, as the platform names it, or the account of the requester.
    pub address: String,
    /// The key of its buttons.
    pub secret: [u8; 32],
    pub want: i64,
    pub due_at: Timestamp,
}

/// For whom a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A channel of people who may decide: it has buttons.
    Approvers,
    /// The person who asked, alone: it tells them how it stands.
    Requester,
}

impl Reader {
    /// The kind of the row in the outbox.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approvers => "card",
            Self::Requester => "copy",
        }
    }
}

/// A card that is taken back: it is drawn once more, saying so, and never again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub request: RequestId,
    pub item: usize,
    pub platform: String,
    pub address: String,
    pub why: Loss,
    pub due_at: Timestamp,
}

/// An event that is to be called back. Its bytes are fixed here, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCallback {
    pub id: EventId,
    pub request: RequestId,
    pub client: ClientId,
    pub endpoint: String,
    /// Counts the events of the request from 1.
    pub sequence: i64,
    pub body: String,
    pub due_at: Timestamp,
}

/// A decision that a server waits for, and what it will be answered with.
#[derive(Clone, PartialEq, Eq)]
pub struct NewDelegation {
    pub delegation: Delegation,
    /// The bearer, sealed for its row.
    pub sealed: String,
    /// The key of the ring that has sealed it.
    pub key_id: String,
}

/// An answer to a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnswer {
    pub delegation: Delegation,
    pub request: RequestId,
    pub verdict: Verdict,
    pub due_at: Timestamp,
}

/// A callback that needs no further attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub event: EventId,
    /// The lease under which it was sent.
    pub fence: i64,
    pub end: End,
    pub error: Option<String>,
}

/// How the delivery of a callback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Done,
    Dead,
    /// It may have arrived, and must not be sent again.
    Unknown,
}

impl End {
    /// The word, as in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Debug for NewDelegation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewDelegation").field("id", &self.delegation.id).finish_non_exhaustive()
    }
}
