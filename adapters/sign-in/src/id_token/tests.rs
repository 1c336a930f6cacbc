//! What makes an ID token good, and everything that makes it bad.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;

use super::*;

const ISSUER: &str = "https://idp.example.com";

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn settings() -> Settings {
    Settings {
        issuer: ISSUER.to_owned(),
        client_id: "countersign".to_owned(),
        client_secret: "canary".into(),
        algorithm: Algorithm::EdDSA,
        subject_claim: "sub".to_owned(),
        public_url: "https://countersign.example".to_owned(),
    }
}

fn header() -> Header {
    Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) }
}

fn claims() -> Value {
    let now = now().as_second();
    json!({
        "iss": ISSUER, "aud": "countersign", "sub": "erin-1", "nonce": "n-1",
        "iat": now - 5, "exp": now + 300,
    })
}

fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[member] = value.into();
    claims
}

/// Signs as the provider does, and judges what comes of it.
fn judge(header: &Header, claims: &Value) -> Result<String, Refused> {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let token = encode(header, claims, &EncodingKey::from_ed_der(&pair.serialize_der())).unwrap();
    key_id(&token, &settings())?;
    let key = DecodingKey::from_ed_der(pair.public_key_raw());
    subject(&token, &settings(), &key, "n-1", now())
}

#[test]
fn a_good_token_says_who_has_signed_in() {
    let good = Ok("erin-1".to_owned());
    assert_eq!(judge(&header(), &claims()), good);
    assert_eq!(judge(&Header { typ: None, ..header() }, &claims()), good);
    assert_eq!(judge(&header(), &with("azp", "countersign")), good);
    let mut several = with("aud", json!(["countersign", "other"]));
    assert_eq!(judge(&header(), &several), Err(Refused::Party));
    several["azp"] = "countersign".into();
    assert_eq!(judge(&header(), &several), good);
}

#[test]
fn what_was_made_for_another_door_is_not_believed() {
    let now = now().as_second();
    for (member, value, why) in [
        ("iss", json!("https://idp.example.com/"), Refused::Issuer),
        ("iss", json!("https://evil.example"), Refused::Issuer),
        ("aud", json!("other"), Refused::NotVerified),
        ("aud", json!([]), Refused::NotVerified),
        ("aud", Value::Null, Refused::NotVerified),
        ("azp", json!("other"), Refused::Party),
        ("nonce", json!("n-2"), Refused::Nonce),
        ("nonce", Value::Null, Refused::Nonce),
        ("exp", json!(now - 30), Refused::Time),
        ("exp", json!("4102444800"), Refused::NotVerified),
        ("exp", Value::Null, Refused::NotVerified),
        ("iat", json!(now + 31), Refused::Time),
        ("iat", Value::Null, Refused::NotVerified),
        ("nbf", json!(now + 31), Refused::Time),
        ("sub", json!(""), Refused::Subject),
        ("sub", json!(7), Refused::Subject),
        ("sub", Value::Null, Refused::Subject),
        ("sub", json!("s".repeat(256)), Refused::Subject),
    ] {
        assert_eq!(judge(&header(), &with(member, value.clone())), Err(why), "{member} {value}");
    }
}

#[test]
fn a_header_may_not_bring_its_own_rules() {
    let text = || Some("https://evil.example/keys".to_owned());
    for header in [
        Header { jku: text(), ..header() },
        Header { x5u: text(), ..header() },
        Header { x5c: Some(vec!["AA==".to_owned()]), ..header() },
        Header { crit: Some(vec!["exp".to_owned()]), ..header() },
        Header { kid: None, ..header() },
    ] {
        assert_eq!(judge(&header, &claims()), Err(Refused::Header));
    }
    for kind in ["at+jwt", "logout+jwt"] {
        let other = Header { typ: Some(kind.to_owned()), ..header() };
        assert_eq!(judge(&other, &claims()), Err(Refused::Type), "{kind}");
    }
}

#[test]
fn a_token_that_nobody_has_signed_is_not_believed() {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = |alg: &str, signature: &str| {
        let header = part(&json!({ "alg": alg, "kid": "k1" }));
        format!("{header}.{}.{signature}", part(&claims()))
    };
    let key = DecodingKey::from_ed_der(&[7; 32]);
    for token in [unsigned("none", ""), unsigned("EdDSA", ""), unsigned("HS256", "AAAA")] {
        let judged = key_id(&token, &settings())
            .and_then(|_| subject(&token, &settings(), &key, "n-1", now()));
        assert!(
            matches!(judged, Err(Refused::Header | Refused::NotVerified)),
            "{token}: {judged:?}"
        );
    }
    assert_eq!(key_id(&"x".repeat(16_385), &settings()), Err(Refused::Malformed));
    assert_eq!(key_id("x", &settings()), Err(Refused::Header));
}
