//! Keycloak, put together out of its parts.

use std::sync::Arc;

use countersign_egress::Egress;
use countersign_keycloak::{
    Keycloak, Parts,
    settings::{Connection, Realm},
};
use countersign_port::delegation::Delegator;

use super::time;
use crate::clock::Clock;

/// What answers the servers that hand decisions over; none where none is connected.
pub fn delegator(
    connections: &[Connection],
    egress: &Egress,
    clock: &Clock,
) -> Option<Arc<dyn Delegator>> {
    if connections.is_empty() {
        return None;
    }
    Some(Arc::new(Keycloak::new(Parts {
        connections: connections.to_vec(),
        egress: egress.clone(),
        now: time(clock),
    })))
}

/// The issuer of a realm, as both sides write it; nothing where it is none.
pub fn issuer(text: &str) -> Option<String> {
    Realm::new(text, None).map(|realm| realm.issuer)
}
