//! Names to addresses. Each connection resolves once, judges every answer, and is handed exactly
//! the addresses that were judged: a name that changes its mind meanwhile changes nothing.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolving};

use crate::target::{Allow, Zone, admit};

/// Looks up the addresses of a name.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All addresses of `host`.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|socket| socket.ip()).collect())
    }
}

/// Stands between the connector and a resolver.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) allow: Allow,
    pub(crate) zone: Zone,
}

impl Guard {
    pub(crate) async fn admitted(
        &self,
        name: &str,
    ) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.resolver.addresses(name).await?;
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
        }
        admit(&addresses, self.zone, &self.allow, name)?;
        // Port 0 stands for the port of the URL.
        Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))))
    }
}

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move { guard.admitted(name.as_str()).await })
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("zone", &self.zone).finish_non_exhaustive()
    }
}
