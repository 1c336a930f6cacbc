//! The endpoints that clients are called back at: whether they have addresses that may be called.
//! Nothing is sent to them, because an integrator's server may take anything for an event.

use countersign_egress::{Egress, exchange::EgressError};
use countersign_port::finding::{Finding, Fix};
use url::Url;

use crate::config::client::Integrator;

const PAGE: &str = "callback-endpoint";

/// Looks at all of them.
pub(super) async fn examine(clients: &[Integrator], egress: &Egress, findings: &mut Vec<Finding>) {
    for integrator in clients {
        for endpoint in &integrator.client.callbacks {
            let what = format!("callback endpoint of {}", integrator.client.id);
            findings.push(judge(what, resolve(endpoint, egress).await));
        }
    }
}

async fn resolve(endpoint: &str, egress: &Egress) -> Result<(), EgressError> {
    let url = Url::parse(endpoint).map_err(|error| EgressError::Connect(error.to_string()))?;
    let url = egress.check(&url)?;
    egress.resolve(&url).await
}

fn judge(what: String, resolved: Result<(), EgressError>) -> Finding {
    match resolved {
        Ok(()) => Finding::good(what, "it has an address that may be called"),
        Err(EgressError::Blocked(blocked)) => {
            let how = "if the endpoint is in your own network, put its address under \
                `egress.allow`, and restart"
                .to_owned();
            let fix = Fix { who: "an operator", how, page: PAGE };
            Finding::bad(what, format!("it may not be called: {blocked}"), fix)
        }
        Err(error) => {
            let how = "ask for the right endpoint, or for its name in the DNS".to_owned();
            let fix = Fix { who: "the integrator", how, page: PAGE };
            Finding::bad(what, format!("it is not found: {error}"), fix)
        }
    }
}
