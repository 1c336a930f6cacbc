//! Leaving HTTP behind: the same guard, and nothing but an agreement will do.

use countersign_egress::{
    exchange::{EgressError, Request},
    target::{Blocked, CheckedUrl},
};
use http::{
    HeaderMap, HeaderValue,
    header::{CONNECTION, UPGRADE},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use crate::{
    listener::{Listener, Reply, egress, ok},
    tls::SWITCHED,
};

pub(crate) fn upgrade_request(url: CheckedUrl) -> Request {
    let headers = HeaderMap::from_iter([
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (UPGRADE, HeaderValue::from_static("talk")),
    ]);
    Request { headers, ..Request::get(url) }
}

fn here(port: u16) -> Url {
    Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap()
}

#[tokio::test]
async fn both_sides_talk_once_it_is_agreed() {
    let listener = Listener::saying(Reply::Hang(String::from_utf8_lossy(SWITCHED).into())).await;
    let egress = egress(&["127.0.0.1"], &[]);
    let request = upgrade_request(egress.check(&here(listener.port)).unwrap());
    let mut upgraded = egress.upgrade(request).await.unwrap();
    assert_eq!(upgraded.headers[UPGRADE], "talk");
    let mut word = [0; 5];
    upgraded.stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
    upgraded.stream.write_all(b"hello yourself").await.unwrap();
}

#[tokio::test]
async fn without_an_agreement_there_is_no_connection() {
    let listener = Listener::saying(ok()).await;
    let egress = egress(&["127.0.0.1"], &[]);
    let request = upgrade_request(egress.check(&here(listener.port)).unwrap());
    let refused = egress.upgrade(request).await.unwrap_err();
    assert!(matches!(refused, EgressError::Broken(_)), "{refused}");
    assert!(refused.to_string().contains("200 OK"), "{refused}");
}

#[tokio::test]
async fn the_guard_stands_in_front_of_it_too() {
    let listener = Listener::saying(ok()).await;
    let strict = egress(&[], &[]);
    let blocked = strict.check(&here(listener.port)).unwrap_err();
    assert!(matches!(blocked, Blocked::Special(_)), "{blocked}");
    // A name is judged when it is resolved, and that is when the connection is made.
    let url = Url::parse("https://auth.example/").unwrap();
    let refused = strict.upgrade(upgrade_request(strict.check(&url).unwrap())).await.unwrap_err();
    assert!(matches!(refused, EgressError::Blocked(_)), "{refused}");
    assert_eq!(listener.connections(), 0);
}
