//! The door of every route that Slack calls: a cap on the body, then the v0 signature over its raw
//! bytes. Nothing is parsed before both have passed.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use countersign_port::body::{self, Unread};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A card of fifty blocks comes back whole in a click; it is far smaller than this.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;
/// How far Slack's time may lie from ours, before or after.
pub(crate) const WINDOW_S: u64 = 300;
/// The header with the second at which Slack signed.
pub(crate) const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";
/// The header with the signature.
pub(crate) const SIGNATURE_HEADER: &str = "x-slack-signature";

/// Eleven digits reach the year 5138.
const MAX_TIMESTAMP_DIGITS: usize = 11;

/// Why a request stays outside. A caller learns no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    /// Whatever is wrong with the headers or the signature.
    Unsigned,
    TooLarge,
    /// The body broke off.
    Broken,
}

/// Reads a body that is signed, or says why not.
pub(crate) async fn enter(
    headers: &HeaderMap,
    body: Body,
    secret: &SecretString,
    now: Timestamp,
) -> Result<Bytes, Outside> {
    let body = body::read(headers, body, MAX_BODY_BYTES).await?;
    if signed(headers, &body, secret, now) { Ok(body) } else { Err(Outside::Unsigned) }
}

/// Whether Slack signed these bytes within the window.
fn signed(headers: &HeaderMap, body: &[u8], secret: &SecretString, now: Timestamp) -> bool {
    let (Some(timestamp), Some(signature)) =
        (only(headers, TIMESTAMP_HEADER), only(headers, SIGNATURE_HEADER))
    else {
        return false;
    };
    let Some(tag) = signature.strip_prefix("v0=").and_then(|text| hex::decode(text).ok()) else {
        return false;
    };
    let recent =
        seconds(timestamp).is_some_and(|second| second.abs_diff(now.as_second()) <= WINDOW_S);
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return false;
    };
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    mac.verify_slice(&tag).is_ok() && recent
}

/// The only value of a header; a header that is there twice counts as absent.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn seconds(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && text.len() <= MAX_TIMESTAMP_DIGITS).then(|| text.parse().ok())?
}

impl From<Unread> for Outside {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge => Self::TooLarge,
            Unread::Broken => Self::Broken,
        }
    }
}

impl IntoResponse for Outside {
    fn into_response(self) -> Response {
        let (status, words) = match self {
            Self::Unsigned => (StatusCode::UNAUTHORIZED, "this request is not signed by Slack\n"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body broke off\n"),
        };
        (status, words).into_response()
    }
}

#[cfg(test)]
mod tests;
