//! What is sent, what is read of the answer, and each way of getting none.

use std::time::Duration;

use bytes::Bytes;
use countersign_egress::{
    Egress, Settings,
    exchange::{Answer, DOCUMENT_BYTES, EgressError, Keep, RECEIPT_BYTES, Request, Sent},
    target::CheckedUrl,
};
use http::{HeaderMap, HeaderValue};
use tokio::net::TcpListener;
use url::Url;

use crate::listener::{HOME, Listener, Reply, egress, ok, settings};

fn to(egress: &Egress, port: u16) -> CheckedUrl {
    egress.check(&Url::parse(&format!("http://127.0.0.1:{port}/hook?a=b")).unwrap()).unwrap()
}

fn hurried() -> Egress {
    let settings = settings(&["127.0.0.1"], &[]);
    Egress::new(Settings { total: Duration::from_millis(200), ..settings }).unwrap()
}

async fn answer_to(reply: Reply, keep: Keep) -> Result<Answer, EgressError> {
    let listener = Listener::saying(reply).await;
    let egress = hurried();
    let request = Request::get(to(&egress, listener.port));
    egress.send(Request { keep, ..request }).await
}

fn headed(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{rest}\r\n")
}

#[tokio::test]
async fn a_post_arrives_as_it_was_written() {
    let listener = Listener::saying(ok()).await;
    let egress = egress(&["127.0.0.1"], &[]);
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )]);
    let body = Bytes::from_static(b"{ \"b\":1, \"a\":1.0 }");

    let request = Request::post(to(&egress, listener.port), headers, body);
    let answer = egress.send(request).await.unwrap();

    assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (200, b"ok".as_slice()));
    let requests = listener.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!(
        lines,
        [
            "POST /hook?a=b HTTP/1.1",
            "accept: */*",
            "content-length: 18",
            "content-type: application/json",
            &format!("host: 127.0.0.1:{}", listener.port),
            "user-agent: Countersign",
        ]
    );
    assert_eq!(body, "{ \"b\":1, \"a\":1.0 }");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_an_order() {
    let victim = Listener::saying(ok()).await;
    for status in [301, 302, 303, 307, 308] {
        let reply = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
            victim.port
        );
        let answer = answer_to(Reply::Text(reply), Keep::Whole(0)).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
    }
    assert_eq!(victim.connections(), 0);
}

#[tokio::test]
async fn a_cookie_is_not_kept() {
    let reply = headed("set-cookie: a=b\r\nconnection: close\r\ncontent-length: 0\r\n");
    let listener = Listener::saying(Reply::Text(reply)).await;
    let egress = egress(&["127.0.0.1"], &[]);
    for _ in 0..2 {
        egress.send(Request::get(to(&egress, listener.port))).await.unwrap();
    }
    assert!(!listener.requests()[1].contains("cookie"));
}

#[tokio::test]
async fn a_huge_answer_is_cut_or_refused() {
    let endless = || Reply::Endless(headed("content-length: 99999999999\r\n"));

    let cut = answer_to(endless(), Keep::Start(RECEIPT_BYTES)).await.unwrap();
    assert_eq!(cut.body.len(), RECEIPT_BYTES);
    let refused = answer_to(endless(), Keep::Whole(DOCUMENT_BYTES)).await.unwrap_err();
    assert!(matches!(refused, EgressError::TooLarge(DOCUMENT_BYTES)), "{refused}");

    let exact = |length: usize| {
        Reply::Text(headed(&format!("content-length: {length}\r\n")) + &"a".repeat(length))
    };
    assert_eq!(answer_to(exact(100), Keep::Whole(100)).await.unwrap().body.len(), 100);
    answer_to(exact(101), Keep::Whole(100)).await.unwrap_err();
    assert_eq!(answer_to(exact(101), Keep::Start(100)).await.unwrap().body.len(), 100);
}

#[tokio::test]
async fn endless_headers_are_not_read() {
    let broken = answer_to(Reply::Endless("HTTP/1.1 200 OK\r\na: ".into()), Keep::Start(1)).await;
    assert!(matches!(broken.unwrap_err(), EgressError::Broken(_)));
}

#[tokio::test]
async fn a_slow_answer_is_given_up() {
    for said in [String::new(), "HTTP/1.1 ".into(), headed("content-length: 3\r\n") + "a"] {
        let late = answer_to(Reply::Hang(said), Keep::Start(RECEIPT_BYTES)).await.unwrap_err();
        assert!(matches!(late, EgressError::TimedOut(Sent::Unknown)), "{late}");
    }
    // What was wanted has come; the rest is not waited for.
    let enough = Reply::Hang(headed("content-length: 3\r\n") + "aa");
    assert_eq!(answer_to(enough, Keep::Start(2)).await.unwrap().body.as_ref(), b"aa");
}

#[tokio::test]
async fn a_broken_answer_may_have_been_seen() {
    for reply in [
        Reply::Close,
        Reply::Text("garbage\r\n\r\n".into()),
        Reply::Text(headed("content-length: 3\r\n") + "a"),
        Reply::Text(headed("transfer-encoding: chunked\r\n") + "zz\r\n"),
    ] {
        let broken = answer_to(reply, Keep::Start(RECEIPT_BYTES)).await.unwrap_err();
        assert!(matches!(broken, EgressError::Broken(_)), "{broken}");
    }
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let port = {
        let gone = TcpListener::bind((HOME, 0)).await.unwrap();
        gone.local_addr().unwrap().port()
    };
    let egress = hurried();
    let refused = egress.send(Request::get(to(&egress, port))).await.unwrap_err();
    assert!(matches!(refused, EgressError::Connect(_)), "{refused}");
    assert!(!refused.to_string().contains("hook"), "{refused}");
}

/// A resolver that never answers: the connect time covers the lookup, and nothing was sent.
#[tokio::test]
async fn a_lookup_that_hangs_is_given_up() {
    struct Silent;
    #[async_trait::async_trait]
    impl countersign_egress::resolver::Resolve for Silent {
        async fn addresses(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
            std::future::pending().await
        }
    }
    let settings = Settings {
        resolver: std::sync::Arc::new(Silent),
        connect: Duration::from_millis(50),
        ..settings(&[], &[])
    };
    let egress = Egress::new(settings).unwrap();
    let url = egress.check(&Url::parse("https://name.example/").unwrap()).unwrap();
    let late = egress.send(Request::get(url)).await.unwrap_err();
    assert!(matches!(late, EgressError::TimedOut(Sent::No)), "{late}");
}
