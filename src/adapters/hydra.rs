//! Ory Hydra, put together out of its parts.

use std::sync::Arc;

use axum::Router;
use countersign_egress::{BuildError, Egress};
use countersign_hydra::{Browsers, Parts, doctor, routes, settings::Settings};
use countersign_port::{consent::Consents, finding::Finding};

use super::{random, time};
use crate::means::Means;

/// The name under which it keeps its records.
const ADAPTER: &str = "hydra";

/// The page that waits.
pub fn door(
    settings: &Settings,
    means: &Means,
) -> impl FnOnce(Arc<dyn Consents>) -> Router + use<> {
    let memory = Arc::new(means.memory(ADAPTER));
    let parts = Parts {
        settings: settings.clone(),
        egress: means.egress.clone(),
        browsers: Browsers::new(memory, random(means), time(&means.clock)),
    };
    move |consents| routes(parts, consents)
}

/// Whether it is well.
pub async fn examine(settings: &Settings, egress: &Egress) -> Result<Vec<Finding>, BuildError> {
    let outside = Egress::new(countersign_egress::Settings::default())?;
    Ok(doctor::examine(settings, egress, &outside).await)
}
