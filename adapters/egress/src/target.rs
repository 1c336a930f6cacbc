//! A URL that may be called. IP literals are judged here, because the connector never asks a
//! resolver about them; names are judged by the resolver when they are resolved.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

use crate::address::{Network, Reach, Special, reach};

const HTTPS_PORT: u16 = 443;

/// What may be called beside public addresses over https on port 443.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    /// Special addresses that may be called, on any port and without TLS (`egress.allow`).
    pub networks: Vec<Network>,
    /// Further ports of public addresses.
    pub ports: Vec<u16>,
}

/// A URL that passed [`crate::Egress::check`]; nothing else can be called.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckedUrl {
    pub(crate) url: Url,
    pub(crate) zone: Zone,
}

/// Which addresses the host of a URL may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Public or exempt: it is https on a listed port.
    Open,
    /// Exempt only: it is plain http, or on some other port.
    Inner,
}

/// Why an address or URL may not be called. Never holds the path, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Neither https nor http.
    #[error("the scheme is not https: `{0}`")]
    Scheme(String),
    /// A name or password before the host.
    #[error("the URL has user information before the host `{0}`")]
    UserInfo(String),
    /// A part that no server ever sees.
    #[error("the URL has a fragment, host `{0}`")]
    Fragment(String),
    /// A URL that HTTP cannot carry.
    #[error("the URL cannot be sent in a request, host `{0}`")]
    Unsendable(String),
    /// No host at all.
    #[error("the URL has no host")]
    NoHost,
    /// An address that is not on the open network.
    #[error("the address may not be called, see `egress.allow`: {0}")]
    Special(Special),
    /// http, or a port that is not listed, is for exempt addresses only.
    #[error("only an address in `egress.allow` may be called by http or on this port: `{0}`")]
    NotExempt(IpAddr),
    /// The answers for one name are of different kinds, as in an attack by rebinding.
    #[error("the name has public and other addresses: `{0}`")]
    Mixed(String),
}

impl CheckedUrl {
    pub(crate) fn new(url: &Url, allow: &Allow) -> Result<Self, Blocked> {
        let host = url.host().ok_or(Blocked::NoHost)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo(host.to_string()));
        }
        if url.fragment().is_some() {
            return Err(Blocked::Fragment(host.to_string()));
        }
        if !sendable(url) {
            return Err(Blocked::Unsendable(host.to_string()));
        }
        let zone = zone(url, allow)?;
        match host {
            Host::Ipv4(address) => admit(&[address.into()], zone, allow, "")?,
            Host::Ipv6(address) => admit(&[address.into()], zone, allow, "")?,
            Host::Domain(_) => {}
        }
        Ok(Self { url: url.clone(), zone })
    }
}

/// Shows scheme, host and port alone.
impl fmt::Debug for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckedUrl").field(&self.url.origin().ascii_serialization()).finish()
    }
}

/// Admits all the addresses of one host or none.
pub(crate) fn admit(
    addresses: &[IpAddr],
    zone: Zone,
    allow: &Allow,
    name: &str,
) -> Result<(), Blocked> {
    let mut found = Vec::with_capacity(addresses.len());
    for address in addresses {
        found.push((*address, reach(*address, &allow.networks)));
    }
    let public = found.iter().find(|(_, reach)| *reach == Ok(Reach::Public));
    let other = found.iter().find(|(_, reach)| *reach != Ok(Reach::Public));
    match (public, other, zone) {
        (Some(_), Some(_), _) => Err(Blocked::Mixed(name.to_owned())),
        (Some((address, _)), None, Zone::Inner) => Err(Blocked::NotExempt(*address)),
        _ => found.into_iter().try_for_each(|(_, reach)| reach.map(drop)).map_err(Blocked::Special),
    }
}

/// `url` lets more stand in a name than DNS, TLS and HTTP do.
fn sendable(url: &Url) -> bool {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    url.domain().is_none_or(|name| name.bytes().all(usual))
        && url.as_str().parse::<http::Uri>().is_ok()
}

fn zone(url: &Url, allow: &Allow) -> Result<Zone, Blocked> {
    let listed = |port: u16| port == HTTPS_PORT || allow.ports.contains(&port);
    match url.scheme() {
        "https" if url.port_or_known_default().is_some_and(listed) => Ok(Zone::Open),
        "https" | "http" => Ok(Zone::Inner),
        other => Err(Blocked::Scheme(other.to_owned())),
    }
}
