//! Who acts for a subject: an agent, or a chain of them, each for the next, outward to the subject. A
//! chain is the word of the client, and it may name only what it is registered for.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::policy::glob::Glob;

/// So many may act for one another.
pub const MOST: usize = 8;

/// Who acts, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// For whom it acts, where that is not the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// What a client may name as an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// A pattern with `*`.
    pub id: String,
    pub issuer: Option<String>,
}

impl Actor {
    /// From the one that acts, outward to the subject.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |actor| actor.act.as_deref())
    }

    /// The first that a client may not name. One alone is text, and may be anybody where nobody is
    /// registered; a chain is believed link by link.
    pub fn unproven(&self, registered: &[Registered]) -> Option<&Self> {
        if registered.is_empty() && self.act.is_none() {
            return None;
        }
        self.chain().find(|actor| !registered.iter().any(|one| one.is(actor)))
    }
}

impl Registered {
    fn is(&self, actor: &Actor) -> bool {
        Glob::new(&self.id).matches(&actor.id) && self.issuer == actor.issuer
    }
}
