//! Which challenges hold, and what is said of those that do not.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::JwkSet};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;

use super::*;
use crate::config::issuer::Keys;

const SERVER: &str = "https://bank.example/";
const AUDIENCE: &str = "https://countersign.example";

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn server() -> Issuer {
    Issuer {
        issuer: SERVER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: Keys::Given(JwkSet { keys: Vec::new() }),
        algorithm: Algorithm::EdDSA,
        token_type: Some("txn-authz-challenge+jwt".to_owned()),
        client_claim: String::new(),
        subject_tokens: None,
    }
}

/// A good challenge with some claims replaced, or taken out where they are null.
fn claims(other: &Value) -> Value {
    let now = now().as_second();
    let mut all = json!({
        "iss": SERVER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": "j-1", "txn": "t-1",
        "authorization_details": [{ "type": "payment", "amount": "5000.00" }],
        "reason": "Approval is needed.", "something": { "else": 1 },
    });
    let all_members = all.as_object_mut().unwrap();
    all_members.extend(other.as_object().unwrap().clone());
    all_members.retain(|_, value| !value.is_null());
    all
}

fn judged(typ: &str, claims: &Value) -> Result<Challenge, String> {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let typ = Some(typ.to_owned());
    let header = Header { kid: Some("k1".to_owned()), typ, ..Header::new(Algorithm::EdDSA) };
    let token = encode(&header, claims, &EncodingKey::from_ed_der(&key.serialize_der())).unwrap();
    let key = DecodingKey::from_ed_der(rcgen::PublicKeyData::der_bytes(&key));
    verify(&token, &server(), &key, now()).map_err(|why| why.to_string())
}

const TYPE: &str = "txn-authz-challenge+jwt";

#[test]
fn a_challenge_says_what_is_to_be_approved() {
    let act = json!({ "act": { "sub": "agent-7", "iss": "https://agents.example",
        "act": { "sub": "planner", "act": { "sub": "concierge" } } } });
    let challenge = judged(TYPE, &claims(&act)).unwrap();
    assert_eq!(challenge.authorization_details[0]["amount"], "5000.00");
    let transaction = challenge.transaction;
    assert_eq!((&*transaction.id, &*transaction.jti, &*transaction.server), ("t-1", "j-1", SERVER));
    assert_eq!(transaction.until.as_second(), now().as_second() + 330);
    let actor = challenge.actor.unwrap();
    let chain: Vec<&str> = actor.chain().map(|actor| actor.id.as_str()).collect();
    assert_eq!(chain, ["agent-7", "planner", "concierge"]);
    judged(&format!("application/{TYPE}"), &claims(&json!({}))).unwrap();
}

#[test]
fn what_does_not_hold_is_named() {
    let sent = |act: Value, number: u32| json!({ "sub": format!("agent-{number}"), "act": act });
    let now = now().as_second();
    let fit = "signature, algorithm or `aud` do not fit";
    let claims_fit = "its claims do not fit: it needs";
    for (other, why) in [
        (json!({ "aud": "https://other.example" }), fit),
        (json!({ "aud": null }), fit),
        (json!({ "iss": "https://other.example/" }), fit),
        (json!({ "exp": now - 31, "iat": now - 300 }), "it has expired"),
        (json!({ "exp": null }), fit),
        (json!({ "iat": now + 31 }), "it is not valid yet"),
        (json!({ "iat": null }), claims_fit),
        (json!({ "exp": now + 3601 }), "it lives for longer than an hour"),
        (json!({ "jti": null }), claims_fit),
        (json!({ "txn": 7 }), claims_fit),
        (json!({ "txn": " " }), "`txn` is empty or too long"),
        (json!({ "jti": "j".repeat(513) }), "`jti` is empty or too long"),
        (json!({ "reason": "r".repeat(1001) }), "`reason` is empty or too long"),
        (json!({ "reason": null }), claims_fit),
        (json!({ "authorization_details": [] }), "`authorization_details` is empty"),
        (json!({ "authorization_details": ["payment"] }), claims_fit),
        (json!({ "act": { "iss": "x" } }), claims_fit),
        (json!({ "act": { "sub": "agent-7", "act": { "sub": "" } } }), "`act.sub` is empty"),
        (
            json!({ "act": (0..8).fold(json!({ "sub": "last" }), sent) }),
            "`act` is empty or too long",
        ),
        (
            json!({ "authorization_details": [{ "type": "p", "n": 9_007_199_254_740_993_u64 }] }),
            "it breaks a rule of I-JSON",
        ),
    ] {
        let said = judged(TYPE, &claims(&other)).expect_err("refused");
        assert!(said.starts_with(why), "{other}: {said}");
    }
    for typ in ["JWT", "at+jwt", "countersign-action+jwt"] {
        let said = judged(typ, &claims(&json!({}))).expect_err("refused");
        assert_eq!(said, "its `typ` is not `txn-authz-challenge+jwt`");
    }
}
