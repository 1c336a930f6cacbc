//! The `actors:` of a client: whom it may name as those who act for a subject.

use super::Reader;
use crate::domain::{
    actor::Registered,
    yaml::{
        Node,
        read::{self, Members},
    },
};

pub(super) const KEYS: &[&str] = &["id", "issuer"];

impl Reader<'_> {
    pub(super) fn actors(&mut self, node: Option<&Node>) -> Vec<Registered> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        nodes.iter().filter_map(|node| self.actor(node)).collect()
    }

    fn actor(&mut self, node: &Node) -> Option<Registered> {
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let id = self.needed_text(&members, "id")?.to_owned();
        let issuer = match members.get("issuer") {
            Some(node) => Some(read::text(node, &mut self.faults)?.to_owned()),
            None => None,
        };
        Some(Registered { id, issuer })
    }
}
