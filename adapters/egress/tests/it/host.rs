//! Registered endpoints and lists of hosts.

use countersign_egress::host::{HostPattern, registered};
use url::Url;

fn list() -> Vec<Url> {
    ["https://auth.example.com/hooks/countersign", "https://b\u{fc}cher.example:8443/x?y=1"]
        .map(|text| Url::parse(text).unwrap())
        .into()
}

#[test]
fn two_spellings_of_one_endpoint_are_one() {
    for same in [
        "https://auth.example.com/hooks/countersign",
        "HTTPS://AUTH.EXAMPLE.COM:443/hooks/./countersign",
        "https://\u{ff41}uth.example.com/hooks/countersign",
        "https://xn--bcher-kva.example:8443/x?y=1",
        "https://BU\u{308}CHER.example:8443/x?y=1",
    ] {
        assert!(registered(same, &list()).is_some(), "{same}");
    }
}

#[test]
fn another_endpoint_is_not_registered() {
    for other in [
        "http://auth.example.com/hooks/countersign",
        "https://auth.example.com/hooks/countersign/",
        "https://auth.example.com/hooks/Countersign",
        "https://auth.example.com/hooks/countersign?",
        "https://auth.example.com/hooks/countersign#",
        "https://auth.example.com:8443/hooks/countersign",
        "https://user@auth.example.com/hooks/countersign",
        "https://auth.example.com./hooks/countersign",
        "https://auth.example.com.evil.example/hooks/countersign",
        "https://\u{430}uth.example.com/hooks/countersign",
        "https://bucher.example:8443/x?y=1",
        "https://xn--bcher-kva.example:8443/x?y=2",
        "//auth.example.com/hooks/countersign",
        "",
    ] {
        assert_eq!(registered(other, &list()), None, "{other}");
    }
}

#[test]
fn a_pattern_names_one_host_or_all_below_it() {
    let matches = |pattern: &str, text: &str| {
        pattern.parse::<HostPattern>().unwrap().matches(&Url::parse(text).unwrap())
    };

    assert!(matches("smba.example.net", "https://SMBA.example.net/emea/"));
    assert!(matches(".teams.example", "https://a.b.teams.example/"));
    assert!(matches("b\u{fc}cher.example", "https://xn--bcher-kva.example/"));
    for (pattern, other) in [
        ("smba.example.net", "http://smba.example.net/"),
        ("smba.example.net", "https://x.smba.example.net/"),
        ("smba.example.net", "https://smba.example.net.evil.example/"),
        ("smba.example.net", "https://smba.example.net@evil.example/"),
        (".teams.example", "https://teams.example/"),
        (".teams.example", "https://evilteams.example/"),
        (".teams.example", "https://x.teams.example.evil.example/"),
    ] {
        assert!(!matches(pattern, other), "{pattern} {other}");
    }
    for bad in ["", ".", "a b", "https://x/", ".127.0.0.1", "x/y", "*.example"] {
        assert_eq!(
            bad.parse::<HostPattern>().unwrap_err().to_string(),
            format!("not a host name, nor one with a leading dot for all below it: `{bad}`")
        );
    }
}
