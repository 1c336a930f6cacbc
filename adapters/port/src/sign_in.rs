//! People who sign in, so that their account in chat can be linked to them: the driving port by which
//! the page asks for the code that they type there.

use async_trait::async_trait;

use crate::access::Identity;

/// The service, as the page sees it.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// A one-time code for whoever has signed in with this account. An older one is good no more.
    async fn signed_in(&self, account: &Identity) -> Result<LinkCode, NoCode>;
}

/// A code, and whose accounts it links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkCode {
    pub code: String,
    /// The person, as they may be shown.
    pub name: String,
    /// How long it is good.
    pub minutes: i64,
}

/// Why there is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    #[error("nobody is declared with this sign-in")]
    Nobody,
    #[error("the person is switched off")]
    Barred,
    #[error("it could not be written down")]
    Later,
}
