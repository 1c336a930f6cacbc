//! The `hydra:` section: which Ory Hydra sends browsers to the page that waits.

#[cfg(test)]
mod tests;

use countersign_egress::target::Allow;
use countersign_hydra::settings::Settings;
use jiff::SignedDuration;
use url::Url;

use super::{Reader, secret::EncryptionKey};
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

pub(super) const KEYS: &[&str] = &["issuer", "admin_url", "ignore_scopes", "expires_in"];

/// Scopes of every client that give no access.
const IGNORED: [&str; 5] = ["openid", "profile", "email", "offline", "offline_access"];

/// What Hydra has unless somebody raises `ttl.login_consent_request`.
const EXPIRES_IN_S: u32 = 1800;

/// Nobody waits for a day.
const LONGEST_S: u32 = 86_400;

impl Reader<'_> {
    pub(super) fn hydra(
        &mut self,
        node: Option<&Node>,
        allow: &Allow,
        keys: &[EncryptionKey],
    ) -> Option<Settings> {
        let node = node?;
        let members = Members::of(node, KEYS, &mut self.faults)?;
        if keys.is_empty() {
            self.fault(node, "the key of hydra's cookies is kept sealed: give an `encryption_key`, `openssl rand -base64 32` makes one");
        }
        let issuer = members.need("issuer", &mut self.faults);
        let issuer = issuer.and_then(|node| self.hydra_url(node, allow));
        let admin_url = members.need("admin_url", &mut self.faults);
        let admin_url = admin_url.and_then(|node| self.hydra_url(node, allow));
        let ignore_scopes = match members.get("ignore_scopes") {
            Some(node) => self.texts(Some(node)),
            None => IGNORED.map(str::to_owned).to_vec(),
        };
        let expires_in = members.get("expires_in");
        let expires_in =
            expires_in.and_then(|node| super::whole(node, LONGEST_S, &mut self.faults));
        Some(Settings {
            issuer: issuer?,
            admin_url: admin_url?,
            ignore_scopes,
            expires_in: SignedDuration::from_secs(expires_in.unwrap_or(EXPIRES_IN_S).into()),
        })
    }

    /// http is for the addresses of `egress.allow`: there the admin API stands.
    fn hydra_url(&mut self, node: &Node, allow: &Allow) -> Option<Url> {
        let text = read::text(node, &mut self.faults)?;
        match super::client::callback(text, allow) {
            Ok(url) => Url::parse(&url).ok(),
            Err(why) => {
                self.fault(node, format!("`{text}` is no address of Hydra's: {why}"));
                None
            }
        }
    }
}
