//! What callbacks carry where their receivers want an OAuth access token beside the signature.

use countersign_egress::token::{ClientCredentials, Proof};
use secrecy::SecretString;
use url::Url;

use super::{Reader, client::Around};
use crate::domain::{
    client::Client,
    yaml::{
        Node,
        read::{self, Members},
    },
};

pub(super) const KEYS: &[&str] = &[
    "token_endpoint",
    "client_id",
    "client_secret",
    "assertion_file",
    "auth",
    "scope",
    "resource",
];

/// Where a secret is sent.
type Place = fn(SecretString) -> Proof;

const PLACES: [(&str, Place); 2] = [("basic", Proof::Basic), ("post", Proof::Post)];

impl Reader<'_> {
    pub(super) fn callback_token(
        &mut self,
        node: Option<&Node>,
        client: &Client,
        around: Around<'_>,
    ) -> Option<ClientCredentials> {
        let node = node?;
        let members = Members::of(node, KEYS, &mut self.faults)?;
        if around.keys.is_empty() {
            self.fault(node, "access tokens are kept sealed: give an `encryption_key`, `openssl rand -base64 32` makes one");
        }
        if client.callbacks.is_empty() {
            self.fault(node, "a token for callbacks is of no use without `callbacks`");
        }
        let token_url = members.need("token_endpoint", &mut self.faults);
        let token_url = token_url.and_then(|node| self.token_endpoint(node, around));
        let client_id = self.needed_text(&members, "client_id");
        let proof = self.token_proof(node, &members);
        let mut text = |key| {
            let text = members.get(key).and_then(|node| read::text(node, &mut self.faults));
            text.map(str::to_owned)
        };
        let (scope, resource) = (text("scope"), text("resource"));
        Some(ClientCredentials {
            token_url: token_url?,
            client_id: client_id?.to_owned(),
            proof: proof?,
            scope,
            resource,
        })
    }

    /// Whoever reads along there has the secret.
    fn token_endpoint(&mut self, node: &Node, around: Around<'_>) -> Option<Url> {
        let text = read::text(node, &mut self.faults)?;
        match super::client::callback(text, around.allow) {
            Ok(endpoint) => Url::parse(&endpoint).ok(),
            Err(why) => {
                self.fault(node, format!("`{text}` cannot be asked for a token: {why}"));
                None
            }
        }
    }

    fn token_proof(&mut self, node: &Node, members: &Members<'_>) -> Option<Proof> {
        let place = self.word(members.get("auth"), &PLACES);
        match (members.get("client_secret"), members.get("assertion_file")) {
            (Some(secret), None) => self.secret(secret).map(place.unwrap_or(Proof::Basic)),
            (None, Some(path)) => {
                if let Some(auth) = members.get("auth") {
                    self.fault(auth, "`auth` says where a `client_secret` is sent; leave it out");
                }
                let path = read::text(path, &mut self.faults)?;
                Some(Proof::Assertion(self.folder.join(path)))
            }
            (Some(_), Some(_)) | (None, None) => {
                self.fault(
                    node,
                    "there is one proof of who asks: `client_secret` or `assertion_file`",
                );
                None
            }
        }
    }
}
