//! The single-use credential of an approved action: to what it is bound, and what became of it. That
//! it has expired is derived from the time, never stored.

use countersign_verify::claims::Confirmation;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    id::{ApprovalId, ClientId, RequestId},
    plan::CredentialTerms,
    request::{AccessRequest, Item},
};

/// How long a credential lives where nobody says otherwise, in seconds.
pub const USUAL_SECONDS: i64 = 60;

/// How long one may live at most: it authorises one call, now.
pub const LONGEST_SECONDS: i64 = countersign_verify::verifier::LONGEST_S;

/// After so many redemptions for something else a credential is revoked.
pub const MISMATCHES: u32 = 5;

/// For so long a repeated redemption with the same key has the same answer, in seconds.
pub const REPEAT_SECONDS: i64 = 30;

/// A credential that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub approval: ApprovalId,
    /// The one resource server that may redeem it.
    pub aud: String,
    pub binding: Binding,
    /// The client that claimed it.
    pub client: ClientId,
    pub expires_at: Timestamp,
    pub issued_at: Timestamp,
    /// `act_` and 128 random bits in hexadecimal.
    pub jti: String,
    pub mismatches: u32,
    pub params_hash: String,
    pub request: RequestId,
    pub state: State,
}

/// What has become of a credential, as far as somebody did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    Issued,
    Redeemed {
        at: Timestamp,
        by: String,
        /// The idempotency key that it was redeemed with.
        key: Option<String>,
    },
    Revoked {
        by: String,
    },
}

/// To what a credential is bound beside action, client and subject. Never to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// SHA-256 of the base token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ath: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// Where a credential stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Issued,
    Expired,
    Redeemed,
    Revoked,
}

impl Credential {
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.state {
            State::Issued if self.expires_at <= now => Standing::Expired,
            State::Issued => Standing::Issued,
            State::Redeemed { .. } => Standing::Redeemed,
            State::Revoked { .. } => Standing::Revoked,
        }
    }
}

impl State {
    /// The word in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Redeemed { .. } => "redeemed",
            Self::Revoked { .. } => "revoked",
        }
    }
}

impl Binding {
    pub fn is_none(&self) -> bool {
        self.ath.is_none() && self.cnf.is_none() && self.sid.is_none()
    }

    /// Whether it holds a credential to one session: by the session's id, or by its token or key.
    pub fn holds_a_session(&self) -> bool {
        self.sid.is_some() || self.ath.is_some()
    }
}

/// How long a credential lives: the wish of the request within the terms of the policy.
pub fn life_seconds(wish: Option<i64>, terms: Option<&CredentialTerms>) -> i64 {
    let most = terms.map_or(LONGEST_SECONDS, |terms| terms.valid_for_seconds);
    let usual = terms.map_or(USUAL_SECONDS, |terms| terms.valid_for_seconds);
    wish.unwrap_or(usual).min(most).min(LONGEST_SECONDS)
}

/// The hash that binds a credential to what people saw: action and resource as they were sent, and
/// the parameters. `None` cannot be: what is stored passed the gate.
pub fn params_hash(request: &AccessRequest, item: &Item) -> Option<String> {
    let (action, resource) = (json!(item.action), json!(item.resource));
    let parameters = Value::Object(request.context.parameters.clone());
    countersign_json::canonical::params_hash(&action, &resource, &parameters).ok()
}
