//! What callbacks carry where their receivers want an OAuth access token beside the signature.

#[cfg(test)]
mod tests;

use countersign_egress::token::{
    ClientCredentials, Proof,
    assertion::{AssertionKey, Signer, Stamps},
};
use countersign_webhook::TokenSource;
use secrecy::{ExposeSecret, SecretString};
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
    "private_key",
    "key_id",
    "audience",
    "auth",
    "scope",
    "resource",
    "refresh_token",
];

/// What is asked for, and with what proof.
#[derive(Debug)]
pub struct CallbackToken {
    token_url: Url,
    client_id: String,
    proof: TokenProof,
    scope: Option<String>,
    resource: Option<String>,
    refresh_token: Option<SecretString>,
}

#[derive(Debug)]
enum TokenProof {
    Sent(Proof),
    /// Signs for this audience.
    Key(Box<AssertionKey>, String),
}

impl CallbackToken {
    /// With the time and the chance that assertions are made of.
    pub fn source(self, stamps: &Stamps) -> TokenSource {
        let Self { token_url, client_id, proof, scope, resource, refresh_token } = self;
        let proof = match proof {
            TokenProof::Sent(proof) => proof,
            TokenProof::Key(key, audience) => {
                Proof::Key(Box::new(Signer { key: *key, audience, stamps: stamps.clone() }))
            }
        };
        let credentials = ClientCredentials { token_url, client_id, proof, scope, resource };
        TokenSource { credentials, refresh_token }
    }
}

/// Where a secret is sent.
type Place = fn(SecretString) -> Proof;

const PLACES: [(&str, Place); 2] = [("basic", Proof::Basic), ("post", Proof::Post)];

impl Reader<'_> {
    pub(super) fn callback_token(
        &mut self,
        node: Option<&Node>,
        client: &Client,
        around: Around<'_>,
    ) -> Option<CallbackToken> {
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
        let proof = self.token_proof(node, &members, token_url.as_ref());
        let refresh_token = members.get("refresh_token").map(|node| self.secret(node));
        let mut text = |key| {
            let text = members.get(key).and_then(|node| read::text(node, &mut self.faults));
            text.map(str::to_owned)
        };
        let (scope, resource) = (text("scope"), text("resource"));
        Some(CallbackToken {
            token_url: token_url?,
            client_id: client_id?.to_owned(),
            proof: proof?,
            scope,
            resource,
            refresh_token: refresh_token.flatten(),
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

    fn token_proof(
        &mut self,
        node: &Node,
        members: &Members<'_>,
        token_url: Option<&Url>,
    ) -> Option<TokenProof> {
        let place = self.word(members.get("auth"), &PLACES);
        let proofs = ["client_secret", "assertion_file", "private_key"].map(|key| members.get(key));
        self.only_with(proofs[0], members, "auth", "says where a `client_secret` is sent");
        for key in ["key_id", "audience"] {
            self.only_with(proofs[2], members, key, "is of a `private_key`");
        }
        match proofs {
            [Some(secret), None, None] => {
                self.secret(secret).map(place.unwrap_or(Proof::Basic)).map(TokenProof::Sent)
            }
            [None, Some(path), None] => {
                let path = read::text(path, &mut self.faults)?;
                Some(TokenProof::Sent(Proof::Assertion(self.folder.join(path))))
            }
            [None, None, Some(key)] => {
                let key_id = members.get("key_id").map(|node| read::text(node, &mut self.faults));
                let audience =
                    members.get("audience").map(|node| read::text(node, &mut self.faults));
                let key = self.assertion_key(key, key_id.flatten())?;
                let audience = audience.flatten().or(token_url.map(Url::as_str))?;
                Some(TokenProof::Key(Box::new(key), audience.to_owned()))
            }
            _ => {
                self.fault(
                    node,
                    "there is one proof of who asks: `client_secret`, `private_key` or `assertion_file`",
                );
                None
            }
        }
    }

    fn assertion_key(&mut self, node: &Node, key_id: Option<&str>) -> Option<AssertionKey> {
        let pem = self.secret(node)?;
        let key = AssertionKey::of_pem(pem.expose_secret().as_bytes(), key_id);
        if key.is_none() {
            self.fault(
                node,
                "this is no private key on P-256 in PKCS #8: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one",
            );
        }
        key
    }

    /// What goes with one proof goes with no other.
    fn only_with(&mut self, proof: Option<&Node>, members: &Members<'_>, key: &str, what: &str) {
        if let (None, Some(node)) = (proof, members.get(key)) {
            self.fault(node, format!("`{key}` {what}; leave it out"));
        }
    }
}
