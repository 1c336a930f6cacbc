//! From bytes to a value: through the gate first, then the parser.

use serde::de::DeserializeOwned;

use crate::gate::{self, Limits};
use crate::refusal::Refused;

/// Why a text gave no value.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// The gate did not let it in.
    #[error(transparent)]
    Gate(#[from] Refused),
    /// It is good JSON of another shape than the one asked for.
    #[error("unexpected shape: {0}")]
    Shape(#[source] serde_json::Error),
}

/// Reads a text that the gate lets in. For any JSON value ask for [`serde_json::Value`].
pub fn parse<T: DeserializeOwned>(text: &[u8], limits: &Limits) -> Result<T, Rejected> {
    gate::check(text, limits)?;
    serde_json::from_slice(text).map_err(Rejected::Shape)
}
