//! Whether a bearer token is the Bot Connector's and meant for us. Pure but for the look-up of its
//! key. The token names neither a person nor a tenant, and does not cover the body.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::{
    jwks::{Key, Keys},
    settings::ServiceHosts,
};

/// The only channel that we speak on.
pub(crate) const CHANNEL: &str = "msteams";

/// A longer token is nobody's.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How far the clocks may be apart.
const LEEWAY_S: i64 = 300;
/// Members of a header that bring a key along, or change what is signed.
const REFUSED_MEMBERS: [&str; 7] = ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip"];

/// Who a token must be for, and from whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub now: Timestamp,
}

/// A token that has been verified, with what the activity is still to be held against.
#[derive(Clone)]
pub(crate) struct Bearer {
    key: Arc<Key>,
    service_url: Option<String>,
}

/// Why a token is not believed. For the log; the caller learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistrust {
    #[error("the token is malformed")]
    Malformed,
    #[error("the token is signed by another algorithm than RS256")]
    Algorithm,
    #[error("the header brings its own key or rules")]
    Header,
    #[error("the key is not known")]
    UnknownKey,
    #[error("signature, issuer or audience is wrong, or a claim is missing")]
    Claims,
    #[error("the audience is not us alone")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    Early,
    #[error("the key does not endorse the channel of the activity")]
    Endorsement,
    #[error("the token is for another service address than the activity")]
    ServiceUrl,
    #[error("the service address is not on the list")]
    ServiceHost,
}

#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    serviceurl: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List(Vec<String>),
}

/// Verifies a token by itself.
pub(crate) async fn verify(
    token: &str,
    keys: &Keys,
    wanted: Wanted<'_>,
) -> Result<Bearer, Mistrust> {
    let kid = key_id(token)?;
    let key = keys.find(&kid).await.ok_or(Mistrust::UnknownKey)?;
    let claims = decode::<Claims>(token, &key.decoding, &validation(wanted));
    let claims = claims.map_err(|_| Mistrust::Claims)?.claims;
    let ours = match &claims.aud {
        Audience::One(audience) => audience == wanted.audience,
        Audience::List(list) => matches!(list.as_slice(), [one] if one == wanted.audience),
    };
    if !ours {
        return Err(Mistrust::Audience);
    }
    in_time(&claims, wanted.now)?;
    Ok(Bearer { key, service_url: claims.serviceurl })
}

impl Bearer {
    /// Whether the token speaks for an activity on this channel, from this service address.
    pub(crate) fn speaks_for(&self, channel: &str, service_url: &str) -> Result<(), Mistrust> {
        if channel != CHANNEL || !self.key.endorsements.iter().any(|each| each == channel) {
            return Err(Mistrust::Endorsement);
        }
        let claimed = self.service_url.as_deref().ok_or(Mistrust::ServiceUrl)?;
        if without_slash(claimed) == without_slash(service_url) {
            Ok(())
        } else {
            Err(Mistrust::ServiceUrl)
        }
    }
}

/// Whether an address is one that we would send our token to.
pub(crate) fn admit_service(service_url: &str, hosts: &ServiceHosts) -> Result<(), Mistrust> {
    let url = Url::parse(service_url).map_err(|_| Mistrust::ServiceHost)?;
    if hosts.admit(&url) { Ok(()) } else { Err(Mistrust::ServiceHost) }
}

/// The name of the key, out of a header in which nothing else speaks of keys.
fn key_id(token: &str) -> Result<String, Mistrust> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Mistrust::Malformed);
    }
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Mistrust::Malformed)?;
    let header: Map<String, Value> =
        serde_json::from_slice(&header).map_err(|_| Mistrust::Malformed)?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(Mistrust::Algorithm);
    }
    if REFUSED_MEMBERS.iter().any(|name| header.contains_key(*name)) {
        return Err(Mistrust::Header);
    }
    header.get("kid").and_then(Value::as_str).map(str::to_owned).ok_or(Mistrust::UnknownKey)
}

/// The library has a clock of its own, so the time is checked by [`in_time`].
fn validation(wanted: Wanted<'_>) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[wanted.issuer]);
    validation.set_audience(&[wanted.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn in_time(claims: &Claims, now: Timestamp) -> Result<(), Mistrust> {
    let now = now.as_second();
    if claims.exp.is_nan() || seconds(claims.exp) < now - LEEWAY_S {
        return Err(Mistrust::Expired);
    }
    match claims.nbf {
        Some(nbf) if nbf.is_nan() || seconds(nbf) > now + LEEWAY_S => Err(Mistrust::Early),
        Some(_) | None => Ok(()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "beyond the range it saturates, as it should")]
fn seconds(claim: f64) -> i64 {
    claim as i64
}

fn without_slash(url: &str) -> &str {
    url.strip_suffix('/').unwrap_or(url)
}

#[cfg(test)]
pub(crate) mod tests;
