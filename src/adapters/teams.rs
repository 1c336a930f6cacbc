//! Teams, put together out of its parts.

use std::sync::Arc;

use countersign_teams::{
    settings::Settings,
    teams::{Parts, Teams},
};

use super::time;
use crate::means::Means;

/// The name under which it keeps its records.
const ADAPTER: &str = "teams";

/// The chat product.
pub(super) fn connect(settings: &Settings, means: &Means) -> Teams {
    Teams::new(Parts {
        settings: settings.clone(),
        egress: means.egress.clone(),
        memory: Arc::new(means.memory(ADAPTER)),
        now: time(&means.clock),
    })
}
