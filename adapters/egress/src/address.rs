//! Which addresses may be called: public ones, and the exceptions an operator has written down.
//! Knows nothing of names or URLs.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// One entry of `egress.allow`: an address or a network that may be called although it is special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a text is no entry of `egress.allow`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedNetwork {
    /// Neither an address nor a network.
    #[error("not an address or a network such as 10.0.0.5 or 10.0.0.0/24: `{0}`")]
    Syntax(String),
    /// Bits are set behind the prefix, so one of the two numbers is wrong.
    #[error("the address lies inside the network, write `{network}` or leave the prefix out")]
    HostBits {
        /// The network that the prefix names.
        network: String,
    },
    /// So wide that it would turn the guard off.
    #[error("too wide to be an exception, at least /8 or, for IPv6, /7 is needed: `{0}`")]
    TooWide(String),
}

/// How far an address is from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// On the open network.
    Public,
    /// Special, and named by an exception.
    Exempt,
}

/// An address that may not be called, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// The address.
    pub address: IpAddr,
    /// The name of its kind, such as `loopback`.
    pub kind: &'static str,
}

impl FromStr for Network {
    type Err = MalformedNetwork;

    fn from_str(text: &str) -> Result<Self, MalformedNetwork> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(IpNet::from(address)));
        }
        let network: IpNet = text.parse().map_err(|_| MalformedNetwork::Syntax(text.to_owned()))?;
        let widest = if network.addr().is_ipv4() { 8 } else { 7 };
        if network.prefix_len() < widest {
            return Err(MalformedNetwork::TooWide(text.to_owned()));
        }
        if network.trunc() != network {
            return Err(MalformedNetwork::HostBits { network: network.trunc().to_string() });
        }
        Ok(Self(network))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.address, self.kind)
    }
}

pub(crate) fn reach(address: IpAddr, allow: &[Network]) -> Result<Reach, Special> {
    if allow.iter().any(|network| network.0.contains(&address)) {
        return Ok(Reach::Exempt);
    }
    let kind = match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    };
    kind.map_or(Ok(Reach::Public), |kind| Err(Special { address, kind }))
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, kind)| *kind)
}

/// Whatever is not global unicast is refused, named or not.
fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let named = SPECIAL_V6.iter().find(|(network, _)| network.contains(&address));
    let other = (!GLOBAL_UNICAST.contains(&address)).then_some("reserved");
    named.map(|(_, kind)| *kind).or(other)
}

const GLOBAL_UNICAST: Ipv6Net = v6(0x2000, 0, 0, 0, 3);

/// The IANA special-purpose registry (RFC 6890 and later), first match wins.
const SPECIAL_V4: [(Ipv4Net, &str); 18] = [
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    // Azure's host answers its virtual machines here, on a number that looks public.
    (v4(168, 63, 129, 16, 32), "cloud host"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "protocol assignment"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 31, 196, 0, 24), "AS112"),
    (v4(192, 52, 193, 0, 24), "AMT"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmark"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

/// Those with a name, and those inside global unicast. Most carry an IPv4 address inside, which
/// would lead round the table above.
const SPECIAL_V6: [(Ipv6Net, &str); 16] = [
    (v6(0, 0, 0, 0, 96), "loopback, unspecified or IPv4-compatible"),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), "IPv4-mapped"),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), "IPv4-translated"),
    (v6(0x64, 0xff9b, 0, 0, 96), "NAT64"),
    (v6(0x64, 0xff9b, 1, 0, 48), "NAT64"),
    (v6(0x100, 0, 0, 0, 64), "discard"),
    // Teredo, benchmark, ORCHID and what else IETF protocols were given.
    (v6(0x2001, 0, 0, 0, 23), "protocol assignment"),
    (v6(0x2001, 0xdb8, 0, 0, 32), "documentation"),
    (v6(0x2002, 0, 0, 0, 16), "6to4"),
    (v6(0x3ffe, 0, 0, 0, 16), "6bone"),
    (v6(0x3fff, 0, 0, 0, 20), "documentation"),
    (v6(0x5f00, 0, 0, 0, 16), "SRv6"),
    (v6(0xfc00, 0, 0, 0, 7), "unique-local"),
    (v6(0xfe80, 0, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 0, 8), "multicast"),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, d: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}
