//! Transaction challenges (draft-rosomakho-oauth-txn-challenge): a resource server says, signed, what it
//! wants approved before it carries it out. Whoever passes a challenge on can change nothing of it.

#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_json::{
    gate::Limits,
    intake::{self, Rejected},
};
use countersign_port::text::Untrusted;
use jiff::Timestamp;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::token::{self, LEEWAY_S, Refused};
use crate::{
    config::issuer::Issuer,
    domain::{
        actor::{Actor, MOST},
        request::Transaction,
        transaction::MAX_LIFE_S,
    },
};

const MAX_ID_CHARS: usize = 512;
const MAX_REASON_CHARS: usize = 1000;

/// A challenge that holds.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http) struct Challenge {
    pub(in crate::http) transaction: Transaction,
    pub(in crate::http) authorization_details: Vec<Map<String, Value>>,
    pub(in crate::http) actor: Option<Actor>,
}

/// What it says. Members that are not known here are ignored, as the draft wants it.
#[derive(Debug, Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
    jti: String,
    txn: String,
    authorization_details: Vec<Map<String, Value>>,
    reason: String,
    act: Option<Act>,
}

/// Who attempted the operation (RFC 8693).
#[derive(Debug, Deserialize)]
struct Act {
    sub: String,
    iss: Option<String>,
    /// Who has sent the one above.
    #[serde(rename = "act")]
    sent_by: Option<Box<Act>>,
}

/// Why a challenge was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("{}", words(*.0))]
    Token(Refused),
    #[error("it breaks a rule of I-JSON: {0}")]
    NotIJson(String),
    #[error(
        "its claims do not fit: it needs `iat`, `exp`, `jti`, `txn`, `authorization_details` and `reason`"
    )]
    Claims,
    #[error("it lives for longer than an hour")]
    LivesTooLong,
    #[error("`{0}` is empty or too long")]
    Text(&'static str),
    #[error("`authorization_details` is empty: it says of nothing what is to be done")]
    Nothing,
}

impl From<Refused> for Unfit {
    fn from(refused: Refused) -> Self {
        Self::Token(refused)
    }
}

/// Reads a challenge of a resource server, if all of it holds.
pub(super) fn verify(
    token: &str,
    server: &Issuer,
    key: &DecodingKey,
    now: Timestamp,
) -> Result<Challenge, Unfit> {
    token::verify_typed(token, server, key, now)?;
    let claims = claims(token)?;
    if claims.exp.saturating_sub(claims.iat) > MAX_LIFE_S {
        return Err(Unfit::LivesTooLong);
    }
    if claims.authorization_details.is_empty() {
        return Err(Unfit::Nothing);
    }
    let until = Timestamp::from_second(claims.exp.saturating_add(LEEWAY_S));
    Ok(Challenge {
        transaction: Transaction {
            id: text("txn", claims.txn, MAX_ID_CHARS)?,
            jti: text("jti", claims.jti, MAX_ID_CHARS)?,
            reason: Untrusted::new(text("reason", claims.reason, MAX_REASON_CHARS)?),
            server: server.issuer.clone(),
            until: until.map_err(|_| Unfit::Claims)?,
        },
        authorization_details: claims.authorization_details,
        actor: claims.act.map(|act| actor(act, MOST)).transpose()?,
    })
}

/// Who acts, and for whom: all of it was signed.
fn actor(own: Act, most: usize) -> Result<Actor, Unfit> {
    let most = most.checked_sub(1).ok_or(Unfit::Text("act"))?;
    let act = own.sent_by.map(|act| actor(*act, most).map(Box::new)).transpose()?;
    Ok(Actor { act, id: text("act.sub", own.sub, MAX_ID_CHARS)?, issuer: own.iss })
}

/// The claims, read through the gate that every body passes: what is shown is what was signed.
fn claims(token: &str) -> Result<Claims, Unfit> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Refused::Malformed)?;
    intake::parse(&payload, &Limits::INTAKE).map_err(|rejected| match rejected {
        Rejected::Gate(refused) => Unfit::NotIJson(refused.to_string()),
        Rejected::Shape(_) => Unfit::Claims,
    })
}

fn text(name: &'static str, text: String, most: usize) -> Result<String, Unfit> {
    let fits = !text.trim().is_empty() && text.chars().count() <= most;
    fits.then_some(text).ok_or(Unfit::Text(name))
}

fn words(refused: Refused) -> &'static str {
    match refused {
        Refused::Malformed => "it is not a JWT, or is longer than 16 KiB",
        Refused::Header => "its header points to a key or changes the rules",
        Refused::Type => "its `typ` is not `txn-authz-challenge+jwt`",
        Refused::Issuer => "its `iss` is not a resource server whose `challenges` are registered",
        Refused::Key => "its key is not among those of the resource server",
        Refused::NotVerified => "signature, algorithm or `aud` do not fit",
        Refused::Expired => "it has expired: get a new one from the resource server",
        Refused::NotYet => "it is not valid yet: compare the clocks",
        Refused::Client | Refused::Claim => "its claims do not fit",
    }
}
