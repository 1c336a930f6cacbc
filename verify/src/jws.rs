//! A compact JWS (RFC 7515) of one type, by one algorithm. Header and claims pass the I-JSON gate,
//! so that no member stands there twice and no number is read differently elsewhere. A header that
//! says anything beside `alg`, `typ` and `kid` is refused: a token does not say where its key is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_json::{
    gate::Limits,
    intake::{self, Rejected},
};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{keys::Keys, refusal::Refused};

const MAX_BYTES: usize = 16 * 1024;
const ES256: &str = "ES256";

/// Header and claims are small and flat.
const LIMITS: Limits = Limits { max_bytes: MAX_BYTES, max_depth: 16, object_only: true };

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The three parts, still in base64url.
struct Parts<'t> {
    header: &'t str,
    claims: &'t str,
    signed: &'t str,
    signature: &'t str,
}

/// Verifies a token of a type and reads its claims. The signature is checked before the claims are
/// read.
pub fn open<T: DeserializeOwned>(token: &str, typ: &str, keys: &Keys) -> Result<T, Refused> {
    let parts = Parts::of(token).ok_or(Refused::Malformed)?;
    let header: Header = read(parts.header, Refused::Header)?;
    if header.alg != ES256 {
        return Err(Refused::Algorithm);
    }
    if header.typ != typ {
        return Err(Refused::Type);
    }
    let key = keys.get(&header.kid).ok_or(Refused::UnknownKey)?;
    if !is_signed(parts.signed, parts.signature, key) {
        return Err(Refused::Signature);
    }
    read(parts.claims, Refused::Claims)
}

/// Whether an ES256 signature over the first two parts is good.
pub fn is_signed(signed: &str, signature: &str, key: &DecodingKey) -> bool {
    crypto::verify(signature, signed.as_bytes(), key, Algorithm::ES256).unwrap_or(false)
}

impl<'t> Parts<'t> {
    fn of(token: &'t str) -> Option<Self> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        (!claims.contains('.')).then_some(Self { header, claims, signed, signature })
    }
}

/// A part as its type; `misfit` where it is good JSON of another shape.
fn read<T: DeserializeOwned>(part: &str, misfit: Refused) -> Result<T, Refused> {
    let text = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)?;
    intake::parse(&text, &LIMITS).map_err(|rejected| match rejected {
        Rejected::Gate(_) => Refused::Malformed,
        Rejected::Shape(_) => misfit,
    })
}

#[cfg(test)]
mod wycheproof;
