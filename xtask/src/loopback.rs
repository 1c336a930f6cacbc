//! Free addresses on the loopback: nothing that we start is reachable from elsewhere.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::outcome::{During, Outcome};

/// An address that nobody listens on at this moment.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).during("find a free port")?;
    listener.local_addr().during("find a free port")
}
