//! Servers that keep the browser of whoever wants access while people decide: the driving port by
//! which their page asks how it stands. Asking again is harmless.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::text::Untrusted;

/// The service, as the page that waits sees it.
#[async_trait]
pub trait Consents: Send + Sync {
    /// How a consent stands; people are asked when it comes for the first time. While they have not
    /// decided, the answer waits for news, at most so long.
    async fn ask(&self, consent: Consent, wait: Duration) -> Result<Standing, NotAsked>;
}

/// What a client wants, in the words of its server.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The server.
    pub issuer: String,
    /// What this consent and no other is known by at that server.
    pub key: String,
    /// The OAuth client at that server.
    pub client: String,
    pub client_name: Option<Untrusted>,
    /// The subject, as the policy's people are known.
    pub subject: String,
    pub scopes: Vec<String>,
    /// How and when the subject has signed in, where the server says so.
    pub acr: Option<String>,
    pub signed_in_at: Option<Timestamp>,
    /// How long the server remembers it.
    pub expires_in_s: i64,
}

/// How it stands.
#[derive(Debug, Clone)]
pub enum Standing {
    Waiting(Waiting),
    Approved(Decided),
    /// With a sentence that says why.
    Refused(String),
}

/// People are asked. In words for the person who waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub title: String,
    pub decides: String,
    /// What the card shows too.
    pub reference: String,
    /// To be told to the approver, where the policy wants that.
    pub number: Option<u8>,
    /// Over if nobody has decided by then.
    pub until: Timestamp,
}

/// People have said yes, perhaps to less than was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub request: String,
    pub approval: String,
    pub scopes: Vec<String>,
    /// The access ends then.
    pub until: Timestamp,
}

/// Why nobody was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// No client is registered for it.
    #[error("no client is registered for it")]
    UnknownClient,
    /// It may work later.
    #[error("{0}")]
    Later(String),
}
