//! A resource server in Rust: validates the base token as always, then the credential, then redeems
//! and executes what it has parsed. `serve` listens; `judge FILE` says of each line of a corpus
//! whether it would act, without asking anybody.
//!
//! ```sh
//! COUNTERSIGN_URL=https://countersign.example COUNTERSIGN_API_KEY=cs_api_… \
//! TOKEN_ISSUER=https://sso.example TOKEN_JWKS=https://sso.example/jwks AUDIENCE=https://api.example/ \
//! PORT=9000 cargo run -p countersign-verify --example resource_server -- serve
//! ```

#![expect(clippy::disallowed_methods, reason = "an example asks its surroundings directly")]
#![expect(clippy::print_stdout, reason = "an example talks")]

use std::{
    error::Error,
    sync::{Arc, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_verify::{
    call::Call,
    claims::HEADER,
    hash::{self, Asked},
    keys::Keys,
    online::{Failed, Service},
    refusal::Refused,
    verifier::{SKEW_S, Verifier},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

type Anything = Box<dyn Error + Send + Sync>;

/// What the base token says.
#[derive(Debug, Deserialize)]
struct Base {
    sub: String,
    client_id: String,
    sid: Option<String>,
    iat: i64,
    exp: i64,
    cnf: Option<Thumbprint>,
}

#[derive(Debug, Deserialize)]
struct Thumbprint {
    jkt: String,
}

/// Validates base tokens (RFC 9068) of one issuer.
struct BaseTokens {
    issuer: String,
    audience: String,
    keys: JwkSet,
}

impl BaseTokens {
    fn validate(&self, token: &str, now: i64) -> Result<Base, Anything> {
        let header = decode_header(token)?;
        if header.typ.as_deref() != Some("at+jwt") {
            return Err("the base token is no access token".into());
        }
        let kid = header.kid.ok_or("the base token names no key")?;
        let key = self.keys.find(&kid).ok_or("the base token names an unknown key")?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_exp = false;
        let base: Base = decode(token, &DecodingKey::from_jwk(key)?, &validation)?.claims;
        if base.exp + SKEW_S <= now || base.iat - SKEW_S > now {
            return Err("the base token is not valid now".into());
        }
        Ok(base)
    }
}

/// What is left of a call that may be executed, once it is redeemed.
struct Judged {
    asked: Asked,
    params_hash: String,
    base: Base,
    ath: String,
}

impl Judged {
    fn call(&self) -> Call<'_> {
        Call {
            subject: &self.base.sub,
            client_id: &self.base.client_id,
            sid: self.base.sid.as_deref(),
            ath: Some(&self.ath),
            key: self.base.cnf.as_ref().map(|cnf| cnf.jkt.as_str()),
        }
    }
}

/// Everything but spending the credential. A real server also checks the proof of the key.
fn judge(
    bases: &BaseTokens,
    verifier: &Verifier,
    (token, credential, body): (&str, &str, &[u8]),
    now: i64,
) -> Result<Judged, Anything> {
    let base = bases.validate(token, now)?;
    let asked = hash::asked(body)?;
    let params_hash = asked.params_hash()?;
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
    let judged = Judged { asked, params_hash, base, ath };
    verifier.verify(credential, &judged.call(), &judged.params_hash, now)?;
    Ok(judged)
}

struct Server {
    bases: BaseTokens,
    verifier: RwLock<Verifier>,
    service: Service,
}

impl Server {
    /// Judges; where the key is not known, fetches the keys and judges once more.
    async fn judge(&self, parts: (&str, &str, &[u8])) -> Result<Judged, Anything> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let once = || {
            let verifier = self.verifier.read().map_err(|_| "a thread panicked")?.clone();
            judge(&self.bases, &verifier, parts, now)
        };
        match once() {
            Err(why) if why.downcast_ref() == Some(&Refused::UnknownKey) => {
                if let Some(keys) = self.service.keys().await? {
                    self.verifier.write().map_err(|_| "a thread panicked")?.keys = keys;
                }
                once()
            }
            judged => judged,
        }
    }
}

async fn act(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = bearer else { return StatusCode::UNAUTHORIZED.into_response() };
    let Some(credential) = text(HEADER) else {
        let challenge = r#"Bearer error="transaction_authorization_required""#;
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    };
    let judged = match server.judge((token, credential, &body)).await {
        Ok(judged) => judged,
        Err(why) => {
            println!("refused: {why}");
            return StatusCode::FORBIDDEN.into_response();
        }
    };
    let key = text("idempotency-key").unwrap_or(credential);
    let key = URL_SAFE_NO_PAD.encode(Sha256::digest(key));
    let done = server.service.redeem(credential, &judged.call(), &judged.params_hash, &key).await;
    match done {
        // Here the action is carried out: what was parsed, not the body once more. A caller that lost
        // the answer comes again with the same key: carry out once for each.
        Ok(_) => {
            let name = judged.asked.action.get("name").and_then(Value::as_str);
            format!("done: {}\n", name.unwrap_or_default()).into_response()
        }
        Err(Failed::NotActive) => StatusCode::FORBIDDEN.into_response(),
        Err(why) => {
            println!("not redeemed: {why}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn serve() -> Result<(), Anything> {
    let wanted = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let (url, audience) = (wanted("COUNTERSIGN_URL")?, wanted("AUDIENCE")?);
    let http = reqwest::Client::new();
    let keys = http.get(wanted("TOKEN_JWKS")?).send().await?.error_for_status()?.json().await?;
    let bases = BaseTokens { issuer: wanted("TOKEN_ISSUER")?, audience: audience.clone(), keys };
    let verifier = Verifier { issuer: url.clone(), audience, keys: Keys::default() };
    let service = Service::new(url, wanted("COUNTERSIGN_API_KEY")?, http);
    let server = Arc::new(Server { bases, verifier: RwLock::new(verifier), service });
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", wanted("PORT")?)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, Router::new().route("/actions", post(act)).with_state(server)).await?)
}

/// A corpus: who signs, and calls to judge.
#[derive(Debug, Deserialize)]
struct Corpus {
    issuer: String,
    audience: String,
    keys: JwkSet,
    token_issuer: String,
    token_keys: JwkSet,
    calls: Vec<Trial>,
}

#[derive(Debug, Deserialize)]
struct Trial {
    token: String,
    credential: String,
    body: String,
    now: i64,
}

fn judge_all(path: &str) -> Result<(), Anything> {
    let corpus: Corpus = serde_json::from_slice(&std::fs::read(path)?)?;
    let (issuer, audience) = (corpus.issuer, corpus.audience);
    let verifier = Verifier { issuer, audience: audience.clone(), keys: Keys::of(&corpus.keys) };
    let bases = BaseTokens { issuer: corpus.token_issuer, audience, keys: corpus.token_keys };
    for Trial { token, credential, body, now } in &corpus.calls {
        let judged = judge(&bases, &verifier, (token, credential, body.as_bytes()), *now);
        println!("{}", if judged.is_ok() { "accepted" } else { "refused" });
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Anything> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve"] => serve().await,
        ["judge", path] => judge_all(path),
        _ => Err("say `serve`, or `judge FILE`".into()),
    }
}
