//! Servers that hand a decision over and wait for one word: the driving port by which their adapter
//! hands it on, and the driven port by which they are answered. Unlike an event, an answer that may
//! have arrived must not be sent again.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{auth_server::Receipt, finding::Finding, text::Untrusted};

/// The service, as the adapter of a delegating server sees it.
#[async_trait]
pub trait Delegations: Send + Sync {
    /// Takes a decision over. It is durable when this returns, and so is a refusal by policy: both
    /// are answered later.
    async fn take(&self, delegated: Delegated) -> Result<(), NotTaken>;
}

/// A decision that a server has handed over.
#[derive(Debug, Clone)]
pub struct Delegated {
    /// The connection that it came by.
    pub connection: String,
    /// The issuer of the server, as both sides write it.
    pub issuer: String,
    /// Where the answer goes.
    pub endpoint: String,
    /// What this delegation and no other is known by at that server.
    pub key: String,
    /// SHA-256 of what was sent, in hexadecimal.
    pub body_sha256: String,
    /// The OAuth client at that server.
    pub client: String,
    /// The subject, as the policy's people are known.
    pub subject: String,
    /// What the server calls the subject beside that.
    pub login_hint: Option<Untrusted>,
    pub scopes: Vec<String>,
    pub binding_message: Option<Untrusted>,
    pub acr_values: Option<String>,
    /// How and when the subject has signed in, where the server itself has signed that.
    pub acr: Option<String>,
    pub signed_in_at: Option<Timestamp>,
    /// An open request that this belongs to, where the client has opened one before.
    pub joins: Option<String>,
    /// From then on the server knows nothing of it.
    pub expires_at: Timestamp,
    /// What the answer is sent with. Whoever holds it can approve.
    pub bearer: SecretString,
}

/// Why a decision was not taken over. Nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No client is registered for it.
    #[error("no client has `{{ issuer: {issuer}, client_id: {client} }}` among its `tokens`")]
    UnknownClient { issuer: String, client: String },
    /// It came before, and was another one then.
    #[error("it came before with another body")]
    KeyReused,
    /// The request that it names is another client's or subject's, or asks for less.
    #[error("the request that it names is not one that it may join")]
    NotJoinable,
    /// As many are pending as may be.
    #[error("too many requests of this client are pending")]
    TooMany,
    #[error("it could not be written down")]
    Unavailable,
}

/// The one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All of what was asked.
    Approved,
    Denied,
    /// Nobody decided: withdrawn, expired, failed.
    Cancelled,
}

impl Verdict {
    /// The stable name, as in the database and in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }

    /// The verdict of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Approved, Self::Denied, Self::Cancelled]
            .into_iter()
            .find(|verdict| verdict.as_str() == name)
    }
}

/// Servers of one kind that hand decisions over.
#[async_trait]
pub trait Delegator: Send + Sync {
    /// Says the word, once.
    async fn answer(&self, to: &Waiting, verdict: Verdict) -> Reply;

    /// Where the servers come in.
    fn routes(&self, delegations: Arc<dyn Delegations>) -> Router;

    /// Whether they can be reached.
    async fn examine(&self) -> Vec<Finding>;
}

/// A server that waits for its answer.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub connection: String,
    pub issuer: String,
    pub bearer: SecretString,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Taken(Receipt),
    /// Not a byte has left.
    NotSent {
        cause: String,
    },
    /// The server does not know the delegation: not yet, or no longer.
    NotKnown {
        cause: String,
    },
    /// Trying again cannot help.
    Refused {
        cause: String,
    },
    /// Bytes were sent and it is not known what came of them.
    Unclear {
        cause: String,
    },
}
