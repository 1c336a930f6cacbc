//! The bearer that Keycloak sends: whose it is and what it is about. Pure: the key and the time are
//! arguments. Never printed: whoever holds one can approve.

#[cfg(test)]
mod tests;

use countersign_egress::hint::NoHint;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::Value;

/// How far the clocks may be apart.
const LEEWAY_S: i64 = 30;

/// What Keycloak calls a token that is shown to others.
const TYPE: &str = "Bearer";

/// What a bearer says, verified.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    /// The request, as Keycloak knows it.
    pub jti: String,
    /// The client that asks.
    pub azp: String,
    /// The id of the user.
    pub sub: String,
    pub exp: i64,
    pub iat: i64,
    /// Where the realm writes how the user has signed in, and when. Keycloak itself knows of no
    /// sign-in when it asks; what the client wished for (`acr_values`) is none.
    acr: Option<Value>,
    auth_time: Option<Value>,
    /// The realm and nobody else: a list is another kind of token.
    aud: String,
    typ: String,
}

impl Claims {
    /// What is not there, or not as it should be, does not say how they signed in.
    pub(crate) fn acr(&self) -> Option<String> {
        self.acr.as_ref().and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn signed_in_at(&self) -> Option<Timestamp> {
        let at = self.auth_time.as_ref().and_then(Value::as_i64);
        at.and_then(|at| Timestamp::from_second(at).ok())
    }
}

/// Why a bearer is not believed. For the log; the caller learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistrust {
    #[error("there is no bearer, or more than one")]
    Absent,
    #[error("it is malformed")]
    Malformed,
    #[error("its header points to a key or changes the rules")]
    Header,
    #[error("its issuer is not among the `issuers` of the connection")]
    Issuer,
    #[error("its key is not among the realm's")]
    UnknownKey,
    #[error("signature, issuer or audience is wrong, or a claim is missing")]
    Claims,
    #[error("it is another kind of token")]
    Type,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    Early,
}

impl From<NoHint> for Mistrust {
    fn from(why: NoHint) -> Self {
        match why {
            NoHint::Malformed => Self::Malformed,
            NoHint::Header => Self::Header,
            NoHint::Key => Self::UnknownKey,
        }
    }
}

/// What a token says that this realm has signed for itself.
pub(crate) fn verify(
    token: &str,
    issuer: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    now: Timestamp,
) -> Result<Claims, Mistrust> {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    // The library would ask the system for the time; it is checked below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = decode::<Claims>(token, key, &validation).map_err(|_| Mistrust::Claims)?.claims;
    if claims.aud != issuer {
        return Err(Mistrust::Claims);
    }
    if claims.typ != TYPE {
        return Err(Mistrust::Type);
    }
    let now = now.as_second();
    if claims.exp <= now {
        return Err(Mistrust::Expired);
    }
    if claims.iat.saturating_sub(LEEWAY_S) > now {
        return Err(Mistrust::Early);
    }
    Ok(claims)
}
