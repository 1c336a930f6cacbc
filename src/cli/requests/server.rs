//! The service as the command line reaches it: one address, one key, through the one client.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use bytes::Bytes;
use clap::Args;
use countersign_egress::{
    Egress, Settings,
    exchange::{DOCUMENT_BYTES, EgressError, Keep, Request},
    target::Allow,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Host, Url, form_urlencoded};

use crate::{cli::Failure, config::environment::Environment, store::filter::Filter};

/// The variable that may hold the key; never a flag, which everybody on the machine could read.
const KEY: &str = "COUNTERSIGN_API_KEY";

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longer than the longest poll.
const TOTAL: Duration = Duration::from_secs(75);

/// Whoever types an address may mean the own machine or the own network.
const OWN_NETWORKS: [&str; 6] =
    ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// Which service, and who asks.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// Where the service is.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080", env = "COUNTERSIGN_URL")]
    url: Url,
    /// A file with the API key; otherwise it is taken from `COUNTERSIGN_API_KEY`.
    #[arg(long, global = true, value_name = "FILE", env = "COUNTERSIGN_KEY_FILE")]
    key_file: Option<PathBuf>,
}

/// A service that can be asked.
#[derive(Debug)]
pub(super) struct Connection {
    egress: Egress,
    base: String,
    bearer: HeaderValue,
}

/// What came of asking. A refusal is a failure and says why.
#[derive(Debug)]
pub(super) enum Answer {
    /// `null` where nothing has changed.
    Good(Value),
    /// Nobody answered, or nobody who could.
    Silence(String),
}

impl Server {
    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        if self.url.scheme() == "http" && !is_this_machine(&self.url) {
            return Err("the key would travel in the clear; use https outside this machine".into());
        }
        let networks = OWN_NETWORKS.iter().map(|network| network.parse());
        let settings = Settings {
            allow: Allow {
                networks: networks.collect::<Result<_, _>>()?,
                ports: self.url.port().into_iter().collect(),
            },
            total: TOTAL,
            ..Settings::default()
        };
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.key()?.expose_secret()))?;
        bearer.set_sensitive(true);
        let base = self.url.as_str().trim_end_matches('/').to_owned();
        Ok(Connection { egress: Egress::new(settings)?, base, bearer })
    }

    fn key(&self) -> Result<SecretString, Failure> {
        let text = match &self.key_file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read the key in `{}`: {error}", path.display()))?,
            None => Environment::of_process()
                .get(KEY)
                .map(str::to_owned)
                .ok_or_else(|| format!("who asks? name a file with --key-file, or set {KEY}"))?,
        };
        Ok(text.trim().into())
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Connection {
    pub(super) async fn get(&self, path: &str, seen: Option<i64>) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(version) = seen {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::try_from(format!("\"{version}\""))?);
        }
        self.send(Method::GET, path, headers, Bytes::new()).await
    }

    pub(super) async fn post(
        &self,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::try_from(format!("\"{key}\""))?);
        }
        self.send(Method::POST, path, headers, body.to_string().into()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        headers.insert(header::AUTHORIZATION, self.bearer.clone());
        let url = self.egress.check(&format!("{}{path}", self.base).parse()?)?;
        // A page of 500 decisions is the longest answer.
        let keep = Keep::Whole(DOCUMENT_BYTES * 64);
        let request = Request { method, url, headers, body, keep };
        match self.egress.send(request).await {
            Ok(answer) => judge(answer.status, &answer.body),
            Err(EgressError::Blocked(blocked)) => Err(blocked.into()),
            Err(error) => Ok(Answer::Silence(error.to_string())),
        }
    }
}

fn judge(status: StatusCode, body: &[u8]) -> Result<Answer, Failure> {
    if status == StatusCode::NOT_MODIFIED {
        return Ok(Answer::Good(Value::Null));
    }
    if status.is_success() {
        return Ok(Answer::Good(serde_json::from_slice(body)?));
    }
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = |name: &str| problem.get(name).and_then(Value::as_str);
    let detail = word("detail").or(word("title")).unwrap_or("no reason was given");
    let said = crate::cli::table::safe(&format!("{detail} ({})", status.as_u16()));
    // Told to come back is not told no.
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Ok(Answer::Silence(said));
    }
    Err(said.into())
}

/// The query of a page of decisions.
pub(super) fn query(
    filter: &Filter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<String, serde_json::Error> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Value::Object(members) = serde_json::to_value(filter)? {
        for (name, value) in &members {
            query.extend_pairs(value.as_str().map(|value| (name, value)));
        }
    }
    query.append_pair("limit", &limit.min(500).to_string());
    query.extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
    Ok(query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_out_in_the_clear_to_this_machine_only() {
        for (url, wanted) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:1", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_this_machine(&url.parse().expect("a URL")), wanted, "{url}");
        }
    }

    #[test]
    fn a_refusal_is_no_and_a_busy_service_is_silence() {
        let body = br#"{"detail":"not a scope: `x`\u001b[31m"}"#;
        let refused = judge(StatusCode::UNPROCESSABLE_ENTITY, body).expect_err("refused");
        assert!(refused.to_string().starts_with("not a scope: `x`"), "{refused}");
        assert!(!refused.to_string().contains('\u{1b}'));
        for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS] {
            assert!(matches!(judge(status, body), Ok(Answer::Silence(_))));
        }
    }

    #[test]
    fn the_query_carries_every_filter() {
        let filter = Filter {
            client: Some("a&b".to_owned()),
            from: "2026-11-01".parse().ok(),
            ..Filter::default()
        };
        let query = query(&filter, 900, Some("abc")).expect("a query");
        assert_eq!(query, "client=a%26b&from=2026-11-01T00%3A00%3A00Z&limit=500&cursor=abc");
    }
}
