//! Entries of the audit log and their canonical form. A leaf commits to its payload by a salted
//! hash, so that the payload can be erased later and the leaf still proves what it proved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::id::{EntryId, RequestId};

/// The domain separation of payload commitments.
const COMMITMENT: &[u8] = b"countersign/audit/v1\0";

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    RequestOpened,
    VoteCast,
    VoteRefused,
    Escalated,
    RequestDecided,
    ApprovalTakenUp,
    ApprovalLapsed,
    CallbackDelivered,
    CallbackDead,
}

impl Kind {
    /// The word, as in the log and in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestOpened => "request_opened",
            Self::VoteCast => "vote_cast",
            Self::VoteRefused => "vote_refused",
            Self::Escalated => "escalated",
            Self::RequestDecided => "request_decided",
            Self::ApprovalTakenUp => "approval_taken_up",
            Self::ApprovalLapsed => "approval_lapsed",
            Self::CallbackDelivered => "callback_delivered",
            Self::CallbackDead => "callback_dead",
        }
    }
}

/// What the log proves: canonical JSON of exactly these members is the leaf of the Merkle tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// The version of this form.
    pub v: u8,
    pub id: EntryId,
    pub at: Timestamp,
    pub kind: Kind,
    pub request_id: RequestId,
    /// Counts the entries of the request from 1, without gaps.
    pub seq: i64,
    /// The person or client that acted; `system` for the service itself.
    pub actor: String,
    /// What a verifier needs: verdict, step, status, digests. No names and no texts.
    pub facts: Map<String, Value>,
    /// The commitment to the payload, in hexadecimal.
    pub payload: String,
}

/// An entry as stored: the leaf, and the payload that it commits to.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub leaf: Leaf,
    /// Canonical JSON: names, texts, accounts. May be erased; the leaf may not.
    pub payload: String,
    pub salt: [u8; 32],
}

/// What happened, before it is numbered.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: Kind,
    pub actor: String,
    pub facts: Map<String, Value>,
    pub payload: Value,
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
        let payload = canonical(&event.payload);
        let leaf = Leaf {
            v: 1,
            id,
            at,
            kind: event.kind,
            request_id,
            seq,
            actor: event.actor,
            facts: event.facts,
            payload: commitment(&salt, &payload),
        };
        Self { leaf, payload, salt }
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
    serde_json_canonicalizer::to_string(value)
        .unwrap_or_else(|error| format!("{{\"not_canonical\":{:?}}}", error.to_string()))
}
