//! A registered integrator: what it may ask for, and how it is told.

use serde::{Deserialize, Serialize};

use super::{
    actor::Registered,
    id::{ClientId, PersonId},
    policy::{Trust, glob::Glob},
    request::{Item, Part},
    right::Rights,
};

/// An entry under `clients:` in the configuration, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub name: String,
    /// Which scopes, actions and detail types it may ask for, as patterns with `*`.
    pub scopes: Vec<String>,
    /// What it may do with them.
    pub may: Rights,
    /// The endpoints that it may be called back at, as serialised URLs.
    pub callbacks: Vec<String>,
    /// The trust level that the policy sees.
    pub trust: Trust,
    /// The person who answers for it, and therefore never counts.
    pub owner: Option<PersonId>,
    pub claims: Claims,
    /// How many requests it may have pending.
    pub pending_limit: Option<u64>,
    pub approvers: Approvers,
    pub requester: Requester,
    pub mode: Mode,
    /// Whom it may name as those who act.
    pub actors: Vec<Registered>,
}

/// How a client speaks with the service. It is registered, never chosen by a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It asks by itself, and enforces what was granted.
    #[default]
    Direct,
    /// It follows AuthZEN's access request profile to the letter: it asks about what was denied,
    /// and has the answer evaluated again.
    Arap,
}

impl Client {
    /// The first part of these items that it is not registered for.
    pub fn may_not_ask_for<'a>(&self, items: &'a [Item]) -> Option<&'a str> {
        let patterns: Vec<Glob> = self.scopes.iter().map(|pattern| Glob::new(pattern)).collect();
        let mut names = items.iter().flat_map(Item::parts).filter_map(Part::name);
        names.find(|name| !patterns.iter().any(|glob| glob.matches(name)))
    }
}

/// Whether the group and role claims of its requests are believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Claims {
    #[default]
    Ignored,
    Believed,
}

/// Whether the requester is told in chat, in a card of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Requester {
    /// The client tells them.
    #[default]
    Untold,
    Told,
}

/// Whether it is told who approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Approvers {
    #[default]
    Hidden,
    Shown,
}
