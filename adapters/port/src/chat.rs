//! The driven port of a chat product: post a card, redraw it, tell a person.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{access::Access, access::Identity, card::Card, error::SendError};

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

    /// Sends a card to one person alone.
    async fn tell(&self, person: &Identity, card: &Card) -> Result<(), SendError>;
}

/// Where a posted card is: opaque to everybody but the adapter that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRef(pub String);
