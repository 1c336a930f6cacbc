//! A token as it is kept, and the name that it is kept under.

use std::time::Duration;

use countersign_egress::token::{ClientCredentials, Granted};
use countersign_port::memory::{Lost, Record};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::TokenSource;

/// A token is renewed so long before its end, or earlier.
const EARLY: Duration = Duration::from_mins(1);

/// A token, and when it is to be renewed.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(serialize_with = "exposed")]
    pub(super) token: SecretString,
    pub(super) renew_at: Timestamp,
    pub(super) ends_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh: Option<Refresh>,
}

/// What the next token is asked for with.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Refresh {
    #[serde(serialize_with = "exposed")]
    pub(super) token: SecretString,
    /// The digest of the one that an administrator deposited, from which this one comes.
    pub(super) deposit: String,
}

impl Refresh {
    /// The first, as it was deposited.
    pub(super) fn deposited(token: &SecretString) -> Self {
        let deposit = hex::encode(Sha256::digest(token.expose_secret()));
        Self { token: token.clone(), deposit }
    }

    /// The one that came in its place; itself where none did.
    fn rotated(self, token: Option<SecretString>) -> Self {
        Self { token: token.unwrap_or(self.token), deposit: self.deposit }
    }
}

impl Kept {
    /// `with` is what it was asked for with, beside the client's own proof.
    pub(super) fn new(granted: Granted, asked_at: Timestamp, with: Option<Refresh>) -> Self {
        let life = granted.life;
        let ahead = (life * 4 / 5).min(life.saturating_sub(EARLY));
        // One that lives for a minute is used for half of that.
        let renew_at = asked_at + ahead.max(life / 2);
        let refresh = with.map(|with| with.rotated(granted.refresh_token));
        Self { token: granted.access_token, renew_at, ends_at: asked_at + life, refresh }
    }

    /// What cannot be understood is renewed.
    pub(super) fn open(record: &Record) -> Option<Self> {
        serde_json::from_str(record.secret.expose_secret()).ok()
    }

    pub(super) fn seal(&self) -> Result<SecretString, Lost> {
        let text = serde_json::to_string(self);
        text.map(SecretString::from).map_err(|error| Lost { cause: error.to_string() })
    }

    /// Whether it is this token.
    pub(super) fn is(&self, token: Option<&SecretString>) -> bool {
        token.is_some_and(|token| token.expose_secret() == self.token.expose_secret())
    }
}

/// The same for all who ask for the same; says nothing of what that is.
pub(super) fn name(source: &TokenSource) -> String {
    let ClientCredentials { token_url, client_id, scope, resource, proof: _ } = &source.credentials;
    let mut digest = Sha256::new();
    for part in [Some(token_url.as_str()), Some(client_id), scope.as_deref(), resource.as_deref()] {
        // Lengths part the parts.
        digest.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
        digest.update(part.unwrap_or_default());
    }
    // Whoever acts by a refresh token acts for somebody: that is another token.
    let kind = if source.refresh_token.is_some() { "refreshed" } else { "bearer" };
    format!("{kind}/{}", hex::encode(digest.finalize()))
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use countersign_egress::token::Proof;

    use super::*;

    fn ahead(life_s: u64) -> i64 {
        let life = Duration::from_secs(life_s);
        let granted = Granted {
            access_token: "t".into(),
            refresh_token: None,
            life,
            headers: http::HeaderMap::default(),
        };
        Kept::new(granted, Timestamp::UNIX_EPOCH, None).renew_at.as_second()
    }

    #[test]
    fn a_token_is_renewed_ahead() {
        for (life_s, wanted) in [(3600, 2880), (300, 240), (200, 140), (60, 30), (0, 0)] {
            assert_eq!(ahead(life_s), wanted, "{life_s}");
        }
    }

    #[test]
    fn whoever_asks_for_something_else_gets_another_token() {
        let of = |client_id: &str, scope: Option<&str>, resource: Option<&str>| {
            name(&TokenSource {
                credentials: ClientCredentials {
                    token_url: "https://sso.example/token".parse().unwrap(),
                    client_id: client_id.to_owned(),
                    proof: Proof::Basic("s".into()),
                    scope: scope.map(str::to_owned),
                    resource: resource.map(str::to_owned),
                },
                refresh_token: None,
            })
        };
        let all = [
            of("a", None, None),
            of("a", Some("b"), None),
            of("a", None, Some("b")),
            of("ab", None, None),
            of("a", Some(""), None),
        ];
        let apart: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(apart.len(), all.len());
        assert_eq!(of("a", Some("b"), None), all[1]);
    }
}
