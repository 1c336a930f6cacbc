//! Teams, put together out of its parts.

use std::sync::Arc;

use countersign_teams::{
    settings::{Now, Settings},
    teams::{Parts, Teams},
};

use crate::means::Means;

/// The name under which it keeps its records.
const ADAPTER: &str = "teams";

/// The chat product.
pub(super) fn connect(settings: &Settings, means: &Means) -> Teams {
    let clock = means.clock.clone();
    Teams::new(Parts {
        settings: settings.clone(),
        egress: means.egress.clone(),
        memory: Arc::new(means.memory(ADAPTER)),
        now: Now(Arc::new(move || clock.now())),
    })
}
