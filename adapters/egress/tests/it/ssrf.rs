//! Every spelling of an address that is not on the open network, and what is allowed nevertheless.

use countersign_egress::{
    Egress,
    exchange::{EgressError, Request},
    target::Blocked,
};
use url::Url;

use crate::listener::{Listener, egress, ok};

fn spellings() -> impl Iterator<Item = &'static str> {
    include_str!("spellings.txt").lines().filter(|line| !line.starts_with('#'))
}

fn written(scheme: &str, spelling: &str, port: u16) -> String {
    let port = port.to_string();
    if spelling.contains("PORT") {
        return format!("{scheme}://{}", spelling.replace("PORT", &port));
    }
    format!("{scheme}://{spelling}:{port}/")
}

/// What became of one text.
#[derive(Debug, PartialEq)]
enum Fate {
    NoUrl,
    Blocked,
    Failed,
    Answered,
}

async fn fate(egress: &Egress, text: &str) -> Fate {
    let Ok(url) = Url::parse(text) else { return Fate::NoUrl };
    let Ok(checked) = egress.check(&url) else { return Fate::Blocked };
    match egress.send(Request::get(checked)).await {
        Err(EgressError::Blocked(_)) => Fate::Blocked,
        Err(_) => Fate::Failed,
        Ok(_) => Fate::Answered,
    }
}

#[tokio::test]
async fn no_spelling_reaches_a_private_listener() {
    let victim = Listener::saying(ok()).await;
    let guarded = egress(&[], &[victim.port]);
    let mut blocked = 0;

    for spelling in spellings() {
        for scheme in ["http", "https"] {
            let text = written(scheme, spelling, victim.port);
            let fate = fate(&guarded, &text).await;
            assert!(matches!(fate, Fate::NoUrl | Fate::Blocked), "{text}: {fate:?}");
            blocked += usize::from(fate == Fate::Blocked);
        }
    }

    assert_eq!(victim.connections(), 0);
    assert!(spellings().count() >= 150);
    // The rest is what `url` itself refuses.
    assert!(blocked >= 2 * 150, "{blocked}");
}

/// The control: the same table reaches the listener where its address is exempt.
#[tokio::test]
async fn an_exemption_opens_one_address_and_no_other() {
    let home = Listener::saying(ok()).await;
    let open = egress(&["127.0.0.1"], &[]);
    let mut reached = 0;

    for spelling in spellings() {
        let text = written("http", spelling, home.port);
        reached += usize::from(fate(&open, &text).await == Fate::Answered);
    }

    assert_eq!(home.connections(), reached);
    assert!(reached >= 60, "{reached}");
    let check = |text: &str| open.check(&Url::parse(text).unwrap());
    assert!(matches!(check("http://127.0.0.2/").unwrap_err(), Blocked::Special(_)));
    assert!(matches!(check("http://[::1]/").unwrap_err(), Blocked::Special(_)));
    assert!(matches!(check("http://[::ffff:127.0.0.1]/").unwrap_err(), Blocked::Special(_)));
    assert!(matches!(check("http://8.8.8.8/").unwrap_err(), Blocked::NotExempt(_)));
}

#[test]
fn public_addresses_are_called_over_https_on_listed_ports() {
    let egress = egress(&["10.0.0.0/24"], &[8443]);
    let check = |text: &str| egress.check(&Url::parse(text).unwrap());

    for open in [
        "https://8.8.8.8/",
        "https://8.8.8.8:443/hook?a=b",
        "https://8.8.8.8:8443/",
        "https://[2606:4700::1111]/",
        "https://1.1.1.1/",
        "https://172.15.255.255/",
        "https://172.32.0.1/",
        "https://100.128.0.1/",
        "https://198.20.0.1/",
        "https://223.255.255.255/",
        "https://[2001:4860:4860::8888]/",
        "https://[2003::1]/",
        "https://10.0.0.7/",
        "https://10.0.0.7:9999/",
        "http://10.0.0.7:8080/",
        "https://name.example/",
        "http://name.example/",
    ] {
        check(open).unwrap();
    }
    let public = "8.8.8.8".parse().unwrap();
    for (shut, wanted) in [
        ("http://8.8.8.8/", Blocked::NotExempt(public)),
        ("https://8.8.8.8:80/", Blocked::NotExempt(public)),
        ("http://8.8.8.8:8443/", Blocked::NotExempt(public)),
        ("ftp://8.8.8.8/", Blocked::Scheme("ftp".into())),
        ("gopher://8.8.8.8/", Blocked::Scheme("gopher".into())),
        ("file:///etc/passwd", Blocked::NoHost),
        ("data:text/plain,x", Blocked::NoHost),
        ("unix:/run/docker.sock", Blocked::NoHost),
        ("https://name@8.8.8.8/", Blocked::UserInfo("8.8.8.8".into())),
        ("https://:word@8.8.8.8/", Blocked::UserInfo("8.8.8.8".into())),
        ("https://8.8.8.8/#part", Blocked::Fragment("8.8.8.8".into())),
        ("https://8.8.8.8/#", Blocked::Fragment("8.8.8.8".into())),
    ] {
        assert_eq!(check(shut).unwrap_err(), wanted, "{shut}");
    }
}

#[test]
fn a_checked_url_prints_no_path() {
    let url = Url::parse("https://hooks.example/T0/secret?key=secret").unwrap();
    let shown = format!("{:?}", egress(&[], &[]).check(&url).unwrap());
    assert_eq!(shown, r#"CheckedUrl("https://hooks.example")"#);
}
