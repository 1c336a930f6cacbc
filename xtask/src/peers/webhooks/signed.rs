//! Deliveries that we sign here: what a receiver's configuration can make of a header.

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_port::webhook_signature::{
    Message, Signer,
    key::{Secret, SigningKey},
};
use jiff::Timestamp;

use super::delivery::{Delivery, Recorded};
use crate::outcome::{During, Outcome};

const SENT_AT_S: i64 = 1_700_000_000;

/// The secret with which the standard signs its example.
const PUBLISHED_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLDER_SECRET: &str = "whsec_b2xkZXIgc2VjcmV0IGZvciBhIHRlc3QtMDAwMQ==";
const SIGNING_KEY: &str = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const PLAIN: &str = r#"{"type":"access_request.approved","sequence":3}"#;
const EVERY_PLANE: &str = r#"{"note":"Grüße, Ελλάδα, 日本 🦀\u0000 \" "}"#;

/// The example that the standard publishes: not signed by us, so it judges the receivers.
pub(super) fn published() -> Recorded {
    let delivery = Delivery {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
        timestamp: "1614265330".to_owned(),
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned(),
        body_base64: STANDARD.encode(r#"{"test": 2432232314}"#),
        received_at: 1_614_265_330,
    };
    Recorded { delivery, keys: vec![PUBLISHED_SECRET.to_owned()] }
}

/// One secret, a rotation, and an asymmetric key, over plain and awkward text.
pub(super) fn all() -> Outcome<Vec<Recorded>> {
    let mut signed = Vec::new();
    for body in [PLAIN, EVERY_PLANE] {
        signed.push(sign(&[PUBLISHED_SECRET], None, body)?);
        signed.push(sign(&[PUBLISHED_SECRET, OLDER_SECRET], None, body)?);
        signed.push(sign(&[PUBLISHED_SECRET, OLDER_SECRET], Some(SIGNING_KEY), body)?);
    }
    Ok(signed)
}

fn sign(secrets: &[&str], signing_key: Option<&str>, body: &str) -> Outcome<Recorded> {
    let parse = |secret: &&str| secret.parse::<Secret>().during("a secret of this file");
    let mut parsed = secrets.iter().map(parse).collect::<Outcome<Vec<_>>>()?;
    let newest = parsed.remove(0);
    let key = signing_key.map(str::parse::<SigningKey>).transpose().during("the signing key")?;
    let mut keys: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
    keys.extend(key.as_ref().map(|key| key.public().to_string()));

    let id = "msg_01J000000000000000000000";
    let sent_at = Timestamp::from_second(SENT_AT_S).during("a time of this file")?;
    let message = Message::new(id, sent_at, body.as_bytes()).during("a message of this file")?;
    let delivery = Delivery {
        id: id.to_owned(),
        timestamp: SENT_AT_S.to_string(),
        signature: Signer::new(newest, parsed, key).sign(&message),
        body_base64: STANDARD.encode(body),
        received_at: SENT_AT_S + 1,
    };
    Ok(Recorded { delivery, keys })
}
