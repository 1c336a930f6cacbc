//! Entries of the audit log and their canonical form. A leaf commits to its payload by a salted
//! hash, so that the payload can be erased later and the leaf still proves what it proved.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    id::{EntryId, RequestId},
    plan::Plan,
    request::AccessRequest,
};

/// The domain separation of payload commitments.
const COMMITMENT: &[u8] = b"countersign/audit/v1\0";

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    RequestOpened,
    AskedAgain,
    AskedAlone,
    VoteCast,
    VoteRefused,
    VoteStruck,
    Escalated,
    CardWithdrawn,
    Reminded,
    RequestDecided,
    RequestRefused,
    RequestRenewed,
    ApprovalTakenUp,
    ApprovalLapsed,
    ApprovalRevoked,
    ReviewOpened,
    ReviewOverdue,
    ReviewReminded,
    ReviewRefused,
    ReviewSigned,
    CredentialClaimed,
    CredentialRedeemed,
    CredentialRefused,
    CredentialRevoked,
    CallbackDelivered,
    CallbackDead,
    CallbackUnclear,
    DelegationJoined,
}

impl Kind {
    /// The word, as in the log and in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestOpened => "request_opened",
            Self::AskedAgain => "asked_again",
            Self::AskedAlone => "asked_alone",
            Self::VoteCast => "vote_cast",
            Self::VoteRefused => "vote_refused",
            Self::VoteStruck => "vote_struck",
            Self::Escalated => "escalated",
            Self::CardWithdrawn => "card_withdrawn",
            Self::Reminded => "reminded",
            Self::RequestDecided => "request_decided",
            Self::RequestRefused => "request_refused",
            Self::RequestRenewed => "request_renewed",
            Self::ApprovalTakenUp => "approval_taken_up",
            Self::ApprovalLapsed => "approval_lapsed",
            Self::ApprovalRevoked => "approval_revoked",
            Self::ReviewOpened => "review_opened",
            Self::ReviewOverdue => "review_overdue",
            Self::ReviewReminded => "review_reminded",
            Self::ReviewRefused => "review_refused",
            Self::ReviewSigned => "review_signed",
            Self::CredentialClaimed => "credential_claimed",
            Self::CredentialRedeemed => "credential_redeemed",
            Self::CredentialRefused => "credential_refused",
            Self::CredentialRevoked => "credential_revoked",
            Self::CallbackDelivered => "callback_delivered",
            Self::CallbackDead => "callback_dead",
            Self::CallbackUnclear => "callback_unclear",
            Self::DelegationJoined => "delegation_joined",
        }
    }
}

/// What the log proves: canonical JSON of exactly these members, which stand in its order, is the
/// leaf of the Merkle tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// The person or client that acted; `system` for the service itself.
    pub actor: String,
    pub at: Timestamp,
    /// What a verifier needs: verdict, step, status, digests. No names and no texts.
    pub facts: Map<String, Value>,
    pub id: EntryId,
    pub kind: Kind,
    /// The commitment to the payload, in hexadecimal.
    pub payload: String,
    pub request_id: RequestId,
    /// Counts the entries of the request from 1, without gaps.
    pub seq: i64,
    /// The version of this form.
    pub v: u8,
}

/// An entry as stored: the leaf, and the payload that it commits to.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub leaf: Leaf,
    pub payload: Payload,
    pub salt: [u8; 32],
}

/// Names, texts, accounts, as canonical JSON. May be erased; the leaf may not.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    Own(String),
    /// Plans and request, which are stored already: in the request's own row.
    Opened(Arc<Sealed>),
}

/// A request and its plans as they are hashed and stored: canonical JSON, made once.
#[derive(Debug, PartialEq)]
pub struct Sealed {
    pub request: String,
    pub plans: String,
}

/// What happened, before it is numbered.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: Kind,
    pub actor: String,
    pub facts: Map<String, Value>,
    pub payload: Payload,
}

impl Entry {
    /// Numbers an event and commits to its payload.
    pub fn new(
        event: Event,
        request_id: RequestId,
        seq: i64,
        at: Timestamp,
        id: EntryId,
        salt: [u8; 32],
    ) -> Self {
        let leaf = Leaf {
            v: 1,
            id,
            at,
            kind: event.kind,
            request_id,
            seq,
            actor: event.actor,
            facts: event.facts,
            payload: commitment(&salt, &event.payload.text()),
        };
        Self { leaf, payload: event.payload, salt }
    }
}

impl Payload {
    /// The bytes that a leaf commits to.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Own(text) => text.into(),
            Self::Opened(sealed) => {
                let Sealed { request, plans } = &**sealed;
                format!(r#"{{"plans":{plans},"request":{request}}}"#).into()
            }
        }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::Own(canonical(&value))
    }
}

impl Sealed {
    pub fn new(request: &AccessRequest, plans: &[Plan]) -> Self {
        Self { request: canonical(request), plans: canonical(&plans) }
    }
}

impl Leaf {
    /// The canonical bytes of the leaf (RFC 8785).
    pub fn canonical(&self) -> String {
        canonical(self)
    }
}

/// The salted hash that a leaf holds instead of the payload.
pub fn commitment(salt: &[u8; 32], payload: &str) -> String {
    let hash = Sha256::new().chain_update(COMMITMENT).chain_update(salt).chain_update(payload);
    hex::encode(hash.finalize())
}

/// Canonical JSON (RFC 8785) of values that are ours: finite numbers and text keys, so that it
/// cannot fail; should it, the error stands in the text and no proof is lost silently.
pub fn canonical(value: &impl Serialize) -> String {
    countersign_json::canonical::canonical(value)
        .unwrap_or_else(|error| format!("{{\"not_canonical\":{:?}}}", error.to_string()))
}
