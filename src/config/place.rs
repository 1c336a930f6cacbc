//! Where things are: the address to listen on, the public URL, the database, the other files.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use secrecy::SecretString;
use url::{Host, Url};

use super::Reader;
use crate::domain::yaml::{
    Node, Value,
    read::{self, Members},
};

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DATABASE: &str = "sqlite:countersign.db";

impl Reader<'_> {
    pub(super) fn listen(&mut self, node: Option<&Node>) -> Option<SocketAddr> {
        let Some(node) = node else { return Some(LISTEN) };
        let address = read::text(node, &mut self.faults)?.parse().ok();
        address.or_else(|| {
            read::expected("an address such as `127.0.0.1:8080`", node, &mut self.faults)
        })
    }

    /// May be left out where nobody but this machine can reach the service.
    pub(super) fn public_url(
        &mut self,
        root: &Node,
        node: Option<&Node>,
        listen: Option<SocketAddr>,
    ) -> Option<String> {
        let Some(node) = node else {
            let listen = listen?;
            if listen.ip().is_loopback() {
                return Some(format!("http://{listen}"));
            }
            self.fault(root, "`public_url` is missing: how do others reach this service?");
            return None;
        };
        match public_url(read::text(node, &mut self.faults)?) {
            Ok(url) => Some(url),
            Err(why) => {
                self.fault(node, why);
                None
            }
        }
    }

    /// A URL without a password, or the place of a secret that is the whole URL.
    pub(super) fn database(&mut self, node: Option<&Node>) -> Option<SecretString> {
        let Some(node) = node else { return Some(SecretString::from(DATABASE)) };
        let Value::Scalar(text) = &node.value else { return self.secret(node) };
        let from_file = self.page.is_file(node.span);
        if from_file && Url::parse(text).is_ok_and(|url| url.password().is_some()) {
            self.page.hide(node.span);
            self.fault(node, "a password may not stand here: write the whole URL as `{ env: NAME }` or `{ file: PATH }`");
            return None;
        }
        Some(SecretString::from(read::text(node, &mut self.faults)?))
    }

    pub(super) fn path(&mut self, node: Option<&Node>, default: &str) -> PathBuf {
        let text = node.and_then(|node| read::text(node, &mut self.faults));
        self.folder.join(text.unwrap_or(default))
    }

    pub(super) fn needed_text<'n>(&mut self, members: &Members<'n>, key: &str) -> Option<&'n str> {
        let node = members.need(key, &mut self.faults)?;
        read::text(node, &mut self.faults)
    }
}

fn public_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "this is not a URL")?;
    let own = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("this URL has no host"),
    };
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("write scheme, host and path only");
    }
    match url.scheme() {
        "https" => {}
        "http" if own => {}
        _ => return Err("write https; plain http is for this machine alone"),
    }
    Ok(String::from(url).trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
