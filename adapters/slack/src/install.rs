//! Installing the app into a workspace: a link that works once, the way to Slack, and the way back.
//! What is shown is plain and holds neither codes nor tokens.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use countersign_port::{
    clock::Now,
    cookie,
    memory::{Lost, Memory},
    page::guarded,
    random::Random,
};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;

use self::page::Page;
use crate::{
    manifest::BOT_SCOPES,
    oauth::{Grant, OAuth, OAuthError},
    settings::{Install, Settings},
    token::Tokens,
};

mod page;
#[cfg(test)]
mod tests;

/// How long a link, and then the way through Slack, may take.
const TIME: Duration = Duration::from_mins(10);
const COOKIE_NAME: &str = "__Host-countersign-slack-install";

/// Takes operators to Slack and back.
#[derive(Debug)]
pub struct Installer {
    pub settings: Settings,
    pub oauth: OAuth,
    /// Where what was installed is kept.
    pub tokens: Arc<Tokens>,
    pub marks: Marks,
}

/// Single-use secrets: handed out as they are, remembered as digests.
#[derive(Clone)]
pub struct Marks {
    pub memory: Arc<dyn Memory>,
    pub random: Random,
    pub now: Now,
}

/// Why nothing was installed. Shown to the operator.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(
        "This link was used already or is too old. Make a new one: countersign slack install-link"
    )]
    Link,
    #[error(
        "This installation was not begun in this browser, took too long, or has been finished \
         already. Make a new link."
    )]
    State,
    #[error("Slack says that the app was not allowed there. Nothing was installed.")]
    Cancelled,
    #[error("Slack gave a token of another app. Nothing was kept.")]
    OtherApp,
    #[error("The configuration does not allow this workspace. Nothing was kept.")]
    NotAllowed,
    #[error("Slack did not give a token. Make a new link and try again.")]
    NoToken(#[source] OAuthError),
    #[error("It could not be stored. Make a new link and try again.")]
    NotKept(#[from] Lost),
}

#[derive(Deserialize)]
struct Begin {
    t: Option<String>,
}

#[derive(Deserialize)]
struct Return {
    state: Option<String>,
    code: Option<String>,
}

/// A link that an operator opens once, within ten minutes.
pub async fn install_link(public_url: &str, marks: &Marks) -> Result<String, Lost> {
    let token = marks.random.text();
    marks.set(&link_mark(&token)).await?;
    Ok(format!("{}/slack/install?t={token}", public_url.trim_end_matches('/')))
}

/// `GET /slack/install` and `GET /slack/oauth/callback`.
pub fn routes(installer: Arc<Installer>) -> Router {
    // A look at the headers alone must not use up a link.
    let not_head = || async { StatusCode::METHOD_NOT_ALLOWED };
    let router = Router::new()
        .route("/slack/install", get(begin).head(not_head))
        .route("/slack/oauth/callback", get(finish).head(not_head))
        .with_state(installer);
    guarded(router)
}

async fn begin(State(installer): State<Arc<Installer>>, Query(query): Query<Begin>) -> Response {
    match installer.begin(query.t.as_deref()).await {
        Ok((url, cookie)) => page::redirect(&url, &cookie::lasting(COOKIE_NAME, &cookie, TIME)),
        Err(fault) => fault.into_response(),
    }
}

async fn finish(
    State(installer): State<Arc<Installer>>,
    Query(query): Query<Return>,
    headers: HeaderMap,
) -> Response {
    match installer.finish(&query, cookie::brought(&headers, COOKIE_NAME)).await {
        Ok(installation) => {
            tracing::info!(installation, "the app was installed in Slack");
            Page {
                title: "Installed",
                text: &format!("Countersign is installed in {installation}."),
            }
            .response(StatusCode::OK, Some(&cookie::taken_away(COOKIE_NAME)))
        }
        Err(fault) => fault.into_response(),
    }
}

impl Installer {
    /// Where to go, and the cookie to go with.
    async fn begin(&self, link: Option<&str>) -> Result<(String, String), Fault> {
        let Install { client_id, .. } = self.settings.install.as_ref().ok_or(Fault::Link)?;
        let link = link.ok_or(Fault::Link)?;
        if !self.marks.take(&link_mark(link)).await? {
            return Err(Fault::Link);
        }
        let (state, cookie) = (self.marks.random.text(), self.marks.random.text());
        self.marks.set(&state_mark(&state, &cookie)).await?;
        let mut url = authorize_url(&self.settings.api_url);
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("scope", &BOT_SCOPES.join(","))
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("state", &state);
        Ok((url.into(), cookie))
    }

    /// The installation that was kept.
    async fn finish(&self, query: &Return, cookie: Option<&str>) -> Result<String, Fault> {
        let (Some(state), Some(cookie)) = (query.state.as_deref(), cookie) else {
            return Err(Fault::State);
        };
        // INVARIANT: nothing else of the query is looked at before this.
        if !self.marks.take(&state_mark(state, cookie)).await? {
            return Err(Fault::State);
        }
        let code = query.code.as_deref().ok_or(Fault::Cancelled)?;
        let asked_at = self.marks.now.get();
        let grant = self.oauth.redeem(code, &self.redirect_uri()).await.map_err(Fault::NoToken)?;
        self.admit(&grant)?;
        Ok(self.tokens.installed(grant, asked_at).await?)
    }

    /// Whether the grant is for our app, and for a place that the operator has named.
    fn admit(&self, grant: &Grant) -> Result<(), Fault> {
        if self.settings.app_id.as_ref() != Some(&grant.app_id) {
            return Err(Fault::OtherApp);
        }
        let install = self.settings.install.as_ref().ok_or(Fault::NotAllowed)?;
        let is_in =
            |id: &Option<String>, list: &[String]| id.as_ref().is_some_and(|id| list.contains(id));
        let allowed =
            is_in(&grant.team, &install.teams) || is_in(&grant.enterprise, &install.enterprises);
        if allowed { Ok(()) } else { Err(Fault::NotAllowed) }
    }

    fn redirect_uri(&self) -> String {
        format!("{}/slack/oauth/callback", self.settings.public_url)
    }
}

impl Marks {
    async fn set(&self, name: &str) -> Result<(), Lost> {
        let until = self.now.get().checked_add(TIME).unwrap_or(Timestamp::MAX);
        if self.memory.mark(name, until).await? {
            return Ok(());
        }
        Err(Lost { cause: "the same random number came twice".to_owned() })
    }

    async fn take(&self, name: &str) -> Result<bool, Lost> {
        self.memory.unmark(name).await
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Link | Self::State | Self::Cancelled => StatusCode::BAD_REQUEST,
            Self::OtherApp | Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NoToken(cause) => {
                tracing::error!(%cause, "Slack gave no token for an installation");
                StatusCode::BAD_GATEWAY
            }
            Self::NotKept(lost) => {
                tracing::error!(%lost, "an installation could not be stored");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Page { title: "Not installed", text: &self.to_string() }.response(status, None)
    }
}

fn link_mark(token: &str) -> String {
    format!("install/link/{}", digest(token))
}

/// Binds the state to the browser: neither is worth anything without the other.
fn state_mark(state: &str, cookie: &str) -> String {
    format!("install/state/{}", digest(&format!("{state}.{cookie}")))
}

fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// Slack asks its users on the host that serves its API.
fn authorize_url(api_url: &Url) -> Url {
    let mut url = api_url.clone();
    url.set_path("/oauth/v2/authorize");
    url
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marks")
    }
}
