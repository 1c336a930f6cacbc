//! Calls with credentials, good and bad, for resource servers in several languages to judge: written
//! to the file that `COUNTERSIGN_CREDENTIAL_CORPUS` names, with keys of this minute.

#![cfg(test)]

use std::{fs, path::Path};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_verify::{
    claims::{ACTION, APPROVAL, CREDENTIAL},
    hash,
};
use jsonwebtoken::{
    Algorithm, EncodingKey, crypto,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://countersign.example";
const TOKEN_ISSUER: &str = "https://sso.example";
const AUDIENCE: &str = "https://api.example/";
const BODY: &str = r#"{"action":{"name":"funds.transfer"},"resource":{"type":"account","id":"acc-1"},"parameters":{"amount":"100.00","to":"acc-2"}}"#;

struct Signer(EncodingKey);

impl Signer {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self(EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()))
    }

    fn keys(&self) -> JwkSet {
        let mut jwk = Jwk::from_encoding_key(&self.0, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        JwkSet { keys: vec![jwk] }
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.0, Algorithm::ES256).unwrap();
        format!("{signed}.{signature}")
    }
}

/// What is judged, with one thing wrong at most.
#[derive(Clone)]
struct Call {
    base_header: Value,
    base: Value,
    header: String,
    /// Text, so that a member can stand there twice.
    claims: String,
    body: String,
    now: i64,
}

impl Call {
    /// With the hash of its body where the body can be hashed.
    fn of(body: &str) -> Self {
        let params_hash =
            hash::asked(body.as_bytes()).ok().and_then(|asked| asked.params_hash().ok());
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "dana", "client_id": "crm",
            "iat": NOW, "exp": NOW + 60, "jti": "act_1", "txn": "arq_1",
            "authorization_details": [{
                "type": ACTION, "actions": ["funds.transfer"], "locations": [AUDIENCE],
                "identifier": "acc-1", "params_hash": params_hash.unwrap_or("none".to_owned()),
                "params_hash_alg": "jcs-sha-256",
            }],
            "approval": { "id": "apr_1", "approved_at": "a", "approved_until": "b" },
            "sid": "s-1", "cnf": { "jkt": "k-1" },
        });
        Self {
            base_header: json!({ "alg": "ES256", "typ": "at+jwt", "kid": "k1" }),
            base: json!({
                "iss": TOKEN_ISSUER, "aud": AUDIENCE, "sub": "dana", "client_id": "crm",
                "iat": NOW - 10, "exp": NOW + 600, "sid": "s-1", "cnf": { "jkt": "k-1" },
            }),
            header: json!({ "alg": "ES256", "typ": CREDENTIAL, "kid": "k1" }).to_string(),
            claims: claims.to_string(),
            body: body.to_owned(),
            now: NOW,
        }
    }

    fn claim(mut self, place: &str, value: Value) -> Self {
        let mut claims: Value = serde_json::from_str(&self.claims).unwrap();
        set(&mut claims, place, value);
        self.claims = claims.to_string();
        self
    }

    fn base(mut self, place: &str, value: Value) -> Self {
        set(&mut self.base, place, value);
        self
    }

    fn header(self, header: &str) -> Self {
        Self { header: header.to_owned(), ..self }
    }

    /// Puts a member in front of the claims.
    fn first(self, member: &str) -> Self {
        Self { claims: self.claims.replacen('{', &format!("{{{member},"), 1), ..self }
    }
}

fn set(object: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap();
    match (value, parent) {
        (Value::Null, Value::Object(members)) => drop(members.remove(name)),
        (value, Value::Array(items)) => items[name.parse::<usize>().unwrap()] = value,
        (value, parent) => parent[name] = value,
    }
}

fn good() -> Call {
    Call::of(BODY)
}

/// The calls that must be let in, whatever their looks.
fn accepted() -> Vec<(&'static str, Call)> {
    let reordered = r#" {"parameters":{"to":"acc-2","amount":"100.00"}, "resource":{"id":"acc-1","type":"account"},"action":{"name":"funds.transfer"}}"#;
    let bodiless = r#"{"action":{"name":"cache.flush"},"resource":{"type":"cache","id":"1"}}"#;
    vec![
        ("as it should be", good()),
        ("members in another order", Call { body: reordered.to_owned(), ..good() }),
        ("no parameters", Call::of(bodiless)),
        ("the last second of skew", Call { now: NOW + 89, ..good() }),
        ("a clock behind", Call { now: NOW - 30, ..good() }),
        ("a claim that nobody knows", good().claim("/later", json!(1))),
        ("bound to the session alone", good().claim("/cnf", Value::Null)),
    ]
}

