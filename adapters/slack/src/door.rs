//! The door of every route that Slack calls: a cap on the body, then the v0 signature over its raw
//! bytes. Nothing is parsed before both have passed.

use std::error::Error;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::LengthLimitError;
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
    let body = read(headers, body).await?;
    if signed(headers, &body, secret, now) { Ok(body) } else { Err(Outside::Unsigned) }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Outside> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > MAX_BODY_BYTES) {
        return Err(Outside::TooLarge);
    }
    to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<LengthLimitError>());
        if cause.is_some() { Outside::TooLarge } else { Outside::Broken }
    })
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
