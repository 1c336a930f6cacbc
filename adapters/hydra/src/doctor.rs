//! Whether Hydra can be reached, is one that we can speak to, and keeps its admin API to itself. Reads
//! only. What lives in Hydra's own configuration (`urls.consent`, `ttl`) it tells nobody.

#[cfg(test)]
mod tests;

use countersign_egress::{Egress, exchange::Request};
use countersign_port::finding::{Finding, Fix};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::settings::Settings;

const OPERATOR: &str = "an operator";
const PAGE: &str = "hydra";

/// Before that, the paths of the admin API were others.
const OLDEST: u32 = 2;

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
}

/// Looks at both of its sides. `outside` knows no exceptions: what it reaches, everybody reaches.
pub async fn examine(settings: &Settings, egress: &Egress, outside: &Egress) -> Vec<Finding> {
    let admin = admin(settings, egress).await;
    let privacy = privacy(settings, egress, outside).await;
    vec![admin, privacy, issuer(settings, egress).await]
}

async fn admin(settings: &Settings, egress: &Egress) -> Finding {
    let what = format!("Hydra's admin API, {}", settings.admin_url);
    if let Err(why) = get(egress, &settings.admin_url, "health/ready").await {
        let how = "does Hydra run and reach its database, is `admin_url` its admin port (4445 \
            unless set otherwise), and is exactly that address under `egress.allow`?";
        return Finding::bad(what, format!("it cannot be called: {why}"), fix(how));
    }
    match read::<Version>(egress, &settings.admin_url, "version").await {
        Ok(Version { version }) => judge(what, &version),
        Err(why) => {
            let how = "is `admin_url` its admin API, without a path before `/version`?";
            Finding::unknown(what, format!("it does not say its version: {why}"), fix(how))
        }
    }
}

fn judge(what: String, version: &str) -> Finding {
    let version: String = version.chars().take(40).collect();
    let major = version.trim_start_matches('v').split('.').next();
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major < OLDEST => {
            let means = format!("it is version `{version}`, whose paths are others");
            Finding::bad(what, means, fix("bring Hydra to version 2 or later"))
        }
        // What was built from the sources, and the numbers of later years.
        Some(_) | None => Finding::good(what, format!("it answers, as version `{version}`")),
    }
}

/// Whoever reaches the admin API grants what they like: it asks nobody who they are.
async fn privacy(settings: &Settings, egress: &Egress, outside: &Egress) -> Finding {
    let what = "who reaches Hydra's admin API";
    // Only the list of clients says for sure that it is the admin API, and changes nothing.
    if get(egress, &settings.issuer, "admin/clients?page_size=1").await.is_ok() {
        let means = format!(
            "it answers at the public address {}: whoever comes there can grant anything",
            settings.issuer
        );
        let how =
            "let the proxy pass only the public port (4444 unless set otherwise) at the issuer";
        return Finding::bad(what, means, fix(how));
    }
    if get(outside, &settings.admin_url, "health/ready").await.is_ok() {
        let means = "its address is public, and it asks nobody who they are".to_owned();
        let how = "bind it to a private address (`serve.admin.host`), and put exactly that address \
            into `egress.allow`";
        return Finding::poor(what, means, fix(how));
    }
    Finding::good(what, "it is not at a public address")
}

async fn issuer(settings: &Settings, egress: &Egress) -> Finding {
    let what = format!("Hydra, {}", settings.issuer);
    let found = read::<Metadata>(egress, &settings.issuer, ".well-known/openid-configuration");
    let plain = |text: &str| text.trim_end_matches('/').to_owned();
    match found.await {
        Ok(Metadata { issuer }) if plain(&issuer) == plain(settings.issuer.as_str()) => {
            Finding::good(what, "it answers, by the same issuer")
        }
        Ok(Metadata { issuer }) => {
            let issuer: String = issuer.chars().take(200).collect();
            let means = format!("it calls itself `{issuer}`: no browser would be sent back there");
            Finding::bad(
                what,
                means,
                fix("make `hydra.issuer` what Hydra has as `urls.self.issuer`"),
            )
        }
        Err(why) => {
            let how = "does Hydra run, and is `hydra.issuer` what it has as `urls.self.issuer`?";
            Finding::bad(what, format!("its metadata cannot be read: {why}"), fix(how))
        }
    }
}

async fn read<T: DeserializeOwned>(egress: &Egress, base: &Url, path: &str) -> Result<T, String> {
    let body = get(egress, base, path).await?;
    serde_json::from_slice(&body).map_err(|_| "the answer is not understood".to_owned())
}

async fn get(egress: &Egress, base: &Url, path: &str) -> Result<bytes::Bytes, String> {
    let base = base.as_str().trim_end_matches('/');
    let url: Url = format!("{base}/{path}").parse().map_err(|_| "no address".to_owned())?;
    let url = egress.check(&url).map_err(|blocked| blocked.to_string())?;
    let answer = egress.send(Request::get(url)).await.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("the answer was {}", answer.status));
    }
    Ok(answer.body)
}

fn fix(how: &str) -> Fix {
    Fix { who: OPERATOR, how: how.to_owned(), page: PAGE }
}
