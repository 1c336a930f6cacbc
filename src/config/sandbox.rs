//! A chat workspace in the browser: to try a policy with real clicks before a chat product is
//! connected. On this machine only.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};

use super::Reader;
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

pub(super) const KEYS: &[&str] = &["key", "channels"];

/// A key that is shorter could be guessed.
const KEY_LENGTH: usize = 16;

/// The workspace.
#[derive(Debug)]
pub struct Workspace {
    /// Opens the page; at least 16 letters, digits, `-` or `_`.
    pub key: SecretString,
    /// Its channels, by the names that the policy gives as addresses.
    pub channels: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn sandbox(
        &mut self,
        node: Option<&Node>,
        listen: Option<SocketAddr>,
    ) -> Option<Workspace> {
        let node = node?;
        let members = Members::of(node, KEYS, &mut self.faults)?;
        if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            self.fault(node, "the sandbox has no accounts: it needs `listen` to be on 127.0.0.1");
        }
        let channels = self.sandbox_channels(members.get("channels"));
        let Some(key) = members.get("key") else {
            self.fault(node, "the sandbox needs a `key` that opens its page");
            return None;
        };
        let secret = self.secret(key)?;
        if !is_strong(secret.expose_secret()) {
            self.fault(key, "a key has at least 16 letters, digits, `-` or `_`: `openssl rand -hex 16` makes one");
            return None;
        }
        Some(Workspace { key: secret, channels })
    }

    fn sandbox_channels(&mut self, node: Option<&Node>) -> Vec<String> {
        let mut channels: Vec<String> = Vec::new();
        for node in node.map(read::one_or_more).unwrap_or_default() {
            let Some(name) = read::text(node, &mut self.faults) else { continue };
            if channels.iter().any(|other| other == name) {
                self.fault(node, format!("the channel `{name}` stands here twice"));
            }
            channels.push(name.to_owned());
        }
        channels
    }
}

fn is_strong(key: &str) -> bool {
    key.len() >= KEY_LENGTH
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
