//! What makes a token good, and everything that makes it bad.

use jsonwebtoken::{Algorithm, EncodingKey, encode, jwk::JwkSet};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;

use super::*;
use crate::config::issuer::Keys;

const ISSUER: &str = "https://sso.example.com";
const AUDIENCE: &str = "https://countersign.example.com";

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn issuer() -> Issuer {
    Issuer {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: Keys::Given(JwkSet { keys: Vec::new() }),
        algorithm: Algorithm::EdDSA,
        token_type: None,
        client_claim: "client_id".to_owned(),
        subject_tokens: None,
    }
}

fn header() -> Header {
    Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) }
}

fn claims() -> Value {
    let now = now().as_second();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "client_id": "crm-backend",
        "iat": now - 5, "nbf": now - 5, "exp": now + 60,
    })
}

/// One key for all tests of a run.
struct Key(KeyPair);

impl Key {
    fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ED25519).unwrap())
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_ed_der(&self.0.serialize_der())).unwrap()
    }

    fn judge(&self, token: &str, issuer: &Issuer) -> Result<String, Refused> {
        hint(token)?;
        let key = DecodingKey::from_ed_der(self.0.public_key_raw());
        verify(token, issuer, &key, now())
    }

    #[track_caller]
    fn refuses(&self, header: &Header, claims: &Value, why: Refused) {
        assert_eq!(self.judge(&self.sign(header, claims), &issuer()), Err(why));
    }
}

fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[member] = value.into();
    claims
}

fn without(member: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(member);
    claims
}

#[test]
fn a_good_token_names_its_client() {
    let key = Key::new();
    let token = key.sign(&header(), &claims());
    assert_eq!(key.judge(&token, &issuer()), Ok("crm-backend".to_owned()));
    let hinted = hint(&token).unwrap();
    assert_eq!(hinted, Hint { issuer: ISSUER.to_owned(), kid: "k1".to_owned() });
    let several = with("aud", json!(["https://other.example.com", AUDIENCE]));
    assert!(key.judge(&key.sign(&header(), &several), &issuer()).is_ok());
}

#[test]
fn issuer_and_audience_are_exact_and_needed() {
    let key = Key::new();
    for claims in [
        with("iss", "https://sso.example.com/"),
        with("aud", "https://countersign.example.com/"),
        with("aud", json!([])),
        without("aud"),
    ] {
        key.refuses(&header(), &claims, Refused::NotVerified);
    }
    key.refuses(&header(), &without("iss"), Refused::Malformed);
}

#[test]
fn time_is_checked_with_thirty_seconds_of_patience() {
    let key = Key::new();
    let now = now().as_second();
    assert!(key.judge(&key.sign(&header(), &with("exp", now - 29)), &issuer()).is_ok());
    key.refuses(&header(), &with("exp", now - 30), Refused::Expired);
    assert!(key.judge(&key.sign(&header(), &with("nbf", now + 30)), &issuer()).is_ok());
    key.refuses(&header(), &with("nbf", now + 31), Refused::NotYet);
    key.refuses(&header(), &with("iat", now + 31), Refused::NotYet);
    // CVE-2026-25537: an expiry that is text counted as none.
    for absent in [without("exp"), with("exp", "4102444800"), with("exp", Value::Null)] {
        key.refuses(&header(), &absent, Refused::NotVerified);
    }
}

#[test]
fn a_header_may_not_bring_its_own_rules() {
    let key = Key::new();
    let text = || Some("https://evil.example/keys".to_owned());
    let mut unencoded = header();
    unencoded.extras.insert("b64", false);
    for header in [
        Header { jku: text(), ..header() },
        Header { x5u: text(), ..header() },
        Header { x5c: Some(vec!["AA==".to_owned()]), ..header() },
        Header { crit: Some(vec!["exp".to_owned()]), ..header() },
        unencoded,
    ] {
        key.refuses(&header, &claims(), Refused::Header);
    }
    key.refuses(&Header { kid: None, ..header() }, &claims(), Refused::Key);
}

#[test]
fn a_token_for_another_door_is_refused() {
    let key = Key::new();
    let typed = |typ: &str| Header { typ: Some(typ.to_owned()), ..header() };
    for typ in ["logout+jwt", "countersign-action+jwt", "dpop+jwt", "secevent+jwt"] {
        key.refuses(&typed(typ), &claims(), Refused::Type);
    }
    let strict = Issuer { token_type: Some("at+jwt".to_owned()), ..issuer() };
    let judge = |typ: &str| key.judge(&key.sign(&typed(typ), &claims()), &strict);
    assert!(judge("application/AT+JWT").is_ok());
    assert_eq!(judge("JWT"), Err(Refused::Type));
}

#[test]
fn another_key_another_algorithm_and_no_signature_are_refused() {
    let (key, other) = (Key::new(), Key::new());
    let token = other.sign(&header(), &claims());
    assert_eq!(key.judge(&token, &issuer()), Err(Refused::NotVerified));
    let confused = Header { alg: Algorithm::HS256, ..header() };
    let secret = EncodingKey::from_secret(key.0.public_key_raw());
    let token = encode(&confused, &claims(), &secret).unwrap();
    assert_eq!(key.judge(&token, &issuer()), Err(Refused::NotVerified));
    let unsigned = "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.eyJpc3MiOiJ4In0.";
    assert_eq!(key.judge(unsigned, &issuer()), Err(Refused::Malformed));
    for bad in ["", "a.b", "a.b.c", &"a".repeat(20_000)] {
        assert_eq!(hint(bad), Err(Refused::Malformed), "{bad}");
    }
}

#[test]
fn a_token_without_a_client_is_refused() {
    let key = Key::new();
    key.refuses(&header(), &without("client_id"), Refused::Client);
    key.refuses(&header(), &with("client_id", 7), Refused::Client);
}
