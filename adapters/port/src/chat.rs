//! The driven port of a chat product: post a card, redraw it, tell a person.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{
    access::{Access, Identity},
    card::{Card, Line},
    error::SendError,
    finding::Finding,
};

/// A chat product.
#[async_trait]
pub trait Chat: Send + Sync {
    /// The name of the platform, as in the policy's `channels` and in [`Identity::provider`].
    fn platform(&self) -> &'static str;

    /// The routes on which the product calls in. Every one verifies before it parses.
    fn routes(&self, access: Arc<dyn Access>) -> axum::Router;

    /// Posts a card for the first time.
    async fn post(&self, channel: &str, card: &Card) -> Result<MessageRef, SendError>;

    /// Draws a posted card anew.
    async fn update(&self, message: &MessageRef, card: &Card) -> Result<(), SendError>;

    /// Adds a line to the thread below a posted card; does nothing where there are no threads.
    async fn note(&self, _message: &MessageRef, _line: &Line) -> Result<(), SendError> {
        Ok(())
    }

    /// Posts a card to one person alone.
    async fn tell(&self, person: &Identity, card: &Card) -> Result<MessageRef, SendError>;

    /// What the product needs done beside all that, such as keeping a connection or a token fresh.
    /// Ends soon after it is told to stop; ends at once where there is nothing to do.
    async fn work(&self, _access: Arc<dyn Access>, _stop: CancellationToken) {}

    /// Looks whether all is well: with the product, and with these channels. Changes nothing.
    async fn examine(&self, _channels: &[String]) -> Vec<Finding> {
        Vec::new()
    }

    /// Whether the clicks of these accounts would count here at all, each headed as
    /// [`Identity::heading`] says. What is well is not told.
    async fn examine_accounts(&self, _accounts: &[Identity]) -> Vec<Finding> {
        Vec::new()
    }
}

/// Where a posted card is: opaque to everybody but the adapter that made it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageRef(pub String);
