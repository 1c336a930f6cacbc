//! The adapter as the service sees it.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use axum::Router;
use countersign_egress::Egress;
use countersign_port::{
    clock::Now,
    delegation::{Delegations, Delegator, Reply, Verdict, Waiting},
    finding::Finding,
};

use crate::{
    callback, doctor, door,
    realm::{Connections, Known},
    settings::Connection,
};

/// All Keycloak servers that are connected.
pub struct Keycloak {
    connections: Connections,
    egress: Egress,
    now: Now,
}

/// What it is made of.
#[derive(Debug)]
pub struct Parts {
    pub connections: Vec<Connection>,
    pub egress: Egress,
    pub now: Now,
}

impl Keycloak {
    pub fn new(parts: Parts) -> Self {
        let Parts { connections, egress, now } = parts;
        let connections: HashMap<String, Known> = connections
            .into_iter()
            .map(|each| (each.name.clone(), Known::new(each, &egress)))
            .collect();
        Self { connections: Arc::new(connections), egress, now }
    }
}

#[async_trait]
impl Delegator for Keycloak {
    async fn answer(&self, to: &Waiting, verdict: Verdict) -> Reply {
        let known = self.connections.get(&to.connection);
        let realm = known.and_then(|known| Some((known, known.realm(&to.issuer)?)));
        let Some((known, realm)) = realm else {
            let cause = format!("`{}` of `{}` is not set up", to.issuer, to.connection);
            return Reply::Refused { cause };
        };
        callback::tell(&self.egress, &known.connection, realm, &to.bearer, verdict).await
    }

    fn routes(&self, delegations: Arc<dyn Delegations>) -> Router {
        door::routes(Arc::clone(&self.connections), delegations, self.now.clone())
    }

    async fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for known in self.connections.values() {
            findings.extend(doctor::time(&known.connection));
            for realm in &known.connection.realms {
                findings.push(doctor::realm(&self.egress, &known.connection, realm).await);
            }
        }
        findings
    }
}

impl fmt::Debug for Keycloak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keycloak")
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}
