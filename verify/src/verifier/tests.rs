//! Credentials made by the test itself, good ones and every kind of bad one.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, EncodingKey, crypto,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde_json::{Value, json};

use super::*;
use crate::spent::Spent;

const NOW: i64 = 1_800_000_000;
const HASH: &str = "ySqfaRf4EXxERdQoX-y4U_swi71MrX5iqtfGhEeJ3eQ";

/// Somebody who signs.
struct Signer(EncodingKey);

impl Signer {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self(EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()))
    }

    fn keys(&self) -> Keys {
        let mut jwk = Jwk::from_encoding_key(&self.0, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Keys::of(&JwkSet { keys: vec![jwk] })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.0, Algorithm::ES256).unwrap();
        format!("{signed}.{signature}")
    }
}

fn header() -> String {
    json!({ "alg": "ES256", "typ": CREDENTIAL, "kid": "k1" }).to_string()
}

fn claims() -> Value {
    json!({
        "iss": "https://cs.example", "aud": "https://api.example/", "sub": "dana",
        "client_id": "crm", "iat": NOW, "exp": NOW + 60, "jti": "act_1", "txn": "arq_1",
        "authorization_details": [{
            "type": ACTION, "actions": ["orders.delete"], "locations": ["https://api.example/"],
            "identifier": "42", "params_hash": HASH, "params_hash_alg": "jcs-sha-256",
        }],
        "approval": { "id": "apr_1", "approved_at": "a", "approved_until": "b" },
        "sid": "s-1", "ath": "t-1", "cnf": { "jkt": "k-1" },
    })
}

fn call() -> Call<'static> {
    let bound = (Some("s-1"), Some("t-1"), Some("k-1"));
    Call { subject: "dana", client_id: "crm", sid: bound.0, ath: bound.1, key: bound.2 }
}

fn verifier(signer: &Signer) -> Verifier {
    let (issuer, audience) = ("https://cs.example".to_owned(), "https://api.example/".to_owned());
    Verifier { issuer, audience, keys: signer.keys() }
}

fn judged(claims: &str) -> Result<Credential, Refused> {
    let signer = Signer::new();
    verifier(&signer).verify(&signer.sign(&header(), claims), &call(), HASH, NOW)
}

#[test]
fn a_good_credential_is_spent_once() {
    let good = judged(&claims().to_string()).unwrap();
    let spent = Spent::default();
    assert_eq!(spent.spend(&good, NOW), Ok(()));
    assert_eq!(spent.spend(&good, NOW + 89), Err(Refused::Spent));
}

