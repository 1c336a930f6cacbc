//! Assertions that we sign ourselves (RFC 7523, `private_key_jwt`): short-lived, each with an id that
//! nobody has used before.

use std::{fmt, sync::Arc};

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, ThumbprintHash},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use secrecy::SecretString;
use serde::Serialize;

/// How long an assertion is good for: it is used at once.
const LIFE_S: i64 = 60;

const ALGORITHM: Algorithm = Algorithm::ES256;

/// A private key that signs assertions.
#[derive(Clone)]
pub struct AssertionKey {
    private: EncodingKey,
    /// What the server knows the key by.
    key_id: String,
}

/// What makes an assertion one of its own.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Now, in seconds.
    pub at: i64,
    /// What nobody has used before.
    pub id: String,
}

/// Time and chance, asked from outside.
#[derive(Clone)]
pub struct Stamps(pub Arc<dyn Fn() -> Stamp + Send + Sync>);

/// A key, and all that it takes to sign with it.
#[derive(Debug, Clone)]
pub struct Signer {
    pub key: AssertionKey,
    /// For whom the assertions are: the token endpoint, or its issuer.
    pub audience: String,
    pub stamps: Stamps,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

impl AssertionKey {
    /// A key on P-256 in PKCS #8, as PEM. Without a name it is known by its thumbprint
    /// (RFC 7638). `None` where it is something else.
    pub fn of_pem(pem: &[u8], key_id: Option<&str>) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).ok()?;
        let private = EncodingKey::from_ec_der(der.secret_pkcs8_der());
        // Whether it is on that curve is seen when it signs.
        jsonwebtoken::encode(&Header::new(ALGORITHM), &(), &private).ok()?;
        let public = Jwk::from_encoding_key(&private, ALGORITHM).ok()?;
        let thumbprint = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        let key_id = key_id.map_or(thumbprint, str::to_owned);
        Some(Self { private, key_id })
    }
}

impl Signer {
    /// A fresh assertion of who a client is. `None` where the key does not sign.
    pub(super) fn sign(&self, client_id: &str) -> Option<SecretString> {
        let Stamp { at, id } = (self.stamps.0)();
        let claims = Claims {
            iss: client_id,
            sub: client_id,
            aud: &self.audience,
            jti: &id,
            iat: at,
            exp: at.saturating_add(LIFE_S),
        };
        let key = &self.key;
        let header = Header { kid: Some(key.key_id.clone()), ..Header::new(ALGORITHM) };
        jsonwebtoken::encode(&header, &claims, &key.private).ok().map(SecretString::from)
    }
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AssertionKey").field(&self.key_id).finish()
    }
}

impl fmt::Debug for Stamps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stamps")
    }
}
