//! `countersign openapi`: the description of the HTTP API, as it is kept in
//! `manifests/openapi.json`.

use super::{End, Failure, output};
use crate::http;

/// Writes it to stdout.
pub fn run() -> Result<End, Failure> {
    let text = http::document::text(&http::document())?;
    output::data(text.trim_end());
    Ok(End::Yes)
}
