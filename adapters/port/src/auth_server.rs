//! The driven port of an asking OAuth server: tell it the outcome.

use async_trait::async_trait;

use crate::error::SendError;

/// An OAuth server, or any service that asks.
#[async_trait]
pub trait AuthServer: Send + Sync {
    /// Delivers an outcome. The same answer may be delivered more than once.
    async fn answer(&self, to: &ReplyTo, answer: &Answer) -> Result<Receipt, SendError>;
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// The registered client.
    pub client: String,
    /// An absolute URL that the client has registered.
    pub endpoint: String,
}

/// An event, ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The same on every attempt: `evt_…`.
    pub id: String,
    /// The stored bytes. Never serialised again: key order or number form may not change.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The HTTP status.
    pub status: u16,
    /// SHA-256 of the response body, in hexadecimal.
    pub response_sha256: String,
}
