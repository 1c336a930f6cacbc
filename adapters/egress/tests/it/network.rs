//! The entries of `egress.allow`.

use countersign_egress::address::{MalformedNetwork, Network};

#[test]
fn an_entry_is_an_address_or_a_network() {
    for (text, shown) in [
        ("127.0.0.1", "127.0.0.1/32"),
        ("127.0.0.1/32", "127.0.0.1/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::1", "::1/128"),
        ("fc00::/7", "fc00::/7"),
    ] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
    }
}

#[test]
fn an_entry_cannot_turn_the_guard_off() {
    for text in ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/7", "::/0", "fc00::/6"] {
        let refused = text.parse::<Network>().unwrap_err();
        assert_eq!(refused, MalformedNetwork::TooWide(text.into()));
    }
}

#[test]
fn an_entry_says_what_is_wrong() {
    for text in ["", "localhost", "127.1", "10.0.0.0/33", "10.0.0.0/", "0x7f.0.0.1", "10.0.0.1:80"]
    {
        let refused = text.parse::<Network>().unwrap_err();
        assert_eq!(refused, MalformedNetwork::Syntax(text.into()));
    }
    assert_eq!(
        "10.0.0.5/8".parse::<Network>().unwrap_err(),
        MalformedNetwork::HostBits { network: "10.0.0.0/8".into() }
    );
}
