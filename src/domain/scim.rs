//! SCIM 2.0 (RFC 7643, RFC 7644) as far as it needs no database: what a provider may tell us of
//! users and groups, in which filters it asks, and how its patches change them.

pub mod filter;
pub mod patch;
pub mod projection;
pub mod resource;
mod token;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// The schemas that resources are of.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A request of a provider that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    pub kind: FaultKind,
    /// What happened, to which thing, and what to do next.
    pub detail: String,
}

/// What kind of fault it is: the `scimType` of the answer where there is one for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    Uniqueness,
    NotFound,
    NotSupported,
    TooLarge,
    Stranger,
    TooFast,
    Unavailable,
}

impl Fault {
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// The member of that name: attribute names differ in case only by accident.
fn member<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The name as the map has it, or else as it is given.
fn spelt(map: &Map<String, Value>, name: &str) -> String {
    let known = map.keys().find(|key| key.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), String::clone)
}

/// An attribute without the schema that it may be written with. One of another schema stays as it
/// is, and so names nothing that is kept.
fn bare(name: &str) -> &str {
    let without = |schema: &str| {
        let (start, rest) = name.split_at_checked(schema.len())?;
        start.eq_ignore_ascii_case(schema).then(|| rest.strip_prefix(':'))?
    };
    without(USER).or_else(|| without(GROUP)).unwrap_or(name)
}
