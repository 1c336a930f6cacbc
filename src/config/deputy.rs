//! What a client may do, and who else works on its requests with rights of their own: a dashboard, a
//! job that only follows. A deputy asks and is told nothing as itself; it is the client, with less.

use super::{
    Reader,
    api_key::ApiKey,
    client::{Integrator, TokenSubject},
};
use crate::domain::{
    right::{Right, Rights},
    yaml::{
        Node,
        read::{self, Members},
    },
};

/// Somebody else who speaks for a client.
#[derive(Debug)]
pub struct Deputy {
    pub may: Rights,
    pub api_keys: Vec<ApiKey>,
    pub tokens: Vec<TokenSubject>,
}

pub(super) const KEYS: &[&str] = &["may", "api_keys", "tokens"];

impl Integrator {
    /// All keys that speak for it.
    pub(super) fn every_key(&self) -> impl Iterator<Item = &Vec<ApiKey>> {
        let of_deputies = self.deputies.iter().map(|deputy| &deputy.api_keys);
        std::iter::once(&self.api_keys).chain(of_deputies)
    }

    /// Whose access tokens speak for it.
    pub(super) fn every_token(&self) -> impl Iterator<Item = &TokenSubject> {
        let of_deputies = self.deputies.iter().flat_map(|deputy| &deputy.tokens);
        self.tokens.iter().chain(of_deputies)
    }
}

impl Reader<'_> {
    /// The rights that are named; each word that is none is told.
    pub(super) fn rights(&mut self, node: &Node) -> Option<Rights> {
        let nodes = read::list(node, &mut self.faults)?;
        if nodes.is_empty() {
            self.fault(
                node,
                "whoever may do nothing has no place here: name a right, or take it out",
            );
        }
        let rights = nodes.iter().filter_map(|node| self.word(Some(node), &Right::CHOICES));
        let rights: Vec<Right> = rights.collect();
        let is_good = !rights.is_empty() && rights.len() == nodes.len();
        is_good.then(|| rights.into_iter().collect())
    }

    pub(super) fn deputies(&mut self, node: Option<&Node>, trusted: &[&str]) -> Vec<Deputy> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        nodes.iter().filter_map(|node| self.deputy(node, trusted)).collect()
    }

    fn deputy(&mut self, node: &Node, trusted: &[&str]) -> Option<Deputy> {
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let may = members.need("may", &mut self.faults);
        let may = may.and_then(|node| self.rights(node));
        let faults = self.faults.len();
        let api_keys = self.api_keys(members.get("api_keys"));
        let tokens = self.tokens(members.get("tokens"), trusted);
        if api_keys.len() + tokens.len() == 0 && self.faults.len() == faults {
            self.fault(node, "this deputy cannot prove who it is: give it `api_keys` or `tokens`");
        }
        Some(Deputy { may: may?, api_keys, tokens })
    }
}
