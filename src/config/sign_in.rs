//! The `sign_in:` section: where people sign in to have their account in chat linked to them.

use countersign_egress::target::Allow;
use countersign_sign_in::settings::Settings;
use jsonwebtoken::Algorithm;

use super::{Reader, issuer::ALGORITHMS};
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

pub(super) const KEYS: &[&str] =
    &["issuer", "client_id", "client_secret", "algorithm", "subject_claim"];

impl Reader<'_> {
    pub(super) fn sign_in(
        &mut self,
        node: Option<&Node>,
        allow: &Allow,
        public_url: Option<&str>,
    ) -> Option<Settings> {
        let members = Members::of(node?, KEYS, &mut self.faults)?;
        let issuer = members.need("issuer", &mut self.faults);
        let issuer = issuer.and_then(|node| self.sign_in_issuer(node, allow));
        let client_id = self.needed_text(&members, "client_id");
        let secret = members.need("client_secret", &mut self.faults);
        let client_secret = secret.and_then(|node| self.secret(node));
        let algorithm = self.word(members.get("algorithm"), &ALGORITHMS);
        let subject_claim = members.get("subject_claim");
        let subject_claim = subject_claim.and_then(|node| read::text(node, &mut self.faults));
        Some(Settings {
            issuer: issuer?,
            client_id: client_id?.to_owned(),
            client_secret: client_secret?,
            algorithm: algorithm.unwrap_or(Algorithm::RS256),
            subject_claim: subject_claim.unwrap_or("sub").to_owned(),
            public_url: public_url?.to_owned(),
        })
    }

    /// Kept to the letter: tokens and people file name it so.
    fn sign_in_issuer(&mut self, node: &Node, allow: &Allow) -> Option<String> {
        let text = read::text(node, &mut self.faults)?;
        match super::client::callback(text, allow) {
            Ok(_) => Some(text.to_owned()),
            Err(why) => {
                self.fault(node, format!("`{text}` is no issuer to sign in at: {why}"));
                None
            }
        }
    }
}