fn wrong_claims() -> Vec<(&'static str, Call)> {
    vec![
        ("another issuer", good().claim("/iss", json!("https://evil.example"))),
        ("another audience", good().claim("/aud", json!("https://other.example/"))),
        ("a list of audiences", good().claim("/aud", json!([AUDIENCE]))),
        ("another subject", good().claim("/sub", json!("erin"))),
        ("another client", good().claim("/client_id", json!("other"))),
        ("another session", good().claim("/sid", json!("s-2"))),
        ("another base token", good().claim("/ath", json!("x"))),
        ("another key", good().claim("/cnf", json!({ "jkt": "k-2" }))),
        ("two keys", good().claim("/cnf", json!({ "jkt": "k-1", "x5t#S256": "k-1" }))),
        ("bound to nothing", good().claim("/cnf", Value::Null).claim("/sid", Value::Null)),
        ("expired", Call { now: NOW + 90, ..good() }),
        ("not yet", Call { now: NOW - 31, ..good() }),
        ("no expiry", good().claim("/exp", Value::Null)),
        ("an expiry in text", good().claim("/exp", json!("1800000060"))),
        ("a life of six minutes", good().claim("/exp", json!(NOW + 360))),
        ("no id", good().claim("/jti", Value::Null)),
        ("another hash", good().claim("/authorization_details/0/params_hash", json!("x"))),
        (
            "another kind of hash",
            good().claim("/authorization_details/0/params_hash_alg", json!("md5")),
        ),
        ("another type of detail", good().claim("/authorization_details/0/type", json!("payment"))),
        ("another place", good().claim("/authorization_details/0/locations", json!(["x"]))),
        ("no details", good().claim("/authorization_details", json!([]))),
        ("a subject twice", good().first(r#""sub":"erin""#)),
        ("a subject twice by escape", good().first(r#""s\u0075b":"erin""#)),
        ("a large integer", good().first(r#""amount":9007199254740993"#)),
    ]
}

fn wrong_headers() -> Vec<(&'static str, Call)> {
    let header = |rest: &str| good().header(&format!("{{{rest}}}"));
    let kid = r#""kid":"k1""#;
    vec![
        ("alg none", header(&format!(r#""alg":"none","typ":"{CREDENTIAL}",{kid}"#))),
        ("alg HS256", header(&format!(r#""alg":"HS256","typ":"{CREDENTIAL}",{kid}"#))),
        ("an access token's typ", header(&format!(r#""alg":"ES256","typ":"at+jwt",{kid}"#))),
        ("an approval's typ", header(&format!(r#""alg":"ES256","typ":"{APPROVAL}",{kid}"#))),
        ("no typ", header(&format!(r#""alg":"ES256",{kid}"#))),
        ("no kid", header(&format!(r#""alg":"ES256","typ":"{CREDENTIAL}""#))),
        ("an unknown kid", header(&format!(r#""alg":"ES256","typ":"{CREDENTIAL}","kid":"k2""#))),
        (
            "a jku",
            header(&format!(r#""alg":"ES256","typ":"{CREDENTIAL}",{kid},"jku":"https://x""#)),
        ),
        (
            "crit",
            header(&format!(
                r#""alg":"ES256","typ":"{CREDENTIAL}",{kid},"crit":["b64"],"b64":false"#
            )),
        ),
        ("alg twice", header(&format!(r#""alg":"none","alg":"ES256","typ":"{CREDENTIAL}",{kid}"#))),
    ]
}

fn wrong_base_tokens() -> Vec<(&'static str, Call)> {
    let typ = json!({ "alg": "ES256", "typ": CREDENTIAL, "kid": "k1" });
    vec![
        ("base: another issuer", good().base("/iss", json!(ISSUER))),
        ("base: another audience", good().base("/aud", json!("https://other.example/"))),
        ("base: expired", good().base("/exp", json!(NOW - 30))),
        ("base: another subject", good().base("/sub", json!("erin"))),
        ("base: no session", good().base("/sid", Value::Null)),
        ("base: no key", good().base("/cnf", Value::Null)),
        ("base: another typ", Call { base_header: typ, ..good() }),
    ]
}

/// The published bodies, with a credential for each that can be hashed.
fn published() -> Vec<(bool, String, Call)> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
    let Ok(folder) = std::env::var("COUNTERSIGN_VECTORS") else {
        eprintln!("skipped: the published bodies: set COUNTERSIGN_VECTORS");
        return Vec::new();
    };
    let text = fs::read_to_string(Path::new(&folder).join("json/params-hash.jsonl")).unwrap();
    let case = |line: &str| {
        let case: Value = serde_json::from_str(line).unwrap();
        let call = Call::of(case["input"].as_str().unwrap());
        (case["gate"] == "accept", format!("body: {}", case["case"]), call)
    };
    text.lines().map(case).collect()
}

fn all() -> Vec<(bool, String, Call)> {
    let other_bodies = [
        ("another amount", BODY.replace("100.00", "100.01")),
        ("another spelling of the amount", BODY.replace("\"100.00\"", "100.00")),
        ("a member more", BODY.replace("{\"amount\"", "{\"note\":\"\",\"amount\"")),
        ("a body with a member twice", BODY.replace("{\"amount\"", "{\"to\":\"eve\",\"amount\"")),
        ("no JSON", "amount=100".to_owned()),
    ];
    let other = other_bodies.into_iter().map(|(name, body)| (name, Call { body, ..good() }));
    let refused = [wrong_claims(), wrong_headers(), wrong_base_tokens()].concat();
    let named = |right: bool| move |(name, call): (&str, Call)| (right, name.to_owned(), call);
    let accepted = accepted().into_iter().map(named(true));
    accepted.chain(refused.into_iter().chain(other).map(named(false))).chain(published()).collect()
}

#[test]
fn the_corpus_for_the_judges() {
    let (signer, token_signer, stranger) = (Signer::new(), Signer::new(), Signer::new());
    let mut calls = Vec::new();
    let mut add = |right: bool, name: String, token: &str, credential: &str, call: &Call| {
        let verdict = if right { "accepted" } else { "refused" };
        let (body, now) = (&call.body, call.now);
        calls.push(json!({
            "name": name, "verdict": verdict, "token": token, "credential": credential,
            "body": body, "now": now,
        }));
    };
    for (right, name, call) in all() {
        let token = token_signer.sign(&call.base_header.to_string(), &call.base.to_string());
        add(right, name, &token, &signer.sign(&call.header, &call.claims), &call);
    }
    let call = good();
    let token = token_signer.sign(&call.base_header.to_string(), &call.base.to_string());
    let bound = good().claim("/ath", json!(URL_SAFE_NO_PAD.encode(Sha256::digest(&token))));
    add(
        true,
        "bound to the base token".to_owned(),
        &token,
        &signer.sign(&bound.header, &bound.claims),
        &bound,
    );
    let credential = signer.sign(&call.header, &call.claims);
    let changed = credential.replacen(".e", ".f", 1);
    for (name, token, credential) in [
        ("signed by a stranger", token.clone(), stranger.sign(&call.header, &call.claims)),
        (
            "base: signed by a stranger",
            stranger.sign(&call.base_header.to_string(), &call.base.to_string()),
            credential.clone(),
        ),
        ("a changed character", token.clone(), changed),
        ("the base token as credential", token.clone(), token.clone()),
        ("the credential as base token", credential.clone(), credential.clone()),
        ("no credential", token.clone(), String::new()),
        (
            "a credential cut off",
            token.clone(),
            credential.split_at(credential.len() - 4).0.to_owned(),
        ),
        ("padding", token.clone(), format!("{credential}=")),
        ("a fourth part", token.clone(), format!("{credential}.x")),
    ] {
        add(false, name.to_owned(), &token, &credential, &call);
    }
    let corpus = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "keys": signer.keys(),
        "token_issuer": TOKEN_ISSUER, "token_keys": token_signer.keys(), "calls": calls,
    });
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
    if let Ok(path) = std::env::var("COUNTERSIGN_CREDENTIAL_CORPUS") {
        fs::write(path, corpus.to_string()).unwrap();
    }
    assert!(corpus["calls"].as_array().unwrap().len() >= 60);
}
