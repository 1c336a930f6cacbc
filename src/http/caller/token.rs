//! JWT access tokens: exact issuer and audience, the one algorithm of the issuer, an expiry. Headers
//! that point to keys or change the rules are refused. Pure: the key and the time are arguments.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;

use countersign_egress::hint::{Hint, NoHint};
use jiff::Timestamp;
use jsonwebtoken::{DecodingKey, Header, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{config::issuer::Issuer, domain::request::SignIn};

const MAX_BYTES: usize = 16 * 1024;
pub(super) const LEEWAY_S: i64 = 30;

/// The types that an access token may have where the issuer's own is not configured. Anything else
/// was made for another door.
const USUAL_TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Why a token was refused. For the log; the caller learns only that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Malformed,
    Header,
    Type,
    Issuer,
    Key,
    /// Signature, audience or algorithm.
    NotVerified,
    Expired,
    NotYet,
    Client,
    /// Of a subject.
    Claim,
}

/// What an identity provider has signed about a subject. `None` where its tokens do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct SubjectClaims {
    pub(in crate::http) subject: String,
    pub(in crate::http) groups: Option<Vec<String>>,
    pub(in crate::http) roles: Option<Vec<String>>,
    pub(in crate::http) sign_in: SignIn,
}

/// Whole seconds: an expiry that is text is no expiry.
#[derive(Debug, Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Reads issuer and key id of a token that could be good.
pub(super) fn hint(token: &str) -> Result<Hint, Refused> {
    if token.len() > MAX_BYTES {
        return Err(Refused::Malformed);
    }
    Ok(Hint::of(token)?)
}

/// The OAuth client that the token was issued to.
pub(super) fn verify(
    token: &str,
    issuer: &Issuer,
    key: &DecodingKey,
    now: Timestamp,
) -> Result<String, Refused> {
    let (header, claims) = verified(token, issuer, &[&issuer.audience], key, now)?;
    check_type(&header, issuer.token_type.as_deref())?;
    match claims.get(&issuer.client_claim) {
        Some(Value::String(client)) => Ok(client.clone()),
        Some(_) | None => Err(Refused::Client),
    }
}

/// Whether a token of the issuer's own type holds; what it says is up to the caller.
pub(super) fn verify_typed(
    token: &str,
    issuer: &Issuer,
    key: &DecodingKey,
    now: Timestamp,
) -> Result<(), Refused> {
    let (header, _) = verified(token, issuer, &[&issuer.audience], key, now)?;
    check_type(&header, issuer.token_type.as_deref())
}

/// What a token says of a subject. A claim that is believed has to be there: one that was left out,
/// because there are too many groups to name, does not say that there are none.
pub(super) fn verify_subject(
    token: &str,
    issuer: &Issuer,
    key: &DecodingKey,
    now: Timestamp,
) -> Result<SubjectClaims, Refused> {
    let tokens = issuer.subject_tokens.as_ref().ok_or(Refused::Issuer)?;
    let audiences: Vec<&str> = tokens.audiences.iter().map(String::as_str).collect();
    let (header, claims) = verified(token, issuer, &audiences, key, now)?;
    check_type(&header, None)?;
    let subject = claim(&claims, &tokens.subject_claim).and_then(Value::as_str);
    let believed = |name: &Option<String>| match name {
        Some(name) => texts(claim(&claims, name)).ok_or(Refused::Claim).map(Some),
        None => Ok(None),
    };
    Ok(SubjectClaims {
        subject: subject.ok_or(Refused::Claim)?.to_owned(),
        groups: believed(&tokens.groups_claim)?,
        roles: believed(&tokens.roles_claim)?,
        sign_in: sign_in(&claims),
    })
}

/// What is not there, or not as it should be, does not say how they signed in.
fn sign_in(claims: &Map<String, Value>) -> SignIn {
    let acr = claims.get("acr").and_then(Value::as_str).map(str::to_owned);
    let at = claims.get("auth_time").and_then(Value::as_i64);
    SignIn { acr, at: at.and_then(|at| Timestamp::from_second(at).ok()) }
}

fn verified(
    token: &str,
    issuer: &Issuer,
    audiences: &[&str],
    key: &DecodingKey,
    now: Timestamp,
) -> Result<(Header, Map<String, Value>), Refused> {
    let mut validation = Validation::new(issuer.algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[&issuer.issuer]);
    validation.set_audience(audiences);
    // The library would ask the system for the time; it is checked below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let token = decode::<Claims>(token, key, &validation).map_err(|_| Refused::NotVerified)?;
    check_time(&token.claims, now)?;
    Ok((token.header, token.claims.rest))
}

/// A claim by its name, or by the way to it.
fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn check_type(header: &Header, wanted: Option<&str>) -> Result<(), Refused> {
    let plain = |text: &str| {
        let lower = text.to_ascii_lowercase();
        lower.strip_prefix("application/").map(str::to_owned).unwrap_or(lower)
    };
    let found = header.typ.as_deref().map(plain);
    let fits = match (wanted, &found) {
        (Some(wanted), Some(found)) => plain(wanted) == *found,
        (Some(_), None) => false,
        (None, Some(found)) => USUAL_TYPES.contains(&found.as_str()),
        (None, None) => true,
    };
    fits.then_some(()).ok_or(Refused::Type)
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), Refused> {
    let now = now.as_second();
    if claims.exp.saturating_add(LEEWAY_S) <= now {
        return Err(Refused::Expired);
    }
    let starts = [claims.nbf, claims.iat].into_iter().flatten().max().unwrap_or(now);
    (starts.saturating_sub(LEEWAY_S) <= now).then_some(()).ok_or(Refused::NotYet)
}

impl From<NoHint> for Refused {
    fn from(why: NoHint) -> Self {
        match why {
            NoHint::Malformed => Self::Malformed,
            NoHint::Header => Self::Header,
            NoHint::Key => Self::Key,
        }
    }
}

impl Refused {
    /// A few words for the log; never anything from the token.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "not a JWT, or longer than 16 KiB",
            Self::Header => "its header points to a key or changes the rules",
            Self::Type => "its typ is not that of an access token",
            Self::Issuer => "its issuer is not configured",
            Self::Key => "its key is not among the issuer's",
            Self::NotVerified => "signature, algorithm, issuer or audience do not fit",
            Self::Expired => "it has expired",
            Self::NotYet => "it is not valid yet",
            Self::Client => "no client is registered for it",
            Self::Claim => "a claim that is believed is missing, or is no list of texts",
        }
    }
}
