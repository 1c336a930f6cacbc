//! The `keycloak:` section: which Keycloak servers hand decisions over, and how each side proves
//! itself.

#[cfg(test)]
mod tests;

use countersign_keycloak::settings::{Connection, Delivery, PathSecret, Realm, SubjectFrom};
use jiff::SignedDuration;
use url::Url;

use super::{Reader, issuer::ALGORITHMS, secret::EncryptionKey};
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

pub(super) const KEYS: &[&str] = &[
    "name",
    "issuers",
    "base_url",
    "path_secret",
    "ignore_scopes",
    "subject_from",
    "realm_expires_in",
    "algorithm",
    "delivery",
];

const SUBJECTS: [(&str, SubjectFrom); 2] =
    [("username", SubjectFrom::Username), ("sub", SubjectFrom::Sub)];
const DELIVERIES: [(&str, Delivery); 2] = [("poll", Delivery::Poll), ("ping", Delivery::Ping)];

/// Scopes of every client that give no access.
const IGNORED: [&str; 5] = ["openid", "profile", "email", "roles", "offline_access"];

/// What a realm has unless somebody raises it.
const REALM_EXPIRES_IN_S: u32 = 120;

/// Nobody waits for a day.
const LONGEST_S: u32 = 86_400;

impl Reader<'_> {
    pub(super) fn keycloak(
        &mut self,
        node: Option<&Node>,
        keys: &[EncryptionKey],
    ) -> Vec<Connection> {
        let Some(node) = node else { return Vec::new() };
        let nodes = read::list(node, &mut self.faults).unwrap_or_default();
        if keys.is_empty() && !nodes.is_empty() {
            let message = "whoever holds Keycloak's bearers can approve, so they are kept sealed: give an `encryption_key`, `openssl rand -base64 32` makes one";
            self.fault(node, message);
        }
        let mut connections: Vec<Connection> = Vec::new();
        for node in nodes {
            let Some(connection) = self.connection(node) else { continue };
            if connections.iter().any(|other| other.name == connection.name) {
                let message = format!("the connection `{}` stands here twice", connection.name);
                self.fault(node, message);
            }
            connections.push(connection);
        }
        connections
    }

    fn connection(&mut self, node: &Node) -> Option<Connection> {
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let name = members.need("name", &mut self.faults).and_then(|node| self.path_part(node));
        let base = members.get("base_url").map(|node| self.base_url(node));
        let issuers = members.need("issuers", &mut self.faults);
        let realms = self.realms(issuers, base.as_ref());
        let path_secret = members.need("path_secret", &mut self.faults);
        let path_secret = path_secret.and_then(|node| self.path_secret(node));
        let ignore_scopes = match members.get("ignore_scopes") {
            Some(node) => self.texts(Some(node)),
            None => IGNORED.map(str::to_owned).to_vec(),
        };
        let algorithm =
            members.get("algorithm").and_then(|node| self.word(Some(node), &ALGORITHMS));
        let expires_in = members.get("realm_expires_in");
        let expires_in =
            expires_in.and_then(|node| super::whole(node, LONGEST_S, &mut self.faults));
        let seconds = expires_in.unwrap_or(REALM_EXPIRES_IN_S);
        let subject_from = self.word(members.get("subject_from"), &SUBJECTS).unwrap_or_default();
        let delivery = self.word(members.get("delivery"), &DELIVERIES).unwrap_or_default();
        Some(Connection {
            name: name?,
            realms: realms?,
            path_secret: path_secret?,
            ignore_scopes,
            subject_from,
            realm_expires_in: SignedDuration::from_secs(i64::from(seconds)),
            algorithm: algorithm.unwrap_or(jsonwebtoken::Algorithm::RS256),
            delivery,
        })
    }

    /// It stands in the path that Keycloak calls.
    fn path_part(&mut self, node: &Node) -> Option<String> {
        let text = read::text(node, &mut self.faults)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !text.is_empty() && text.bytes().all(plain) {
            return Some(text.to_owned());
        }
        read::expected("a name of letters, digits, - and _", node, &mut self.faults)
    }

    fn base_url(&mut self, node: &Node) -> Option<Url> {
        let url = Url::parse(read::text(node, &mut self.faults)?).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
        url.or_else(|| read::expected("an https URL", node, &mut self.faults))
    }

    /// `base` is where all of them are called, where one was given; nothing where it has a fault.
    fn realms(&mut self, node: Option<&Node>, base: Option<&Option<Url>>) -> Option<Vec<Realm>> {
        let node = node?;
        let base = match base {
            Some(given) => Some(given.as_ref()?),
            None => None,
        };
        let mut realms: Vec<Realm> = Vec::new();
        for node in read::one_or_more(node) {
            let Some(text) = read::text(node, &mut self.faults) else { continue };
            match Realm::new(text, base) {
                Some(realm) if realms.contains(&realm) => {
                    self.fault(node, format!("the issuer `{text}` stands here twice"));
                }
                Some(realm) => realms.push(realm),
                None => self.fault(
                    node,
                    format!("`{text}` is no realm: its issuer ends in `/realms/` and a name"),
                ),
            }
        }
        (!realms.is_empty()).then_some(realms)
    }

    fn path_secret(&mut self, node: &Node) -> Option<PathSecret> {
        let secret = PathSecret::of(&self.secret(node)?);
        if secret.is_none() {
            self.fault(
                node,
                "this needs at least 22 letters, digits, - or _: `openssl rand -hex 16` makes some",
            );
        }
        secret
    }
}
