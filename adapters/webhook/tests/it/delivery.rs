//! What a receiver gets, judged by the official verifier.

use countersign_port::{
    auth_server::Receipt,
    webhook_signature::{Headers, key::SigningKey, verify_v1a},
};
use jiff::Timestamp;
use standardwebhooks::Webhook;

use crate::receiver::{BODY, KEY, NEW, OLD, Receiver, Sender, status};

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[tokio::test]
async fn the_official_verifier_accepts_a_callback() {
    let receiver = Receiver::replying(|| status(204)).await;
    let sender = Sender::new();

    let receipt = sender.send_to(&receiver).await.unwrap();

    assert_eq!(receipt, Receipt { status: 204, response_sha256: EMPTY.to_owned() });
    let callback = &receiver.callbacks()[0];
    assert_eq!(callback.body, BODY);
    assert_eq!(callback.header("content-type"), "application/json");
    assert_eq!(callback.header("webhook-id"), "evt_01K0000000000000000000000");
    for secret in [NEW, OLD] {
        Webhook::new(secret).unwrap().verify(&callback.body, &callback.headers).unwrap();
    }
    let stranger = Webhook::from_bytes(vec![1; 32]).unwrap();
    stranger.verify(&callback.body, &callback.headers).unwrap_err();
}

#[tokio::test]
async fn a_rotation_and_a_key_show_three_signatures() {
    let receiver = Receiver::replying(|| status(200)).await;
    let sender = Sender::new();
    sender.send_to(&receiver).await.unwrap();
    sender.send("plain", &format!("http://127.0.0.1:{}/", receiver.port)).await.unwrap();

    let [three, one] = &receiver.callbacks()[..] else { panic!("two callbacks") };
    let versions = |text: &str| {
        text.split(' ').map(|entry| entry.split_once(',').unwrap().0.to_owned()).collect()
    };
    let of_three: Vec<String> = versions(three.header("webhook-signature"));
    let of_one: Vec<String> = versions(one.header("webhook-signature"));
    assert_eq!(of_three, ["v1", "v1", "v1a"]);
    assert_eq!(of_one, ["v1"]);

    let key: SigningKey = KEY.parse().unwrap();
    let headers = Headers {
        id: three.header("webhook-id"),
        timestamp: three.header("webhook-timestamp"),
        signature: three.header("webhook-signature"),
    };
    let sent_at = Timestamp::from_second(headers.timestamp.parse().unwrap()).unwrap();
    verify_v1a(&headers, &three.body, &key.public(), sent_at).unwrap();
    Webhook::new(NEW).unwrap().verify(&one.body, &one.headers).unwrap_err();
}

#[tokio::test]
async fn every_attempt_has_the_same_id_and_bytes() {
    let receiver = Receiver::replying(|| status(500)).await;
    let sender = Sender::new();
    for _ in 0..3 {
        sender.send_to(&receiver).await.unwrap_err();
        sender.advance(60);
    }

    let callbacks = receiver.callbacks();
    assert_eq!(callbacks.len(), 3);
    let second = |callback: usize| -> i64 {
        callbacks[callback].header("webhook-timestamp").parse().unwrap()
    };
    assert_eq!((second(1) - second(0), second(2) - second(1)), (60, 60));
    for callback in &callbacks {
        assert_eq!(callback.body, BODY);
        assert_eq!(callback.header("webhook-id"), callbacks[0].header("webhook-id"));
        Webhook::new(NEW).unwrap().verify(&callback.body, &callback.headers).unwrap();
    }
    assert_ne!(callbacks[0].header("webhook-signature"), callbacks[1].header("webhook-signature"));
}

#[tokio::test]
async fn the_answer_is_kept_as_a_hash() {
    let receiver = Receiver::replying(|| axum::response::IntoResponse::into_response("abc")).await;
    let receipt = Sender::new().send_to(&receiver).await.unwrap();
    assert_eq!(
        receipt.response_sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn a_sender_prints_no_secret() {
    let shown = format!("{:?}", Sender::exempting(&[]).webhook);
    assert!(shown.contains("crm"), "{shown}");
    assert!(!shown.contains("MfKQ9r8G"), "{shown}");
}
