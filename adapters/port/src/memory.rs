//! What the service keeps for adapters: sealed records, and marks that all replicas share. An
//! adapter sees no SQL and no key.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

/// Where an adapter keeps its installations and its marks. Names are the adapter's own; the
/// service keeps those of different adapters apart.
#[async_trait]
pub trait Memory: Send + Sync {
    /// One record.
    async fn load(&self, name: &str) -> Result<Option<Record>, Lost>;

    /// All records whose name begins so.
    async fn list(&self, prefix: &str) -> Result<Vec<Record>, Lost>;

    /// Writes a record over the version that was loaded, `0` for none. `None`: somebody else has
    /// written meanwhile, and nothing was changed.
    async fn save(&self, name: &str, secret: &SecretString, over: i64)
    -> Result<Option<i64>, Lost>;

    /// Takes the right to work on a record for so long, if nobody has it.
    async fn lease(&self, name: &str, time: Duration) -> Result<bool, Lost>;

    /// Gives the right back before its time.
    async fn release(&self, name: &str) -> Result<(), Lost>;

    /// Sets a mark that lasts until then. `false`: it was set already.
    async fn mark(&self, name: &str, until: Timestamp) -> Result<bool, Lost>;

    /// Takes a mark away. `false`: it was not set, or its time had passed.
    async fn unmark(&self, name: &str) -> Result<bool, Lost>;
}

/// A sealed record, opened.
#[derive(Clone)]
pub struct Record {
    pub name: String,
    /// Raised by every write; the first is 1.
    pub version: i64,
    pub secret: SecretString,
}

/// It could not be kept or read. Says why for the operator; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Lost {
    pub cause: String,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("name", &self.name).finish_non_exhaustive()
    }
}
