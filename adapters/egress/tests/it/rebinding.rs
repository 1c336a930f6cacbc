//! Resolvers that lie: answers of several kinds, and answers that change.

use std::{net::IpAddr, sync::Arc};

use countersign_egress::{
    Egress, Settings,
    exchange::{Answer, EgressError, Request},
    resolver::Resolve,
    target::Blocked,
};
use url::Url;

use crate::listener::{HOME, Listener, Script, ok, settings};

const PUBLIC: &str = "93.184.216.34";
const FLIPS: usize = 1000;

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn asking(resolver: Arc<dyn Resolve>, networks: &[&str]) -> Egress {
    Egress::new(Settings { resolver, ..settings(networks, &[]) }).unwrap()
}

async fn get(egress: &Egress, text: &str) -> Result<Answer, EgressError> {
    egress.send(Request::get(egress.check(&Url::parse(text).unwrap())?)).await
}

#[tokio::test]
async fn one_bad_answer_refuses_all() {
    for (answers, mixed) in [
        ([PUBLIC, "127.0.0.1"], true),
        (["127.0.0.1", PUBLIC], true),
        ([PUBLIC, "fd00::1"], true),
        (["2606:4700::1111", "169.254.169.254"], true),
        // Exempt and public: nobody who owns such a name has both.
        ([PUBLIC, "10.0.0.7"], true),
        (["10.0.0.7", "127.0.0.1"], false),
        (["::1", "127.0.0.1"], false),
    ] {
        let egress = asking(Script::new(move |_, _| addresses(&answers)), &["10.0.0.7"]);
        let refused = get(&egress, "https://name.example/").await.unwrap_err();
        let EgressError::Blocked(blocked) = refused else { panic!("{mixed}: {refused}") };
        assert_eq!(matches!(blocked, Blocked::Mixed(_)), mixed, "{mixed}: {blocked}");
    }
}

#[tokio::test]
async fn plain_http_to_a_name_needs_an_exempt_address() {
    let egress = asking(Script::new(|_, _| addresses(&[PUBLIC])), &["127.0.0.1"]);

    for text in ["http://name.example/", "https://name.example:8443/"] {
        let refused = get(&egress, text).await.unwrap_err();
        assert!(matches!(refused, EgressError::Blocked(Blocked::NotExempt(_))), "{refused}");
    }
}

#[tokio::test]
async fn a_name_without_address_is_no_connection() {
    let egress = asking(Script::new(|_, _| vec![]), &[]);
    let refused = get(&egress, "https://name.example/").await.unwrap_err();
    assert_eq!(refused.to_string(), "no connection: the name has no address");
}

/// Two of three answers are private. Each connection resolves once, and only what was judged good
/// is connected to.
#[tokio::test]
async fn a_name_that_changes_its_mind_never_gets_through() {
    let home = Listener::saying(ok()).await;
    let private = addresses(&["10.0.0.1"]);
    let resolver = Script::new(move |_, asked| match asked % 3 {
        0 => vec![HOME],
        1 => private.clone(),
        _ => [vec![HOME], private.clone()].concat(),
    });
    let egress = asking(Arc::clone(&resolver) as Arc<dyn Resolve>, &["127.0.0.1"]);
    let text = format!("http://name.example:{}/", home.port);

    let mut answered = 0;
    for flip in 0..FLIPS {
        match get(&egress, &text).await {
            Ok(_) => answered += 1,
            Err(EgressError::Blocked(_)) => assert_ne!(flip % 3, 0),
            Err(other) => panic!("{flip}: {other}"),
        }
    }

    assert_eq!(answered, FLIPS.div_ceil(3));
    assert_eq!(home.connections(), answered);
    assert_eq!(resolver.asked(), FLIPS);
}
