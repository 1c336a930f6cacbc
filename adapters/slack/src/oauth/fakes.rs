//! The OAuth side of one workspace, over real HTTP: rotates like Slack does, and can be told to lose
//! its answers.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::post,
};
use countersign_egress::{Egress, target::Allow};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use super::OAuth;
use crate::settings::{Install, Settings};

pub(crate) const APP: &str = "A0COUNTER";
pub(crate) const TEAM: &str = "T0123";
pub(crate) const ORGANISATION: &str = "E0123";
/// What a code has to be.
pub(crate) const CODE: &str = "code-7c1f";

/// Serves until it is dropped.
pub(crate) struct FakeSlack {
    pub(crate) api_url: Url,
    office: Arc<Mutex<Office>>,
    _task: JoinSet<()>,
}

pub(crate) struct Office {
    /// The forms that were posted.
    pub(crate) calls: Vec<BTreeMap<String, String>>,
    /// What every grant says beside its tokens.
    pub(crate) grant: Value,
    /// So many answers are lost, after what was asked has been done.
    pub(crate) losing: usize,
    /// Said instead of doing anything.
    pub(crate) refusing: Option<&'static str>,
    /// Whether the last refresh token works once more.
    pub(crate) grace: bool,
    /// Whether the app is still installed.
    pub(crate) installed: bool,
    /// How often tokens were given.
    pub(crate) generation: u32,
}

impl FakeSlack {
    pub(crate) async fn open() -> Self {
        let office = Arc::new(Mutex::new(Office::new()));
        let router = Router::new()
            .route("/api/oauth.v2.access", post(access))
            .route("/api/auth.test", post(test))
            .with_state(Arc::clone(&office));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.expect("a server") });
        let api_url = format!("http://127.0.0.1:{port}/api").parse().expect("a URL");
        Self { api_url, office, _task: task }
    }

    pub(crate) fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().expect("no test panicked with it")
    }

    /// Installing is allowed in the workspace and in the organisation.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            api_url: self.api_url.clone(),
            public_url: "https://countersign.example.com".to_owned(),
            app_id: Some(APP.to_owned()),
            signing_secret: "not-a-signing-secret".into(),
            workspaces: vec![],
            install: Some(Install {
                client_id: "client-1".to_owned(),
                client_secret: "client-secret-5e".into(),
                teams: vec![TEAM.to_owned()],
                enterprises: vec![ORGANISATION.to_owned()],
            }),
            shared_channels: Vec::new(),
            app_token: None,
        }
    }

    pub(crate) fn oauth(&self) -> OAuth {
        OAuth::new(loopback(), &self.settings()).expect("credentials are set")
    }

    /// How often tokens were asked for.
    pub(crate) fn calls(&self) -> usize {
        self.office().calls.len()
    }
}

/// The client of the program, which may call this machine here.
pub(crate) fn loopback() -> Egress {
    let networks = vec!["127.0.0.1".parse().expect("a network")];
    let allow = Allow { networks, ports: vec![] };
    Egress::new(countersign_egress::Settings { allow, ..Default::default() }).expect("a client")
}

impl Office {
    fn new() -> Self {
        let grant = json!({
            "ok": true,
            "app_id": APP,
            "token_type": "bot",
            "scope": "chat:write",
            "bot_user_id": "U0BOT",
            "team": { "id": TEAM, "name": "Acme" },
            "enterprise": null,
            "is_enterprise_install": false,
            "expires_in": 43_200,
            "authed_user": { "id": "U0DANA" },
        });
        Self {
            calls: Vec::new(),
            grant,
            losing: 0,
            refusing: None,
            grace: true,
            installed: true,
            generation: 0,
        }
    }

    fn answer(&mut self, form: &BTreeMap<String, String>) -> Value {
        let refused = |error: &str| json!({ "ok": false, "error": error });
        if let Some(error) = self.refusing {
            return refused(error);
        }
        let token = form.get("refresh_token").map(String::as_str);
        let current = self.generation;
        let known = |generation: u32| token == Some(&format!("xoxe-1-{generation}"));
        let by_code = form.get("code").is_some_and(|code| code == CODE);
        let in_grace = self.grace && current > 0 && known(current - 1);
        if token.is_some() && !known(current) && !in_grace {
            return refused("invalid_refresh_token");
        }
        if token.is_none() && !by_code {
            return refused("invalid_code");
        }
        self.generation += 1;
        let mut grant = self.grant.clone();
        grant["access_token"] = format!("xoxe.xoxb-1-{}", self.generation).into();
        grant["refresh_token"] = format!("xoxe-1-{}", self.generation).into();
        grant
    }
}

async fn access(
    State(office): State<Arc<Mutex<Office>>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let mut office = office.lock().expect("no test panicked with it");
    let answer = office.answer(&form);
    office.calls.push(form);
    match office.losing.checked_sub(1) {
        None => axum::Json(answer).into_response(),
        Some(left) => {
            office.losing = left;
            broken_off()
        }
    }
}

async fn test(State(office): State<Arc<Mutex<Office>>>, headers: HeaderMap) -> Response {
    let office = office.lock().expect("no test panicked with it");
    let bearer = format!("Bearer xoxe.xoxb-1-{}", office.generation);
    let known = headers.get(AUTHORIZATION).is_some_and(|header| header == bearer.as_str());
    let answer = if known && office.installed {
        json!({ "ok": true, "team_id": TEAM, "user_id": "U0BOT" })
    } else {
        json!({ "ok": false, "error": "account_inactive" })
    };
    axum::Json(answer).into_response()
}

/// The connection ends before the body does.
fn broken_off() -> Response {
    let end = futures::stream::once(async { Err::<String, _>(std::io::Error::other("cut")) });
    (StatusCode::OK, Body::from_stream(end)).into_response()
}
