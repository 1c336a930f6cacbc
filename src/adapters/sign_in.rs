//! The page on which people sign in to link their accounts, put together out of its parts.

use std::sync::Arc;

use axum::Router;
use countersign_port::{finding::Finding, sign_in::SignIns};
use countersign_sign_in::{Parts, Trips, routes, settings::PATH, settings::Settings};

use super::{random, time};
use crate::means::Means;

/// The name under which it keeps its marks.
const ADAPTER: &str = "sign-in";

/// Where the page is.
pub fn address(settings: &Settings) -> String {
    format!("{}{PATH}", settings.public_url)
}

/// Whether people could sign in.
pub async fn examine(settings: &Settings, means: &Means) -> Finding {
    countersign_sign_in::examine(settings, &means.egress).await
}

/// The page itself.
pub fn door(settings: &Settings, means: &Means) -> impl FnOnce(Arc<dyn SignIns>) -> Router + use<> {
    let memory = Arc::new(means.memory(ADAPTER));
    let parts = Parts {
        settings: settings.clone(),
        egress: means.egress.clone(),
        trips: Trips { memory, random: random(means), now: time(&means.clock) },
    };
    move |sign_ins| routes(parts, sign_ins)
}
