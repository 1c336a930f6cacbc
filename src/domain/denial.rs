//! A denial that can be asked about, and what proves later that it was given: a signed token, and an
//! id that proves itself. Evaluating stores nothing, so both carry all that is needed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    actor::Actor,
    audit::canonical,
    binding::Binding,
    id::{ClientId, EvaluationId},
};

/// The `typ` of a binding token.
pub const TYPE: &str = "countersign-denial+jwt";

/// How long a denial can be asked about.
pub const LIVES: SignedDuration = SignedDuration::from_mins(10);

/// What two clocks may differ by.
pub const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// What a binding token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    pub evaluation_id: String,
    pub denial_expires_at: Timestamp,
    pub binding_hash: String,
    pub binding_context_members: Vec<String>,
    /// Who asked.
    pub client_id: String,
    /// Who acts for the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
}

/// Who acts for the subject (RFC 8693).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom the one above acts, where that is not the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Act>>,
}

/// What was evaluated: by whom, for which actor, of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    pub client: ClientId,
    pub actor: Option<Actor>,
    pub binding: Binding,
}

/// What a client says of the denial that it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    pub evaluation_id: Option<String>,
    pub binding_token: Option<String>,
    pub expires_at: Timestamp,
}

/// Why a denial binds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbound {
    #[error("the token is not one of ours, or was changed")]
    Token,
    #[error("it was given to another client or for another actor")]
    Caller,
    #[error("subject, resource, action or context are not what was evaluated")]
    Changed,
    #[error("`evaluation_id` is not that of the denial")]
    Id,
    #[error("`expires_at` is not that of the denial")]
    Expiry,
    #[error("it has run out")]
    Late,
}

impl Evaluated {
    /// The claims of the token for a denial.
    pub fn claims(
        &self,
        issuer: &str,
        id: &EvaluationId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Claims {
        Claims {
            iss: issuer.to_owned(),
            aud: issuer.to_owned(),
            iat: now.as_second(),
            exp: expires_at.as_second(),
            jti: id.to_string(),
            evaluation_id: id.to_string(),
            denial_expires_at: expires_at,
            binding_hash: self.binding.hash.clone(),
            binding_context_members: self.binding.context_members.clone(),
            client_id: self.client.to_string(),
            act: self.act(),
        }
    }

    /// What the id of a denial vouches for, beside itself.
    pub fn vouched(&self) -> String {
        canonical(&json!({
            "act": self.act(),
            "binding_hash": self.binding.hash,
            "client_id": self.client,
        }))
    }

    /// Whether a token was given for exactly this, and still holds.
    pub fn fits(
        &self,
        claims: &Claims,
        presented: &Presented,
        issuer: &str,
        now: Timestamp,
    ) -> Result<(), Unbound> {
        if claims.iss != issuer || claims.aud != issuer {
            return Err(Unbound::Token);
        }
        if claims.client_id != self.client.as_str() || claims.act != self.act() {
            return Err(Unbound::Caller);
        }
        let binding = &self.binding;
        let (hash, members) = (&claims.binding_hash, &claims.binding_context_members);
        if *hash != binding.hash || *members != binding.context_members {
            return Err(Unbound::Changed);
        }
        if presented.evaluation_id.as_ref().is_some_and(|id| *id != claims.evaluation_id) {
            return Err(Unbound::Id);
        }
        if presented.expires_at != claims.denial_expires_at {
            return Err(Unbound::Expiry);
        }
        let end = Timestamp::from_second(claims.exp).map_err(|_| Unbound::Token)?;
        in_time(end.min(claims.denial_expires_at), now)
    }

    fn act(&self) -> Option<Act> {
        self.actor.as_ref().map(Act::of)
    }
}

impl Act {
    fn of(actor: &Actor) -> Self {
        let act = actor.act.as_deref().map(Self::of).map(Box::new);
        Self { sub: actor.id.clone(), iss: actor.issuer.clone(), act }
    }
}

/// The mark of a denial that a request was made with.
pub fn mark(evaluation_id: &str) -> String {
    format!("denial/{evaluation_id}")
}

/// Whether a denial can still be asked about.
pub fn in_time(expires_at: Timestamp, now: Timestamp) -> Result<(), Unbound> {
    let end = expires_at.checked_add(SKEW).unwrap_or(Timestamp::MAX);
    if now < end { Ok(()) } else { Err(Unbound::Late) }
}

#[cfg(test)]
mod tests;
