//! Whether a realm can be reached, and does what we need of it: by its public metadata alone.

use countersign_egress::{Egress, exchange::Request};
use countersign_port::finding::{Finding, Fix};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::settings::{Connection, Delivery, Realm};

const OPERATOR: &str = "an operator";
const PAGE: &str = "keycloak";

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    #[serde(default)]
    grant_types_supported: Vec<String>,
    #[serde(default)]
    backchannel_token_delivery_modes_supported: Vec<String>,
}

const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// People need longer than what a realm gives them unless somebody raises it. It tells nobody what it
/// gives, so this is about what the configuration says.
const TOO_SHORT: SignedDuration = SignedDuration::from_secs(120);

/// What is seen without asking anybody.
pub(crate) fn time(connection: &Connection) -> Option<Finding> {
    let seconds = connection.realm_expires_in.as_secs();
    (connection.realm_expires_in <= TOO_SHORT).then(|| {
        let means = format!("people have {seconds} seconds to decide, and then it is denied");
        let how = "raise `cibaExpiresIn` of the realm to 600 or more, and say the same here as \
            `realm_expires_in`";
        Finding::poor(format!("Keycloak {}, time to decide", connection.name), means, fix(how))
    })
}

pub(crate) async fn realm(egress: &Egress, connection: &Connection, realm: &Realm) -> Finding {
    let what = format!("Keycloak {}, {}", connection.name, realm.issuer);
    match metadata(egress, realm).await {
        Ok(found) => judge(what, realm, connection.delivery, &found),
        Err(why) => {
            let how = "does the server run, is `base_url` right, and, in your own network, is its \
                address under `egress.allow`?";
            Finding::bad(what, format!("it cannot be called: {why}"), fix(how))
        }
    }
}

async fn metadata(egress: &Egress, realm: &Realm) -> Result<Metadata, String> {
    let mut url = realm.url.clone();
    url.set_path(&format!("{}/.well-known/openid-configuration", realm.url.path()));
    let url = egress.check(&url).map_err(|blocked| blocked.to_string())?;
    let answer = egress.send(Request::get(url)).await.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("the answer was {}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("not its metadata: {error}"))
}

fn judge(what: String, realm: &Realm, delivery: Delivery, found: &Metadata) -> Finding {
    if found.issuer != realm.issuer {
        let issuer: String = found.issuer.chars().take(200).collect();
        let means =
            format!("it calls itself `{issuer}` when we call it: every answer would get 403");
        return Finding::bad(
            what,
            means,
            fix("start Keycloak with `--hostname=URL`, or mend `issuers`"),
        );
    }
    if !found.grant_types_supported.iter().any(|grant| grant == CIBA) {
        let means = "it does not offer CIBA".to_owned();
        return Finding::bad(what, means, fix("switch on the feature `ciba` of the server"));
    }
    let mode = match delivery {
        Delivery::Poll => "poll",
        Delivery::Ping => "ping",
    };
    let modes = &found.backchannel_token_delivery_modes_supported;
    if !modes.is_empty() && !modes.iter().any(|offered| offered == mode) {
        let means = format!("it does not offer the delivery `{mode}`");
        return Finding::bad(what, means, fix("make `delivery` one that the realm offers"));
    }
    Finding::good(what, "it answers, by the same issuer, and offers CIBA")
}

fn fix(how: &str) -> Fix {
    Fix { who: OPERATOR, how: how.to_owned(), page: PAGE }
}
