//! What makes a bearer good, and everything that makes it bad.

use countersign_egress::hint::Hint;
use jsonwebtoken::{EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://sso.example.com/realms/acme";

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn header() -> Header {
    Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) }
}

fn claims() -> Value {
    let now = now().as_second();
    json!({
        "iss": ISSUER, "aud": ISSUER, "azp": "crm", "sub": "cbba7493", "jti": "24954f04",
        "typ": "Bearer", "iat": now, "exp": now + 120,
    })
}

fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[member] = value.into();
    claims
}

/// Signs as the realm does, and judges what comes of it.
fn judge(header: &Header, claims: &Value) -> Result<Claims, Mistrust> {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let token = encode(header, claims, &EncodingKey::from_ed_der(&pair.serialize_der())).unwrap();
    Hint::of(&token)?;
    let key = DecodingKey::from_ed_der(pair.public_key_raw());
    verify(&token, ISSUER, Algorithm::EdDSA, &key, now())
}

#[test]
fn a_good_bearer_says_who_asks_for_whom() {
    let claims = judge(&header(), &claims()).unwrap();
    assert_eq!((claims.azp.as_str(), claims.sub.as_str()), ("crm", "cbba7493"));
    assert_eq!((claims.jti.as_str(), claims.exp - claims.iat), ("24954f04", 120));
}

#[test]
fn what_was_made_for_another_door_is_not_believed() {
    for (member, value, why) in [
        ("iss", json!("https://sso.example.com/realms/acme2"), Mistrust::Claims),
        ("aud", json!("account"), Mistrust::Claims),
        ("aud", json!([ISSUER, "account"]), Mistrust::Claims),
        ("typ", json!("ID"), Mistrust::Type),
        ("typ", json!("Refresh"), Mistrust::Type),
        ("exp", json!(now().as_second()), Mistrust::Expired),
        ("exp", json!("4102444800"), Mistrust::Claims),
        ("iat", json!(now().as_second() + 31), Mistrust::Early),
        ("azp", Value::Null, Mistrust::Claims),
        ("sub", Value::Null, Mistrust::Claims),
        ("jti", Value::Null, Mistrust::Claims),
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
    ] {
        assert_eq!(judge(&header, &claims()), Err(Mistrust::Header));
    }
    let nameless = Header { kid: None, ..header() };
    assert_eq!(judge(&nameless, &claims()), Err(Mistrust::UnknownKey));
    for token in ["", "a.b.c", "not a token"] {
        assert_eq!(Hint::of(token), Err(NoHint::Malformed), "{token}");
    }
}

#[test]
fn another_key_or_algorithm_is_not_believed() {
    let [one, other] = [(); 2].map(|()| KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let token =
        encode(&header(), &claims(), &EncodingKey::from_ed_der(&one.serialize_der())).unwrap();
    let key = DecodingKey::from_ed_der(other.public_key_raw());
    let judged = verify(&token, ISSUER, Algorithm::EdDSA, &key, now());
    assert_eq!(judged, Err(Mistrust::Claims));
    let key = DecodingKey::from_ed_der(one.public_key_raw());
    assert_eq!(verify(&token, ISSUER, Algorithm::RS256, &key, now()), Err(Mistrust::Claims));
}
