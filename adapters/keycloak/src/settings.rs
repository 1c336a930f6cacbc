//! Which Keycloak servers ask, and how each side proves itself.

use std::fmt;

use jiff::SignedDuration;
use jsonwebtoken::Algorithm;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

/// One Keycloak server. Its realms share the address that it calls.
#[derive(Debug, Clone)]
pub struct Connection {
    pub name: String,
    pub realms: Vec<Realm>,
    pub path_secret: PathSecret,
    /// Scopes that nobody is asked about.
    pub ignore_scopes: Vec<String>,
    pub subject_from: SubjectFrom,
    /// How long the realm remembers a request: `cibaExpiresIn`.
    pub realm_expires_in: SignedDuration,
    pub algorithm: Algorithm,
    pub delivery: Delivery,
}

/// A realm, by its issuer, and where it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    pub issuer: String,
    /// The realm at the address that we call, without a slash at its end.
    pub url: Url,
}

/// What in Keycloak's words the people file knows a person by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SubjectFrom {
    /// What the client has sent as `login_hint`.
    #[default]
    Username,
    /// The id of the user.
    Sub,
}

/// How the realm tells its own client: `cibaBackchannelTokenDeliveryMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    #[default]
    Poll,
    /// A refusal of ours may then only mean that the client could not be told.
    Ping,
}

/// The last part of the address that Keycloak calls, by its digest alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PathSecret([u8; 32]);

impl PathSecret {
    /// 128 bits take so many characters of base64.
    pub const MIN_CHARS: usize = 22;

    /// `None` where it is too short, or would not survive in a path as it is.
    pub fn of(secret: &SecretString) -> Option<Self> {
        let text = secret.expose_secret();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_good = text.len() >= Self::MIN_CHARS && text.bytes().all(plain);
        is_good.then(|| Self(Sha256::digest(text).into()))
    }

    pub(crate) fn matches(&self, presented: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(presented).into();
        self.0.ct_eq(&digest).into()
    }
}

impl Realm {
    /// The realm of an issuer, called at `base` or where the issuer says that it is. `None` where
    /// the issuer is no realm of Keycloak's.
    pub fn new(issuer: &str, base: Option<&Url>) -> Option<Self> {
        let (own_base, realm) = issuer.rsplit_once("/realms/")?;
        if realm.is_empty() || realm.contains(['/', '?', '#']) {
            return None;
        }
        let base = base.map_or(own_base, Url::as_str).trim_end_matches('/');
        let url = Url::parse(&format!("{base}/realms/{realm}")).ok()?;
        matches!(url.scheme(), "https" | "http").then(|| Self { issuer: issuer.to_owned(), url })
    }

    /// An address below the realm.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/protocol/openid-connect/{path}", self.url.path()));
        url
    }

    /// Where decisions are told.
    pub(crate) fn callback(&self) -> Url {
        self.at("ext/ciba/auth/callback")
    }

    /// Where its keys are.
    pub(crate) fn keys(&self) -> Url {
        self.at("certs")
    }
}

impl fmt::Debug for PathSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_called_where_it_says_or_where_the_operator_says() {
        let base: Url = "http://keycloak.internal:8080/auth/".parse().unwrap();
        let own = Realm::new("https://sso.example.com/realms/acme", None).unwrap();
        assert_eq!(
            own.keys().as_str(),
            "https://sso.example.com/realms/acme/protocol/openid-connect/certs"
        );
        let inner = Realm::new("https://sso.example.com/realms/acme", Some(&base)).unwrap();
        assert_eq!(
            inner.callback().as_str(),
            "http://keycloak.internal:8080/auth/realms/acme/protocol/openid-connect/ext/ciba/auth/callback"
        );
        for bad in ["https://sso.example.com", "https://sso/realms/", "https://sso/realms/a/b", "x"]
        {
            assert_eq!(Realm::new(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn a_path_secret_is_long_and_plain() {
        for (secret, is_good) in [
            ("0123456789abcdef012345", true),
            ("0123456789abcdef01234", false),
            ("0123456789abcdef/012345", false),
            ("", false),
        ] {
            assert_eq!(PathSecret::of(&secret.into()).is_some(), is_good, "{secret}");
        }
        let secret = PathSecret::of(&"0123456789abcdef012345".into()).unwrap();
        assert!(secret.matches("0123456789abcdef012345"));
        assert!(!secret.matches("0123456789abcdef012346"));
    }
}
