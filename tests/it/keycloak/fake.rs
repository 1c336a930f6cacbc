//! A Keycloak that keeps its contract, odd rules included: anything but a 201 is a failure; a request
//! is stored only after the 201, and a callback before that gets 403; a second callback gets 403 and
//! deletes the grant; the bearer comes back unchanged, and all that was asked is granted or nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Form, Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use countersign::clock::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::realm::{CLIENT, SECRET};
use crate::office::client;

/// A PKCS #8 key of this kind wraps the PKCS #1 key that is wanted in a prefix of this length.
const WRAPPING: usize = 26;

/// What the realm forgets a request after.
const EXPIRES_IN_S: i64 = 600;

/// One key for all realms of a run, and one that no realm has published.
static KEYS: LazyLock<[EncodingKey; 2]> = LazyLock::new(|| [key(), key()]);

fn key() -> EncodingKey {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_der();
    EncodingKey::from_rsa_der(&pair[WRAPPING..])
}

/// A realm.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    core: Arc<Core>,
}

#[derive(Debug)]
struct Core {
    issuer: String,
    clock: Clock,
    state: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Where it asks.
    channel: String,
    requests: BTreeMap<String, Asked>,
    /// What the next callbacks get.
    faults: VecDeque<Fault>,
    /// Every callback, with what was answered.
    callbacks: Vec<(String, u16)>,
    asked: usize,
    /// What a mapper writes into bearers of how the user signed in.
    sign_in: Option<(Value, Value)>,
}

#[derive(Debug, Clone)]
struct Asked {
    bearer: String,
    scope: String,
    expires_at: i64,
    stands: Stands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Open,
    Granted,
    Denied,
    /// The grant was taken back.
    Gone,
}

/// What goes wrong with a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is done, and the answer is lost.
    DoneAnd(u16),
    /// It is not done.
    NotDone(u16),
    /// It is done, or not, and no answer ever comes.
    Silence { done: bool },
}

impl Fake {
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realms/acme", listener.local_addr().unwrap());
        let core = Arc::new(Core { issuer, clock, state: Mutex::default() });
        let fake = Self { core };
        let base = "/realms/acme/protocol/openid-connect";
        let router = Router::new()
            .route(&format!("{base}/ext/ciba/auth"), post(authenticate))
            .route(&format!("{base}/ext/ciba/auth/callback"), post(callback))
            .route(&format!("{base}/token"), post(token))
            .route(&format!("{base}/certs"), get(certs))
            .route("/realms/acme/.well-known/openid-configuration", get(metadata))
            .with_state(fake.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    pub(crate) fn issuer(&self) -> String {
        self.core.issuer.clone()
    }

    /// From now on it asks there.
    pub(crate) fn connect(&self, channel: &str) {
        channel.clone_into(&mut self.state().channel);
    }

    /// What the next callbacks get.
    pub(crate) fn misbehave(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// From now on its bearers say `acr` and `auth_time`.
    pub(crate) fn says_sign_in(&self, acr: Value, auth_time: Value) {
        self.state().sign_in = Some((acr, auth_time));
    }

    /// Status and answer of every callback since the last look.
    pub(crate) fn callbacks(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut self.state().callbacks)
    }

    /// The claims of a good bearer; a story may spoil them.
    pub(crate) fn claims(&self) -> Value {
        let number = {
            let mut state = self.state();
            state.asked += 1;
            state.asked
        };
        let (now, issuer) = (self.now(), &self.core.issuer);
        json!({
            "exp": now + EXPIRES_IN_S, "iat": now, "jti": format!("request-{number}"),
            "iss": issuer, "aud": issuer, "sub": "cbba7493-25fe-498b-81c5-da4099409cec",
            "typ": "Bearer", "azp": CLIENT,
        })
    }

    /// What a request is answered with.
    pub(crate) fn bearer(&self, id: &str) -> String {
        self.state().requests[id].bearer.clone()
    }

    fn now(&self) -> i64 {
        self.core.clock.now().as_second()
    }

    fn state(&self) -> MutexGuard<'_, Inner> {
        self.core.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bearer, by the realm's key or by a stranger's.
pub(crate) fn sign(claims: &Value, key: usize) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("realm-key".to_owned());
    encode(&header, claims, &KEYS[key]).unwrap()
}

fn refused(status: u16, error: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, Json(json!({ "error": error }))).into_response()
}

type Fields = BTreeMap<String, String>;

fn is_client(form: &Fields) -> bool {
    form.get("client_id").is_some_and(|id| id == CLIENT)
        && form.get("client_secret").is_some_and(|secret| secret == SECRET)
}

/// `^[a-zA-Z0-9-._+/!?#]{1,50}$`
fn is_binding_message(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._+/!?#".contains(c);
    (1..=50).contains(&text.len()) && text.chars().all(fits)
}

