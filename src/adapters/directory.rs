//! The directories that are asked over the network, put together out of their settings.

use std::sync::Arc;

use countersign_directory::{
    entra::{self, Entra},
    on_call::{self, OnCall},
    pagerduty::{self, Kind, PagerDuty},
};
use countersign_port::directory::Directory;

use crate::{config::Config, means::Means};

/// The keys under which the policy may name groups of those that are set up.
pub(super) fn sources(config: &Config) -> Vec<&'static str> {
    let mut sources = Vec::new();
    if !config.on_call.is_empty() {
        sources.push(on_call::SOURCE);
    }
    if config.pagerduty.is_some() {
        sources.extend([pagerduty::SCHEDULE, pagerduty::ESCALATION_POLICY]);
    }
    if config.entra.is_some() {
        sources.push(entra::SOURCE);
    }
    sources
}

/// Makes those that are set up.
pub(super) fn connect(config: &Config, means: &Means) -> Vec<Arc<dyn Directory>> {
    let mut directories: Vec<Arc<dyn Directory>> = Vec::new();
    let egress = || means.egress.clone();
    if !config.on_call.is_empty() {
        directories.push(Arc::new(OnCall::new(egress(), config.on_call.clone())));
    }
    if let Some(settings) = &config.pagerduty {
        for kind in [Kind::Schedule, Kind::EscalationPolicy] {
            directories.push(Arc::new(PagerDuty::new(egress(), settings.clone(), kind)));
        }
    }
    if let Some(settings) = &config.entra {
        let clock = means.clock.clone();
        let now: entra::Now = Box::new(move || clock.now());
        directories.push(Arc::new(Entra::new(egress(), settings.clone(), now)));
    }
    directories
}
