//! Why a measurement could not be made. Nothing here is handled: it is told and ends the run.

use std::error::Error;

/// Anything that ends a measurement.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;
