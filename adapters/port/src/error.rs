//! How a driven call fails: all that the outbox needs to know.

use std::time::Duration;

/// Why something was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not sent, or sent and refused for now. `after` is what the other side asked for.
    #[error("will be tried again: {cause}")]
    Retry { after: Option<Duration>, cause: String },
    /// Bytes were sent and no answer came: it may or may not have happened.
    #[error("result unknown: {cause}")]
    Unknown { cause: String },
    /// Trying again cannot help.
    #[error("given up: {why}: {cause}")]
    GiveUp { why: GiveUp, cause: String },
}

/// Why trying again cannot help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GiveUp {
    /// The receiver said that it is gone for good (410); the endpoint is disabled.
    #[error("the receiver is gone")]
    Gone,
    /// The certificate did not verify.
    #[error("the TLS connection could not be trusted")]
    Tls,
    /// The address is one that this service may not call.
    #[error("the address may not be called")]
    Blocked,
    /// The channel or the message does not exist, or we may not write there.
    #[error("the channel does not take our messages")]
    Channel,
    /// Somebody took away the message that is to be drawn anew; the channel is as it was.
    #[error("the message is gone")]
    Message,
    /// The receiver refused it for good, or nothing is set up to send it.
    #[error("refused for good")]
    Refused,
}
