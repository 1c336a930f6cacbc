//! A service without chat, behind its router, and what it is asked with.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Method, Request, header},
    response::Response,
};
use countersign_egress::Egress;
use countersign_port::{
    auth_server::{Answer, AuthServer, Receipt, ReplyTo},
    error::SendError,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::super::*;
use crate::{
    app::{App, Deps},
    clock::{Clock, Seeds},
    config::{Config, environment::Environment},
    law::{Known, Law, Source, Sources},
    outbox::pace::Pace,
    signing::SigningKeys,
    store::Store,
};

pub(super) const KEY: &str = "cs_crm_0123456789abcdefghijklmnopqrstuvwx";
pub(super) const OTHER_KEY: &str = "cs_other_0123456789abcdefghijklmnopqrstuvw";
pub(super) const SIEM_KEY: &str = "cs_siem_0123456789abcdefghijklmnopqrstuvwx";
pub(super) const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

pub(super) const CONFIG: &str = r#"
public_url: http://127.0.0.1:8080
clients:
  - id: crm
    api_keys: { env: KEY }
    webhook_secret: { env: SECRET }
    callbacks: ["https://auth.example.com/hook"]
    scopes: ["orders:*", "funds.*"]
    trust: trusted
  - id: other
    api_keys: { env: OTHER_KEY }
    scopes: ["orders:*"]
    limits: { requests_per_second: 2 }
auditors: [{ id: siem, api_keys: { env: SIEM_KEY } }]
"#;

pub(super) const POLICY: &str = r"
version: 1
defaults: { expires_after: 30m, use_within: 10m, self_approval: forbidden, on_deny: stop, no_rule: refuse }
channels: { shop: { sandbox: shop } }
rules:
  - name: reads
    if: { access: read, client.trust: trusted }
    pre_approve: { valid_for: 8h }
  - name: writes
    if: { access: write }
    ask: [{ from: shop, count: 1, in: shop }]
";

pub(super) const CATALOGUE: &str = r#"
scopes:
  "orders:read": { title: See orders, risk: low, owner: shop, env: prod, access: read }
  "orders:write": { title: Change orders, risk: low, owner: shop, env: prod, access: write }
"#;

pub(super) const PEOPLE: &str = "
people:
  erin: { name: Erin, groups: [shop], sandbox: { team: demo, user: erin } }
";

/// A service without chat, behind its router.
pub(super) struct Door {
    pub(super) router: Router,
    pub(super) clock: Clock,
    pub(super) app: App,
    _folder: TempDir,
}

pub(super) struct Nobody;

#[async_trait]
impl AuthServer for Nobody {
    async fn answer(&self, _: &ReplyTo, _: &Answer) -> Result<Receipt, SendError> {
        Err(SendError::Unknown { cause: "nobody is there".to_owned() })
    }
}

impl Door {
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::from([
            ("KEY", KEY),
            ("OTHER_KEY", OTHER_KEY),
            ("SIEM_KEY", SIEM_KEY),
            ("SECRET", SECRET),
        ]);
        let config = Config::parse("test", CONFIG, folder.path(), &environment).unwrap();
        let source = |text: &str| Source { name: "test".to_owned(), text: text.to_owned() };
        let sources = Sources {
            policy: source(POLICY),
            catalogue: source(CATALOGUE),
            people: source(PEOPLE),
        };
        let known = Known { platforms: vec!["sandbox"], ..Known::default() };
        let clock = Clock::frozen("2026-11-22T12:00:00Z".parse().unwrap());
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store = Store::open(&url).await.unwrap();
        let ring = Arc::default();
        let signing = SigningKeys::new(store.clone(), ring, clock.clone(), Seeds::fixed(2));
        let app = App::new(Deps {
            store,
            clock: clock.clone(),
            seeds: Seeds::fixed(1),
            signing,
            law: Law::parse(&sources, &known).unwrap(),
            public_url: config.public_url,
            sign_in: None,
            chats: Vec::new(),
            directories: Vec::new(),
            auth_server: Arc::new(Nobody),
            delegating: crate::service::Delegating::default(),
            registered: crate::service::Registered::default(),
            pace: Pace::Unlimited,
        });
        let egress = Egress::new(config.egress).unwrap();
        let registry = Registry::new(
            config.clients,
            config.auditors,
            config.resource_servers,
            config.providers,
            config.issuers,
            &egress,
        );
        let state = AppState::new(app.service.clone(), registry, meter::recorder(), app.stopping());
        let loud = axum::routing::get(|| async { panic_now() });
        let router = router(&state, Router::new().route("/panic", loud));
        Self { router, clock, app, _folder: folder }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        Reply::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(with_key(Method::GET, path, KEY).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(json_request(path, KEY, body)).await
    }

    /// Asks for a scope that the policy grants at once.
    pub(super) async fn ask(&self) -> Reply {
        self.post(REQUESTS, &wish("orders:read")).await
    }
}

pub(super) fn panic_now() -> &'static str {
    panic!("as it happens")
}

/// An answer, read to its end.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: Value,
}

impl Reply {
    pub(super) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The last word of the problem's type.
    pub(super) fn problem(&self) -> &str {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        assert_eq!(self.body["status"], self.status);
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        self.body["type"].as_str().unwrap().rsplit(':').next().unwrap()
    }
}

pub(super) const REQUESTS: &str = "/access/v1/requests";

pub(super) fn wish(scope: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": "ana" },
        "client": { "id": "crm-sync" },
        "requested_access": { "scope": scope },
    })
}

pub(super) fn with_key(method: Method, path: &str, key: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    request.header(header::AUTHORIZATION, format!("Bearer {key}"))
}

pub(super) fn json_request(path: &str, key: &str, body: &Value) -> Request<Body> {
    let request =
        with_key(Method::POST, path, key).header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}
