//! Every way a callback can fail, and what the outbox is told.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use countersign_port::{
    auth_server::{Answer, AuthServer, ReplyTo},
    error::{GiveUp, SendError},
};
use tokio::net::TcpListener;

use crate::receiver::{Receiver, Sender, answer, status};

fn given_up(error: &SendError) -> GiveUp {
    match error {
        SendError::GiveUp { why, .. } => *why,
        SendError::Retry { .. } | SendError::Unknown { .. } => panic!("{error}"),
    }
}

fn retried(error: SendError) -> (Option<Duration>, String) {
    match error {
        SendError::Retry { after, cause } => (after, cause),
        SendError::GiveUp { .. } | SendError::Unknown { .. } => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_status_decides() {
    let sender = Sender::new();
    for code in [200, 201, 202, 204, 299] {
        let receiver = Receiver::replying(move || status(code)).await;
        assert_eq!(sender.send_to(&receiver).await.unwrap().status, code);
    }
    for code in [304, 400, 401, 404, 409, 422, 429, 500, 502, 503, 599] {
        let receiver = Receiver::replying(move || status(code)).await;
        let (after, cause) = retried(sender.send_to(&receiver).await.unwrap_err());
        assert_eq!(after, None, "{code}");
        assert!(cause.contains(&code.to_string()), "{cause}");
    }
    let receiver = Receiver::replying(|| status(410)).await;
    assert_eq!(given_up(&sender.send_to(&receiver).await.unwrap_err()), GiveUp::Gone);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_not_followed() {
    let victim = Receiver::replying(|| status(200)).await;
    for code in [301, 302, 303, 307, 308] {
        let location = format!("http://127.0.0.1:{}/hook", victim.port);
        let reply = move || {
            let response = Response::builder().status(code).header("location", &location);
            response.body(Body::empty()).unwrap()
        };
        let receiver = Receiver::replying(reply).await;
        retried(Sender::new().send_to(&receiver).await.unwrap_err());
        assert_eq!(receiver.callbacks().len(), 1);
    }
    assert!(victim.callbacks().is_empty());
}

#[tokio::test]
async fn retry_after_is_honoured_where_it_means_that() {
    for (code, value, seconds) in [
        (429, "7", Some(7)),
        (503, "7", Some(7)),
        (503, "86400", Some(3600)),
        (503, "soon", None),
        (500, "7", None),
        (301, "7", None),
    ] {
        let reply = move || {
            let response = Response::builder().status(code).header("retry-after", value);
            response.body(Body::empty()).unwrap()
        };
        let receiver = Receiver::replying(reply).await;
        let (after, _) = retried(Sender::new().send_to(&receiver).await.unwrap_err());
        assert_eq!(after, seconds.map(Duration::from_secs), "{code} {value}");
    }
}

#[tokio::test]
async fn what_a_receiver_says_does_not_leave() {
    let reply = || Response::builder().status(500).body(Body::from("token=canary")).unwrap();
    let receiver = Receiver::replying(reply).await;
    let (_, cause) = retried(Sender::new().send_to(&receiver).await.unwrap_err());
    assert!(!cause.contains("canary"), "{cause}");
}

#[tokio::test]
async fn only_the_start_of_an_answer_is_read() {
    let endless = || {
        let stream =
            futures::stream::repeat(Ok::<_, Infallible>(Bytes::from_static(&[b'a'; 1024])));
        Response::new(Body::from_stream(stream))
    };
    let receiver = Receiver::replying(endless).await;
    let receipt = Sender::new().send_to(&receiver).await.unwrap();
    // 16 KiB of the letter a.
    let wanted = "f3336bea752b5a28743033dd2c844a4a63fba08871aaee2586a2bf2d69be83a2";
    assert_eq!(receipt.response_sha256, wanted);
}

#[tokio::test]
async fn silence_is_tried_again() {
    let silent = || Response::new(Body::from_stream(futures::stream::pending::<Never>()));
    let receiver = Receiver::replying(silent).await;
    let (after, cause) = retried(Sender::new().send_to(&receiver).await.unwrap_err());
    assert_eq!((after, cause.as_str()), (None, "no answer in time"));
}

type Never = Result<Bytes, Infallible>;

#[tokio::test]
async fn nobody_listening_is_tried_again() {
    let port = {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        gone.local_addr().unwrap().port()
    };
    let endpoint = format!("http://127.0.0.1:{port}/");
    retried(Sender::new().send("crm", &endpoint).await.unwrap_err());
}

/// The receiver speaks plain HTTP, so that no certificate can be shown.
#[tokio::test]
async fn no_tls_is_given_up() {
    let receiver = Receiver::replying(|| status(200)).await;
    let endpoint = format!("https://127.0.0.1:{}/", receiver.port);
    let error = Sender::new().send("crm", &endpoint).await.unwrap_err();
    assert_eq!(given_up(&error), GiveUp::Tls);
    assert!(receiver.callbacks().is_empty());
}

#[tokio::test]
async fn a_blocked_address_is_given_up() {
    let receiver = Receiver::replying(|| status(200)).await;
    let sender = Sender::exempting(&[]);
    for endpoint in [
        format!("http://127.0.0.1:{}/", receiver.port),
        format!("http://localhost:{}/", receiver.port),
        format!("https://0x7f.1:{}/", receiver.port),
        "https://127.0.0.1/".to_owned(),
        "ftp://name.example/".to_owned(),
    ] {
        let error = sender.send("crm", &endpoint).await.unwrap_err();
        assert_eq!(given_up(&error), GiveUp::Blocked, "{endpoint}");
    }
    assert!(receiver.callbacks().is_empty());
}

#[tokio::test]
async fn what_cannot_be_signed_is_given_up() {
    let receiver = Receiver::replying(|| status(200)).await;
    let endpoint = format!("http://127.0.0.1:{}/", receiver.port);
    let sender = Sender::new();

    let stranger = sender.send("stranger", &endpoint).await.unwrap_err();
    assert_eq!(given_up(&stranger), GiveUp::Refused);
    let nowhere = sender.send("crm", "no URL").await.unwrap_err();
    assert_eq!(given_up(&nowhere), GiveUp::Refused);
    let to = ReplyTo { client: "crm".to_owned(), endpoint };
    let dotted = Answer { id: "evt.1".to_owned(), ..answer() };
    let dotted = sender.webhook.answer(&to, &dotted).await.unwrap_err();
    assert_eq!(given_up(&dotted), GiveUp::Refused);
    assert!(receiver.callbacks().is_empty());
}
