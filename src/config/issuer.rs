//! Issuers whose JWT access tokens are believed: exact issuer, exact audience, one algorithm.

use std::fs;

use jsonwebtoken::{Algorithm, jwk::JwkSet};
use url::Url;

use super::Reader;
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

/// An authorization server that issues access tokens to our clients.
#[derive(Debug, Clone)]
pub struct Issuer {
    pub issuer: String,
    /// What the token must be meant for: this service.
    pub audience: String,
    pub keys: Keys,
    /// The only one that its keys are used with.
    pub algorithm: Algorithm,
    /// The `typ` that its tokens must have, where it sets one.
    pub token_type: Option<String>,
    /// The claim that names the OAuth client.
    pub client_claim: String,
    /// How its tokens about subjects are read, where they are believed.
    pub subject_tokens: Option<SubjectTokens>,
}

/// Tokens that say who a subject is and what they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTokens {
    /// Whom they may be meant for: the OAuth clients that people sign in to.
    pub audiences: Vec<String>,
    /// The claim that is the id of the subject in requests.
    pub subject_claim: String,
    pub groups_claim: Option<String>,
    pub roles_claim: Option<String>,
}

/// Where the public keys are.
#[derive(Debug, Clone)]
pub enum Keys {
    Fetched(Url),
    Given(JwkSet),
}

pub(super) const KEYS: &[&str] = &[
    "issuer",
    "audience",
    "jwks_uri",
    "jwks_file",
    "algorithm",
    "typ",
    "client_claim",
    "subject_tokens",
];
pub(super) const SUBJECT_KEYS: &[&str] =
    &["audience", "subject_claim", "groups_claim", "roles_claim"];

pub(super) const CHALLENGE_KEYS: &[&str] = &["jwks_uri", "jwks_file", "algorithm", "audience"];

/// The `typ` of transaction challenges.
const CHALLENGE: &str = "txn-authz-challenge+jwt";

pub(super) const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
    ("RS512", Algorithm::RS512),
];

impl Reader<'_> {
    pub(super) fn issuers(&mut self, node: Option<&Node>, public_url: Option<&str>) -> Vec<Issuer> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut issuers: Vec<Issuer> = Vec::new();
        for node in nodes {
            let Some(issuer) = self.issuer(node, public_url) else { continue };
            if issuers.iter().any(|other| other.issuer == issuer.issuer) {
                self.fault(node, format!("the issuer `{}` stands here twice", issuer.issuer));
            }
            issuers.push(issuer);
        }
        issuers
    }

    fn issuer(&mut self, node: &Node, public_url: Option<&str>) -> Option<Issuer> {
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let issuer = self.needed_text(&members, "issuer");
        let keys = self.keys(node, &members);
        let mut text =
            |key: &str| members.get(key).and_then(|node| read::text(node, &mut self.faults));
        let audience = text("audience").or(public_url);
        let token_type = text("typ").map(str::to_owned);
        let client_claim = text("client_claim").unwrap_or("client_id").to_owned();
        let subject_tokens = members.get("subject_tokens").and_then(|n| self.subject_tokens(n));
        let algorithm = members.get("algorithm");
        let algorithm =
            algorithm.and_then(|node| read::choice(node, &ALGORITHMS, &mut self.faults));
        Some(Issuer {
            issuer: issuer?.to_owned(),
            audience: audience?.to_owned(),
            keys: keys?,
            algorithm: algorithm.unwrap_or(Algorithm::RS256),
            token_type,
            client_claim,
            subject_tokens,
        })
    }

    /// The challenges of a resource server: tokens of their own type that it issues itself. They are
    /// meant for this service, or for the OAuth server that passes them on.
    pub(super) fn challenges(
        &mut self,
        node: &Node,
        server: &str,
        public_url: Option<&str>,
    ) -> Option<Issuer> {
        let members = Members::of(node, CHALLENGE_KEYS, &mut self.faults)?;
        let keys = self.keys(node, &members);
        let audience = members.get("audience");
        let audience = audience.and_then(|node| read::text(node, &mut self.faults)).or(public_url);
        Some(Issuer {
            issuer: server.to_owned(),
            audience: audience?.to_owned(),
            keys: keys?,
            algorithm: self.word(members.get("algorithm"), &ALGORITHMS).unwrap_or(Algorithm::ES256),
            token_type: Some(CHALLENGE.to_owned()),
            client_claim: String::new(),
            subject_tokens: None,
        })
    }

    fn subject_tokens(&mut self, node: &Node) -> Option<SubjectTokens> {
        let members = Members::of(node, SUBJECT_KEYS, &mut self.faults)?;
        let audiences = members.need("audience", &mut self.faults).map(read::one_or_more);
        let audiences = audiences.unwrap_or_default().iter();
        let audiences: Vec<String> = audiences
            .filter_map(|node| read::text(node, &mut self.faults).map(str::to_owned))
            .collect();
        let mut text = |key: &str| {
            let text = members.get(key).and_then(|node| read::text(node, &mut self.faults));
            text.map(str::to_owned)
        };
        let subject_claim = text("subject_claim").unwrap_or_else(|| "sub".to_owned());
        let (groups_claim, roles_claim) = (text("groups_claim"), text("roles_claim"));
        Some(SubjectTokens { audiences, subject_claim, groups_claim, roles_claim })
    }

    fn keys(&mut self, node: &Node, members: &Members<'_>) -> Option<Keys> {
        match (members.get("jwks_uri"), members.get("jwks_file")) {
            (Some(uri), None) => self.jwks_uri(uri).map(Keys::Fetched),
            (None, Some(file)) => self.jwks_file(file).map(Keys::Given),
            (Some(_), Some(_)) | (None, None) => {
                self.fault(
                    node,
                    "an issuer's keys have exactly one place: `jwks_uri` or `jwks_file`",
                );
                None
            }
        }
    }

    fn jwks_uri(&mut self, node: &Node) -> Option<Url> {
        let text = read::text(node, &mut self.faults)?;
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
        url.or_else(|| read::expected("an https URL", node, &mut self.faults))
    }

    fn jwks_file(&mut self, node: &Node) -> Option<JwkSet> {
        let path = self.folder.join(read::text(node, &mut self.faults)?);
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        let set = text.and_then(|text| {
            serde_json::from_str(&text).map_err(|error| format!("not a JWK set: {error}"))
        });
        set.map_err(|why| self.fault(node, format!("cannot read these keys: {why}"))).ok()
    }
}
