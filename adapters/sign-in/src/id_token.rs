//! What an ID token says (OpenID Connect Core, section 3.1.3.7): exact issuer and audience, the one
//! algorithm, made for this sign-in. Pure: the key, the nonce and the time are arguments.

use countersign_egress::hint::Hint;
use jiff::Timestamp;
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::settings::Settings;

#[cfg(test)]
mod tests;

const MAX_BYTES: usize = 16 * 1024;
/// Clocks may be so far apart.
const LEEWAY_S: i64 = 30;
/// Subjects are no longer, says OpenID Connect Core.
const MAX_SUBJECT: usize = 255;

/// Why a token is not believed. For the log; never holds anything of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is no JWT, or longer than 16 KiB")]
    Malformed,
    #[error("its header names no key, points to one or changes the rules")]
    Header,
    #[error("its typ is that of another kind of token")]
    Type,
    #[error("its issuer is another")]
    Issuer,
    #[error("its key is not among the issuer's")]
    Key,
    #[error("signature, algorithm, issuer or audience do not fit")]
    NotVerified,
    #[error("it is meant for another client too")]
    Party,
    #[error("it was made for another sign-in")]
    Nonce,
    #[error("it has expired, or is not valid yet")]
    Time,
    #[error("the claim that names the subject is missing, or is no short text")]
    Subject,
}

/// Whole seconds: an expiry that is text is no expiry.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    azp: Option<String>,
    aud: Audience,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The id of the key that a token of our issuer could be signed with.
pub(crate) fn key_id(token: &str, settings: &Settings) -> Result<String, Refused> {
    if token.len() > MAX_BYTES {
        return Err(Refused::Malformed);
    }
    let hint = Hint::of(token).map_err(|_| Refused::Header)?;
    if hint.issuer == settings.issuer { Ok(hint.kid) } else { Err(Refused::Issuer) }
}

/// The subject who has signed in.
pub(crate) fn subject(
    token: &str,
    settings: &Settings,
    key: &DecodingKey,
    nonce: &str,
    now: Timestamp,
) -> Result<String, Refused> {
    let mut validation = Validation::new(settings.algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.client_id]);
    // The library would ask the system for the time; it is checked below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let token = decode::<Claims>(token, key, &validation).map_err(|_| Refused::NotVerified)?;
    if token.header.typ.is_some_and(|kind| !kind.eq_ignore_ascii_case("jwt")) {
        return Err(Refused::Type);
    }
    let claims = token.claims;
    check_time(&claims, now)?;
    check_party(&claims, settings)?;
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(Refused::Nonce);
    }
    let subject = claims.rest.get(&settings.subject_claim).and_then(Value::as_str);
    let subject = subject.filter(|text| !text.is_empty() && text.len() <= MAX_SUBJECT);
    subject.map(str::to_owned).ok_or(Refused::Subject)
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), Refused> {
    let now = now.as_second();
    let starts = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
    let has_begun = starts.saturating_sub(LEEWAY_S) <= now;
    let has_ended = claims.exp.saturating_add(LEEWAY_S) <= now;
    if has_begun && !has_ended { Ok(()) } else { Err(Refused::Time) }
}

/// A token for several is for whom it names as the party that asked.
fn check_party(claims: &Claims, settings: &Settings) -> Result<(), Refused> {
    let ours = &settings.client_id;
    let is_for_us_alone = match &claims.aud {
        Audience::One(one) => one == ours,
        Audience::Several(all) => all.iter().all(|one| one == ours),
    };
    match &claims.azp {
        Some(party) if party == ours => Ok(()),
        None if is_for_us_alone => Ok(()),
        Some(_) | None => Err(Refused::Party),
    }
}