#[test]
fn every_claim_that_differs_is_refused() {
    let cases = [
        ("/iss", json!("https://evil.example"), Refused::Issuer),
        ("/aud", json!("https://other.example/"), Refused::Audience),
        ("/aud", json!(["https://api.example/"]), Refused::Claims),
        ("/sub", json!("erin"), Refused::Subject),
        ("/client_id", json!("other"), Refused::Client),
        ("/sid", json!("s-2"), Refused::Session),
        ("/ath", json!("t-2"), Refused::AccessToken),
        ("/cnf", json!({ "jkt": "k-2" }), Refused::Confirmation),
        ("/cnf", json!({ "jkt": "k-1", "x5t#S256": "k-1" }), Refused::Claims),
        ("/exp", json!(NOW - 30), Refused::Expired),
        ("/exp", json!("1800000060"), Refused::Claims),
        ("/exp", json!(NOW + 301), Refused::Lifetime),
        ("/iat", json!(NOW + 31), Refused::Lifetime),
        ("/authorization_details/0/params_hash", json!("x"), Refused::Parameters),
        ("/authorization_details/0/type", json!("payment"), Refused::Claims),
        ("/authorization_details/0/locations", json!(["https://x.example/"]), Refused::Claims),
        ("/authorization_details", json!([]), Refused::Claims),
        ("/jti", Value::Null, Refused::Claims),
    ];
    for (place, value, why) in cases {
        let mut claims = claims();
        *claims.pointer_mut(place).unwrap() = value;
        assert_eq!(judged(&claims.to_string()).unwrap_err(), why, "{place}");
    }
    let mut unbound = claims();
    for name in ["sid", "ath", "cnf"] {
        unbound.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(judged(&unbound.to_string()).unwrap_err(), Refused::Claims);
}

#[test]
fn a_signed_text_that_two_parsers_could_read_differently_is_refused() {
    let twice = claims().to_string().replacen('{', r#"{"sub":"erin","#, 1);
    let escaped = claims().to_string().replacen('{', r#"{"s\u0075b":"erin","#, 1);
    let large = claims().to_string().replacen('{', r#"{"amount":9007199254740993,"#, 1);
    for text in [twice, escaped, large] {
        assert_eq!(judged(&text).unwrap_err(), Refused::Malformed, "{text}");
    }
}

#[test]
fn a_header_is_taken_by_the_letter() {
    let signer = Signer::new();
    let cases = [
        (r#"{"alg":"none","typ":"countersign-action+jwt","kid":"k1"}"#, Refused::Algorithm),
        (r#"{"alg":"HS256","typ":"countersign-action+jwt","kid":"k1"}"#, Refused::Algorithm),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#, Refused::Type),
        (r#"{"alg":"ES256","typ":"countersign-approval+jwt","kid":"k1"}"#, Refused::Type),
        (r#"{"alg":"ES256","kid":"k1"}"#, Refused::Header),
        (r#"{"alg":"ES256","typ":"countersign-action+jwt"}"#, Refused::Header),
        (
            r#"{"alg":"ES256","typ":"countersign-action+jwt","kid":"k1","jku":"https://x"}"#,
            Refused::Header,
        ),
        (
            r#"{"alg":"ES256","typ":"countersign-action+jwt","kid":"k1","crit":["b64"],"b64":false}"#,
            Refused::Header,
        ),
        (
            r#"{"alg":"none","alg":"ES256","typ":"countersign-action+jwt","kid":"k1"}"#,
            Refused::Malformed,
        ),
        (r#"{"alg":"ES256","typ":"countersign-action+jwt","kid":"k2"}"#, Refused::UnknownKey),
    ];
    for (header, why) in cases {
        let token = signer.sign(header, &claims().to_string());
        let verdict = verifier(&signer).verify(&token, &call(), HASH, NOW);
        assert_eq!(verdict.unwrap_err(), why, "{header}");
    }
}

#[test]
fn every_changed_character_and_every_foreign_key_is_refused() {
    let signer = Signer::new();
    let token = signer.sign(&header(), &claims().to_string());
    for index in (0..token.len()).filter(|index| token.as_bytes()[*index] != b'.') {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verifier(&signer).verify(&changed, &call(), HASH, NOW).is_err(), "{index}");
    }
    let foreign = verifier(&Signer::new()).verify(&token, &call(), HASH, NOW);
    assert_eq!(foreign.unwrap_err(), Refused::Signature);
    for bad in ["", ".", "..", "a.b", &format!("{token}="), &format!("{token}.x")] {
        assert!(verifier(&signer).verify(bad, &call(), HASH, NOW).is_err(), "{bad}");
    }
    let long = signer.sign(&header(), &json!({ "sub": "x".repeat(17_000) }).to_string());
    assert_eq!(
        verifier(&signer).verify(&long, &call(), HASH, NOW).unwrap_err(),
        Refused::Malformed
    );
}

#[test]
fn only_keys_for_our_signatures_are_taken() {
    let signer = Signer::new();
    let jwk = |change: &dyn Fn(&mut Jwk)| {
        let mut jwk = Jwk::from_encoding_key(&signer.0, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        change(&mut jwk);
        Keys::of(&JwkSet { keys: vec![jwk] }).has("k1")
    };
    assert!(jwk(&|_| {}));
    assert!(!jwk(&|jwk| jwk.common.key_id = None));
    assert!(!jwk(&|jwk| jwk.common.public_key_use = Some(PublicKeyUse::Encryption)));
    assert!(!jwk(&|jwk| jwk.common.key_algorithm = Some(jsonwebtoken::jwk::KeyAlgorithm::ES384)));
}
