//! What it takes to change who decides: the store and the law of this moment, in chat and on the
//! command line alike.

use jiff::Timestamp;

use crate::{clock::Seeds, law::Law, store::Store};

/// Where it is arranged who decides for whom ([`crate::away`]), and whose accounts are
/// ([`crate::linking`]).
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    pub store: &'a Store,
    pub law: &'a Law,
    pub seeds: &'a Seeds,
    pub now: Timestamp,
}

impl Desk<'_> {
    /// The id of something new.
    pub(crate) fn id(&self) -> String {
        self.seeds.seed().ids(self.now).ulid().to_string().to_ascii_lowercase()
    }
}
