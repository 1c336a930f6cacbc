//! What a batch asks the database for, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use countersign_port::access::RefusalKind;
use jiff::Timestamp;

use crate::domain::{
    access::slice::Loaded,
    brake::Mark,
    id::{ClientId, RequestId},
};

/// What a batch asks for.
#[derive(Debug, Default)]
pub struct Wanted {
    pub requests: BTreeSet<RequestId>,
    /// What pending requests ask for that are wanted too: others would share their cards.
    pub same: BTreeSet<String>,
    pub keys: BTreeSet<(ClientId, String)>,
    /// Presses, by the digest of what was sent.
    pub presses: BTreeSet<String>,
    /// Requests whose credentials are wanted too; they are among `requests`.
    pub credentials: BTreeSet<RequestId>,
    /// What brakes have counted, by name, and since when.
    pub marks: BTreeMap<String, Timestamp>,
    /// Clients whose pending requests are counted, with their limits.
    pub counted: BTreeMap<ClientId, u64>,
    pub wait: Wait,
}

/// What to do about a request that somebody else has locked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wait {
    #[default]
    ForLocks,
    /// Nothing: it fails at once.
    No,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    pub requests: BTreeMap<RequestId, Loaded>,
    pub keys: BTreeMap<(ClientId, String), (RequestId, String)>,
    pub pending: BTreeMap<ClientId, u64>,
    /// The presses that were judged before, and why they did not count.
    pub presses: BTreeMap<String, Option<RefusalKind>>,
    pub marks: BTreeMap<String, Vec<Mark>>,
}
