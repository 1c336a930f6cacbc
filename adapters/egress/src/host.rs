//! Which URLs were registered. Hosts are compared as `url` serialises them, in ASCII: two
//! spellings of one host are one, and two hosts that look alike are two.

use std::str::FromStr;

use url::{Host, Url};

/// Hosts that a URL from outside may name: one exactly, or with a leading dot all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// This host and no other.
    Exact(String),
    /// Hosts that end so; held with the leading dot.
    Below(String),
}

/// A text that names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a host name, nor one with a leading dot for all below it: `{0}`")]
pub struct MalformedHost(String);

impl FromStr for HostPattern {
    type Err = MalformedHost;

    fn from_str(text: &str) -> Result<Self, MalformedHost> {
        let malformed = || MalformedHost(text.to_owned());
        let (below, name) = text.strip_prefix('.').map_or((false, text), |name| (true, name));
        // `url` takes an asterisk for a letter; nobody who writes one means that.
        if name.contains('*') {
            return Err(malformed());
        }
        match (Host::parse(name).map_err(|_| malformed())?, below) {
            (Host::Domain(name), true) => Ok(Self::Below(format!(".{name}"))),
            (Host::Ipv4(_) | Host::Ipv6(_), true) => Err(malformed()),
            (host, false) => Ok(Self::Exact(host.to_string())),
        }
    }
}

impl HostPattern {
    /// Whether the URL is https and its host is one of these.
    pub fn matches(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().filter(|_| url.scheme() == "https") else { return false };
        match self {
            Self::Exact(name) => host == name,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
        }
    }
}

/// The entry of `list` that `endpoint` is, if it is one: equal in every part once parsed.
pub fn registered<'a>(endpoint: &str, list: &'a [Url]) -> Option<&'a Url> {
    let endpoint = Url::parse(endpoint).ok()?;
    list.iter().find(|url| **url == endpoint)
}
