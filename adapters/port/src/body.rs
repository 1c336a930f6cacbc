//! The body of a request, up to a cap: what is too long is refused before it is read.

use std::error::Error;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, header},
};
use http_body_util::LengthLimitError;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Longer than the cap, as declared or as it came.
    TooLarge,
    /// It broke off.
    Broken,
}

/// Reads a body of at most `max_bytes`.
pub async fn read(headers: &HeaderMap, body: Body, max_bytes: usize) -> Result<Bytes, Unread> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > max_bytes) {
        return Err(Unread::TooLarge);
    }
    to_bytes(body, max_bytes).await.map_err(|error| {
        let is_too_long = error.source().is_some_and(<dyn Error>::is::<LengthLimitError>);
        if is_too_long { Unread::TooLarge } else { Unread::Broken }
    })
}
