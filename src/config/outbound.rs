//! What may be called beside public addresses, and whose certificates are believed.

use std::fs;

use countersign_egress::{Settings, target::Allow};

use super::Reader;
use crate::domain::{
    diagnostic::Diagnostic,
    yaml::{
        Node,
        read::{self, Members},
    },
};

pub(super) const KEYS: &[&str] = &["allow", "ports", "ca_file"];

impl Reader<'_> {
    pub(super) fn egress(&mut self, node: Option<&Node>) -> Settings {
        let members = node.and_then(|node| Members::of(node, KEYS, &mut self.faults));
        let Some(members) = members else { return Settings::default() };
        let ca_pem = members.get("ca_file").map(|node| self.certificates(node)).unwrap_or_default();
        let networks = self.parsed(members.get("allow"));
        let ports = self.parsed(members.get("ports"));
        Settings { allow: Allow { networks, ports }, ca_pem, ..Settings::default() }
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        node: Option<&Node>,
    ) -> Vec<T> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut values = Vec::new();
        for node in nodes {
            let Some(text) = read::text(node, &mut self.faults) else { continue };
            match text.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.faults.push(Diagnostic::new(node.span, format!("{error}"))),
            }
        }
        values
    }

    fn certificates(&mut self, node: &Node) -> Vec<u8> {
        let path = read::text(node, &mut self.faults).map(|path| self.folder.join(path));
        match path.map(fs::read) {
            Some(Ok(pem)) => pem,
            Some(Err(error)) => {
                self.fault(node, format!("cannot read these certificates: {error}"));
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}