async fn authenticate(State(fake): State<Fake>, Form(form): Form<Fields>) -> Response {
    if !is_client(&form) {
        return refused(401, "invalid_client");
    }
    let message = form.get("binding_message");
    if message.is_some_and(|message| !is_binding_message(message)) {
        return refused(400, "invalid_binding_message");
    }
    let requested: Option<i64> = form.get("requested_expiry").map(|text| text.parse().unwrap());
    let mut claims = fake.claims();
    // A wish changes the bearer, and not what the realm remembers.
    claims["exp"] = (fake.now() + requested.unwrap_or(EXPIRES_IN_S)).into();
    if let Some((acr, auth_time)) = fake.state().sign_in.clone() {
        claims["acr"] = acr;
        claims["auth_time"] = auth_time;
    }
    let expires_at = fake.now() + EXPIRES_IN_S;
    let bearer = sign(&claims, 0);
    let mut body = Map::from_iter([
        ("scope".to_owned(), json!(form["scope"])),
        ("login_hint".to_owned(), json!(form["login_hint"])),
        ("is_consent_required".to_owned(), json!(false)),
    ]);
    body.extend(form.get("acr_values").map(|wish| ("acr_values".to_owned(), json!(wish))));
    body.extend(message.map(|message| ("binding_message".to_owned(), json!(message))));
    let channel = fake.state().channel.clone();
    let sent = client().post(channel).bearer_auth(&bearer).json(&body).send().await;
    if !sent.is_ok_and(|answer| answer.status() == 201) {
        return refused(503, "server_error");
    }
    let id = claims["jti"].as_str().unwrap().to_owned();
    let asked = Asked { bearer, scope: form["scope"].clone(), expires_at, stands: Stands::Open };
    fake.state().requests.insert(id.clone(), asked);
    Json(json!({ "auth_req_id": id, "expires_in": EXPIRES_IN_S, "interval": 5 })).into_response()
}

async fn token(State(fake): State<Fake>, Form(form): Form<Fields>) -> Response {
    let now = fake.now();
    let state = fake.state();
    let asked = form.get("auth_req_id").and_then(|id| state.requests.get(id));
    match asked.map(|asked| (asked.stands, asked.expires_at <= now)) {
        None => refused(400, "invalid_grant"),
        Some((Stands::Open, false)) => refused(400, "authorization_pending"),
        Some((Stands::Denied, false)) => refused(400, "access_denied"),
        Some((Stands::Granted, false)) => {
            let scope = asked.map(|asked| asked.scope.as_str());
            Json(json!({ "access_token": "token", "scope": scope })).into_response()
        }
        Some((Stands::Gone, _) | (_, true)) => refused(400, "expired_token"),
    }
}

async fn callback(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Response {
    let fault = fake.state().faults.pop_front();
    let sent: Map<String, Value> = serde_json::from_slice(&body).unwrap();
    let status = sent["status"].as_str().unwrap_or_default().to_owned();
    let answered = match fault {
        Some(Fault::NotDone(status)) => status,
        Some(Fault::DoneAnd(answer)) => {
            judge(&fake, &headers, &sent);
            answer
        }
        Some(Fault::Silence { done }) => {
            if done {
                judge(&fake, &headers, &sent);
            }
            fake.state().callbacks.push((status, 0));
            return std::future::pending().await;
        }
        None => judge(&fake, &headers, &sent),
    };
    fake.state().callbacks.push((status, answered));
    StatusCode::from_u16(answered).unwrap().into_response()
}

fn judge(fake: &Fake, headers: &HeaderMap, sent: &Map<String, Value>) -> u16 {
    let now = fake.now();
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    let Some(bearer) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else { return 401 };
    let stands = match sent.get("status").and_then(Value::as_str) {
        Some("SUCCEED") => Stands::Granted,
        Some("UNAUTHORIZED" | "CANCELLED") => Stands::Denied,
        _ => return 400,
    };
    if !sent.values().all(Value::is_string) {
        return 400;
    }
    let mut state = fake.state();
    let asked = state.requests.values_mut().find(|asked| asked.bearer == bearer);
    let Some(asked) = asked.filter(|asked| now < asked.expires_at) else { return 403 };
    if asked.stands != Stands::Open {
        asked.stands = Stands::Gone;
        return 403;
    }
    asked.stands = stands;
    200
}

async fn certs() -> Json<Value> {
    let jwk = Jwk::from_encoding_key(&KEYS[0], Algorithm::RS256).unwrap();
    let mut jwk = serde_json::to_value(jwk).unwrap();
    jwk["kid"] = "realm-key".into();
    jwk["use"] = "sig".into();
    Json(json!({ "keys": [jwk] }))
}

async fn metadata(State(fake): State<Fake>) -> Json<Value> {
    let grants = ["urn:openid:params:grant-type:ciba"];
    Json(json!({
        "issuer": fake.issuer(), "grant_types_supported": grants,
        "backchannel_token_delivery_modes_supported": ["poll"],
    }))
}
