//! A token endpoint that gives a new access token each time and is away on demand. It takes a secret,
//! or an assertion that nobody has used before; and of refresh tokens only the one that it gave last.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign::clock::Clock;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

/// What the client proves itself with.
pub(crate) const SECRET: &str = "canary-secret-of-the-token-client";

/// The refresh token that an administrator has deposited.
pub(crate) const DEPOSITED: &str = "canary-refresh-token-deposited";

/// The key of the client, for those who sign.
static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());

/// That key, as it stands in the environment.
pub(crate) fn key() -> String {
    KEY.serialize_pem()
}

/// A listener on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) endpoint: String,
    state: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    given: usize,
    asked: usize,
    is_away: bool,
    /// Until when it says nothing.
    silence: Option<Arc<Semaphore>>,
    /// The ids of assertions.
    used: BTreeSet<String>,
    /// The one refresh token that is good.
    refresh: String,
    /// By whose time assertions are judged.
    clock: Option<Clock>,
    /// How long its tokens live, where that is not an hour.
    life_s: Option<u32>,
}

impl Login {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/token", listener.local_addr().unwrap());
        let state: Arc<Mutex<Inner>> = Arc::default();
        let router = Router::new().route("/token", post(give)).with_state(Arc::clone(&state));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, state }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// From now on the deposited refresh token is good, and no other.
    pub(crate) fn trusts_the_deposit(&self) {
        DEPOSITED.clone_into(&mut self.state.lock().unwrap().refresh);
    }

    /// Assertions are judged by this clock.
    pub(crate) fn lives_by(&self, clock: &Clock) {
        self.state.lock().unwrap().clock = Some(clock.clone());
    }

    /// From now on its tokens live so long.
    pub(crate) fn gives_for(&self, seconds: u32) {
        self.state.lock().unwrap().life_s = Some(seconds);
    }

    pub(crate) fn goes_away(&self) {
        self.state.lock().unwrap().is_away = true;
    }

    /// From now on it does what it is asked, and does not say so yet.
    pub(crate) fn holds_its_tongue(&self) {
        self.state.lock().unwrap().silence = Some(Arc::new(Semaphore::new(0)));
    }

    /// Says what it has not said, and is as before.
    pub(crate) fn speaks(&self) {
        let silence = self.state.lock().unwrap().silence.take();
        silence.expect("a silence").add_permits(64);
    }

    pub(crate) fn comes_back(&self) {
        self.state.lock().unwrap().is_away = false;
    }
}

/// The header that carries the token of that number.
pub(crate) fn bearer(number: usize) -> String {
    format!("Bearer {}", token(number))
}

pub(crate) fn token(number: usize) -> String {
    format!("canary-access-token-{number:04}")
}

async fn give(
    State(state): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let answer = state.lock().unwrap().answer(&headers, &form);
    let silence = state.lock().unwrap().silence.clone();
    if let Some(silence) = silence {
        silence.acquire().await.unwrap().forget();
    }
    answer
}

impl Inner {
    fn answer(
        &mut self,
        headers: &HeaderMap,
        form: &BTreeMap<String, String>,
    ) -> (StatusCode, Json<Value>) {
        assert_eq!(form["scope"], "hooks");
        match form.get("client_assertion") {
            None => {
                let pair = STANDARD.encode(format!("countersign:{SECRET}"));
                assert_eq!(headers["authorization"], format!("Basic {pair}"));
            }
            Some(assertion) => self.judge(form, assertion),
        }
        self.asked += 1;
        if self.is_away {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
        }
        let mut given =
            json!({ "token_type": "Bearer", "expires_in": self.life_s.unwrap_or(3600) });
        match form["grant_type"].as_str() {
            "client_credentials" => {}
            "refresh_token" if form["refresh_token"] == self.refresh => {
                self.refresh = format!("canary-refresh-token-{:04}", self.given + 1);
                given["refresh_token"] = json!(self.refresh);
            }
            // Whoever brings an old one has lost what came in its place.
            "refresh_token" => {
                return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
            }
            other => panic!("{other}"),
        }
        self.given += 1;
        given["access_token"] = json!(token(self.given));
        (StatusCode::OK, Json(given))
    }

    /// RFC 7523, section 3, and that no assertion is good twice.
    fn judge(&mut self, form: &BTreeMap<String, String>, assertion: &str) {
        assert_eq!(
            form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        assert!(!form.contains_key("client_secret"));
        let mut checks = Validation::new(Algorithm::ES256);
        // The clock of the story, and not that of the machine.
        checks.validate_exp = false;
        checks.validate_aud = false;
        let key = DecodingKey::from_ec_der(KEY.public_key_raw());
        let claims = decode::<Value>(assertion, &key, &checks).expect("signed by the key").claims;
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&json!("countersign"), &json!("countersign"))
        );
        assert_eq!(form["client_id"], "countersign");
        assert!(claims["aud"].as_str().unwrap().ends_with("/token"), "{claims}");
        let now = self.clock.as_ref().unwrap().now().as_second();
        let life = claims["exp"].as_i64().unwrap() - now;
        assert!((1..=60).contains(&life), "{claims} at {now}");
        assert_eq!(claims["iat"], now);
        let id = claims["jti"].as_str().unwrap().to_owned();
        assert!(id.len() >= 32, "{id}");
        assert!(self.used.insert(id), "an assertion is good for once");
        assert_eq!(decode_header(assertion).unwrap().kid.unwrap().len(), 43, "a thumbprint");
    }
}
