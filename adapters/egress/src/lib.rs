//! The one way out: every HTTP request of the program goes through [`Egress`], which calls
//! public addresses over https and what an operator has exempted, and nothing else. It follows
//! no redirect, uses no proxy, keeps no cookie and never retries.

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use crate::{
    exchange::{Answer, EgressError, Request, Sent, Upgraded, read, switched},
    resolver::{Guard, Resolve, SystemResolver},
    target::{Allow, Blocked, CheckedUrl, Zone},
};

pub mod address;
pub mod exchange;
pub mod hint;
pub mod host;
pub mod jwks;
pub mod resolver;
pub mod target;
pub mod token;

const IDLE_CONNECTIONS: usize = 2;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_HEADER_BYTES: u32 = 16 * 1024;

/// How to call out. The defaults are those of the manual.
pub struct Settings {
    /// What may be called beside public addresses.
    pub allow: Allow,
    /// Until a connection stands, the lookup of the name included.
    pub connect: Duration,
    /// Until the last byte of the answer.
    pub total: Duration,
    /// Certificates in PEM to trust beside those of the system.
    pub ca_pem: Vec<u8>,
    /// Who knows the addresses of names.
    pub resolver: Arc<dyn Resolve>,
}

/// The one HTTP client, with the guard in front.
#[derive(Debug, Clone)]
pub struct Egress {
    settings: Arc<Settings>,
    open: reqwest::Client,
    inner: reqwest::Client,
}

/// The client could not be made: no certificates, or malformed ones.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up outgoing connections")]
pub struct BuildError(#[from] reqwest::Error);

impl Egress {
    /// Reads the trusted certificates.
    pub fn new(settings: Settings) -> Result<Self, BuildError> {
        let open = client(&settings, Zone::Open)?.build()?;
        let inner = client(&settings, Zone::Inner)?.build()?;
        Ok(Self { settings: Arc::new(settings), open, inner })
    }

    /// Admits a URL. An address in it is judged now, a name each time it is connected to.
    pub fn check(&self, url: &Url) -> Result<CheckedUrl, Blocked> {
        CheckedUrl::new(url, &self.settings.allow)
    }

    /// Whether the host of a URL has addresses, all of which may be called. Connects to nobody.
    pub async fn resolve(&self, url: &CheckedUrl) -> Result<(), EgressError> {
        // An address in the URL was judged when it was checked.
        let Some(name) = url.url.domain() else { return Ok(()) };
        let guard = guard(&self.settings, url.zone);
        match tokio::time::timeout(self.settings.connect, guard.admitted(name)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(match error.downcast::<Blocked>() {
                Ok(blocked) => EgressError::Blocked(*blocked),
                Err(error) => EgressError::Connect(error.to_string()),
            }),
            Err(_) => Err(EgressError::TimedOut(Sent::No)),
        }
    }

    /// Sends one request, once.
    pub async fn send(&self, request: Request) -> Result<Answer, EgressError> {
        let Request { method, url, headers, body, keep } = request;
        let client = match url.zone {
            Zone::Open => &self.open,
            Zone::Inner => &self.inner,
        };
        let response = client.request(method, url.url).headers(headers).body(body).send().await?;
        read(response, keep).await
    }

    /// Opens a connection that leaves HTTP behind, such as a `WebSocket`. It gets a client of its
    /// own, because only HTTP/1.1 can be left.
    pub async fn upgrade(&self, request: Request) -> Result<Upgraded, EgressError> {
        let Request { method, url, headers, body, .. } = request;
        let client = client(&self.settings, url.zone)?.http1_only().build()?;
        let response = client.request(method, url.url).headers(headers).body(body).send().await?;
        switched(response).await
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow: Allow::default(),
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            ca_pem: Vec::new(),
            resolver: Arc::new(SystemResolver),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("allow", &self.allow).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that builds a client")]
fn client(settings: &Settings, zone: Zone) -> Result<reqwest::ClientBuilder, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .dns_resolver(guard(settings, zone))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent("Countersign")
        .connect_timeout(settings.connect)
        .timeout(settings.total)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .tls_certs_merge(reqwest::Certificate::from_pem_bundle(&settings.ca_pem)?);
    Ok(builder)
}

fn guard(settings: &Settings, zone: Zone) -> Guard {
    let Settings { allow, resolver, .. } = settings;
    Guard { resolver: Arc::clone(resolver), allow: allow.clone(), zone }
}
