//! The driven port of a directory: who is in a group, by somebody else's books.

use async_trait::async_trait;

use crate::access::Identity;

/// The provider of an account whose subject is a key of the people file, for directories that are
/// kept by whoever keeps that file.
pub const PEOPLE_FILE: &str = "people";

/// A source of groups.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The key under which the policy's `groups` name it, such as `slack_usergroup`.
    fn source(&self) -> &'static str;

    /// The accounts that are in the group now: all of them, or an error. A list that may be
    /// incomplete is an error, because somebody who is missing on it must not be taken for
    /// somebody who left.
    async fn members(&self, group: &str) -> Result<Vec<Identity>, NoAnswer>;
}

/// The source could not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct NoAnswer {
    /// For the operator.
    pub cause: String,
}
