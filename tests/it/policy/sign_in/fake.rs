//! An identity provider that remembers whom it has sent back with which code, and lies on demand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use countersign::clock::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub(super) const CLIENT: &str = "countersign";
pub(super) const CALLBACK: &str = "https://countersign.example/link/callback";

/// What it says instead of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    OtherNonce,
    NoNonce,
    OtherAudience,
    OtherIssuer,
    Unsigned,
    OtherKey,
    Expired,
    NoToken,
    Down,
}

/// A listener on this machine.
#[derive(Clone)]
pub(super) struct Idp {
    pub(super) url: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    url: String,
    clock: Clock,
    key: KeyPair,
    other: KeyPair,
    /// Who sits at the browser.
    subject: String,
    codes: HashMap<String, Asked>,
    lie: Option<Lie>,
}

/// What a code was given for.
struct Asked {
    subject: String,
    nonce: String,
    challenge: String,
}

impl Idp {
    pub(super) async fn start(clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner {
            url: url.clone(),
            clock: clock.clone(),
            key: KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            other: KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            subject: "nora-1".to_owned(),
            codes: HashMap::new(),
            lie: None,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&inner));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner }
    }

    /// Somebody else sits down at the browser.
    pub(super) fn is(&self, subject: &str) {
        subject.clone_into(&mut self.inner.lock().unwrap().subject);
    }

    pub(super) fn lies(&self, lie: Option<Lie>) {
        self.inner.lock().unwrap().lie = lie;
    }
}

type Shared = State<Arc<Mutex<Inner>>>;
type Pairs = HashMap<String, String>;

async fn metadata(State(inner): Shared) -> Json<Value> {
    let url = &inner.lock().unwrap().url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
    }))
}

async fn keys(State(inner): Shared) -> Json<Value> {
    let x = URL_SAFE_NO_PAD.encode(inner.lock().unwrap().key.public_key_raw());
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "alg": "EdDSA", "x": x,
    });
    Json(json!({ "keys": [key] }))
}

/// Whoever sits there is signed in already.
async fn authorize(State(inner): Shared, Query(asked): Query<Pairs>) -> Response {
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    let mut inner = inner.lock().unwrap();
    let code = format!("code-{}", inner.codes.len());
    let given = Asked {
        subject: inner.subject.clone(),
        nonce: asked["nonce"].clone(),
        challenge: asked["code_challenge"].clone(),
    };
    inner.codes.insert(code.clone(), given);
    let back = format!("{CALLBACK}?code={code}&state={}&iss={}", asked["state"], inner.url);
    (StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response()
}

/// A code is good once, for whoever has its verifier.
async fn token(State(inner): Shared, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    let mut inner = inner.lock().unwrap();
    let proof = STANDARD.encode(format!("{CLIENT}:{}", crate::office::DIRECTORY_TOKEN));
    assert_eq!(headers["authorization"], format!("Basic {proof}"));
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["redirect_uri"], CALLBACK);
    let Some(asked) = inner.codes.get_mut(&form["code"]).map(std::mem::take) else {
        return refused();
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    if asked.challenge != challenge || inner.lie == Some(Lie::Down) {
        return refused();
    }
    let answer = match inner.lie {
        Some(Lie::NoToken) => json!({ "access_token": "a", "token_type": "Bearer" }),
        _ => json!({ "id_token": inner.id_token(&asked), "token_type": "Bearer" }),
    };
    Json(answer).into_response()
}

fn refused() -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response()
}

impl Inner {
    fn id_token(&self, asked: &Asked) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT, "sub": asked.subject, "nonce": asked.nonce,
            "iat": now, "exp": now + 300,
        });
        let mut key = &self.key;
        match self.lie {
            Some(Lie::OtherNonce) => claims["nonce"] = "another".into(),
            Some(Lie::NoNonce) => claims["nonce"] = Value::Null,
            Some(Lie::OtherAudience) => claims["aud"] = "another".into(),
            Some(Lie::OtherIssuer) => claims["iss"] = "https://evil.example".into(),
            Some(Lie::Expired) => claims["exp"] = (now - 60).into(),
            Some(Lie::OtherKey) => key = &self.other,
            Some(Lie::Unsigned) => {
                let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                let header = json!({ "alg": "none", "kid": "k1" });
                return format!("{}.{}.", part(&header), part(&claims));
            }
            Some(Lie::NoToken | Lie::Down) | None => {}
        }
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &EncodingKey::from_ed_der(&key.serialize_der())).unwrap()
    }
}

/// A code that was used is good for nothing.
impl Default for Asked {
    fn default() -> Self {
        let (subject, nonce, challenge) = (String::new(), String::new(), "used".to_owned());
        Self { subject, nonce, challenge }
    }
}
