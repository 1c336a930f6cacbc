//! What our tokens say. The service writes these types and resource servers read them, so that both
//! mean the same. Members that are not known here are ignored.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `typ` of a single-use credential: nothing else passes for one.
pub const CREDENTIAL: &str = "countersign-action+jwt";

/// The `typ` of `approval.state`.
pub const APPROVAL: &str = "countersign-approval+jwt";

/// The type of the one authorization detail in a credential.
pub const ACTION: &str = "countersign_action";

/// The header that a credential travels in.
pub const HEADER: &str = "countersign-action";

/// What a credential says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub iss: String,
    /// The one resource server that it is meant for.
    pub aud: String,
    /// On whose behalf.
    pub sub: String,
    /// The OAuth client that acts.
    pub client_id: String,
    pub iat: i64,
    pub exp: i64,
    /// `act_` and 128 random bits.
    pub jti: String,
    /// The access request that was approved.
    pub txn: String,
    /// The agent that acts for the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    pub authorization_details: [Detail; 1],
    pub approval: Approval,
    /// The session that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// SHA-256 of the base token that it is bound to, in base64url (RFC 9449).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ath: Option<String>,
    /// The key that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// Who acts for the subject (RFC 8693).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom the one above acts, where that is not the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
}

/// What was approved (RFC 9396).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    #[serde(rename = "type")]
    pub kind: String,
    pub actions: [String; 1],
    pub locations: [String; 1],
    pub identifier: String,
    pub params_hash: String,
    pub params_hash_alg: String,
}

/// The approval behind a credential. Who approved is not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub id: String,
    /// RFC 3339.
    pub approved_at: String,
    pub approved_until: String,
}

/// The key that somebody must have proven (RFC 7800): by its thumbprint, of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// Of a JWK, as in `DPoP` (RFC 9449).
    #[serde(rename = "jkt")]
    Key(String),
    /// Of a certificate, as in mutual TLS (RFC 8705).
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

impl Confirmation {
    /// The thumbprint, of either kind.
    pub fn thumbprint(&self) -> &str {
        match self {
            Self::Key(thumbprint) | Self::Certificate(thumbprint) => thumbprint,
        }
    }
}

/// What `approval.state` says: a decision that can be verified without trusting who carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalState {
    pub iss: String,
    /// The client that asked.
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    pub approval_id: String,
    pub request_id: String,
    pub subject: Subject,
    /// The OAuth client that the access is for.
    pub client_id: String,
    /// What was granted, part by part.
    pub granted: Vec<Granted>,
    /// Of subject, resource, action and the context members below; of a bundle, of its items.
    pub binding_hash: String,
    pub binding_context_members: Vec<String>,
    /// RFC 3339. Tokens issued on it may not live longer.
    pub approved_until: String,
    /// Of the transaction that a resource server wanted approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
}

/// On whose behalf access was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
}

/// What was granted of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Granted {
    pub action: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Map<String, Value>>,
}
