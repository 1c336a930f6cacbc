//! The page that waits. The browser comes with a challenge; Hydra says what it is about, people are
//! asked, and when they have decided Hydra is told and the browser goes back to it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use countersign_egress::Egress;
use countersign_port::{
    consent::{Consent, Consents, Decided, NotAsked, Standing},
    page::{Notice, guarded},
    text::Untrusted,
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;

use crate::{
    admin::{Admin, Known, NoHelp, Wanted},
    browser::{Browser, Browsers},
    page,
    settings::Settings,
};

/// A browser asks again well before a proxy or a person loses patience.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// So many may wait at once; the others look again sooner.
const WAITS: usize = 256;

/// Hydra's challenges are long, and none is longer.
const MAX_CHALLENGE: usize = 8192;

/// What the page is made of.
#[derive(Debug)]
pub struct Parts {
    pub settings: Settings,
    pub egress: Egress,
    pub browsers: Browsers,
}

#[derive(Clone)]
struct Door {
    admin: Admin,
    browsers: Arc<Browsers>,
    consents: Arc<dyn Consents>,
    waits: Arc<Semaphore>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    consent_challenge: Option<String>,
    wait: Option<String>,
}

/// `GET /hydra/consent`.
pub fn routes(parts: Parts, consents: Arc<dyn Consents>) -> Router {
    let door = Door {
        admin: Admin { egress: parts.egress, settings: parts.settings },
        browsers: Arc::new(parts.browsers),
        consents,
        waits: Arc::new(Semaphore::new(WAITS)),
    };
    // A look at the headers alone must not take the place of the browser.
    let not_head = || async { StatusCode::METHOD_NOT_ALLOWED };
    let router =
        Router::new().route("/hydra/consent", get(consent).head(not_head)).with_state(door);
    guarded(router)
}

async fn consent(
    State(door): State<Door>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let challenge = asked.consent_challenge.unwrap_or_default();
    if challenge.is_empty() || challenge.len() > MAX_CHALLENGE {
        return page::notice(NO_CHALLENGE, None);
    }
    let shown = door.show(&challenge, &headers, asked.wait.is_some()).await;
    shown.unwrap_or_else(|why| {
        tracing::warn!(%why, "a consent page was not shown");
        let again = why.passes().then(|| page::address(&challenge));
        page::notice(why.notice(), again.as_deref())
    })
}

impl Door {
    async fn show(
        &self,
        challenge: &str,
        headers: &HeaderMap,
        waits: bool,
    ) -> Result<Response, NotShown> {
        let wanted = match self.admin.wanted(challenge).await? {
            Known::Answered(url) => return Ok(page::onward(url.as_str())),
            Known::Wanted(wanted) => wanted,
        };
        let cookie = match self.browsers.judge(challenge, headers).await {
            Ok(Browser::First(cookie)) => Some(cookie),
            Ok(Browser::Same) => None,
            Ok(Browser::Another) => return Err(NotShown::AnotherBrowser),
            Err(lost) => return Err(NotShown::Later(lost.to_string())),
        };
        let settings = &self.admin.settings;
        let ignored = |scope: &&String| settings.ignore_scopes.contains(scope);
        let (free, asked): (Vec<&String>, Vec<&String>) =
            wanted.requested_scope.iter().partition(ignored);
        if asked.is_empty() {
            return self.accept(&wanted, &free, &[], None).await;
        }
        let consent = self.consent(&wanted, &asked);
        // Whoever comes for the first time sees the page at once.
        let place = self.waits.try_acquire().ok().filter(|_| waits && cookie.is_none());
        let wait = if place.is_some() { LONGEST_WAIT } else { Duration::ZERO };
        match self.consents.ask(consent, wait).await {
            Ok(Standing::Waiting(waiting)) => {
                Ok(page::waiting(&waiting, &page::address(challenge), cookie.as_deref()))
            }
            Ok(Standing::Approved(decided)) => {
                self.accept(&wanted, &free, &asked, Some(&decided)).await
            }
            Ok(Standing::Refused(why)) => self.reject(&wanted, &why).await,
            Err(NotAsked::UnknownClient) => Err(NotShown::UnknownClient(wanted.client.client_id)),
            Err(NotAsked::Later(why)) => Err(NotShown::Later(why)),
        }
    }

    fn consent(&self, wanted: &Wanted, asked: &[&String]) -> Consent {
        let settings = &self.admin.settings;
        Consent {
            issuer: settings.issuer.as_str().trim_end_matches('/').to_owned(),
            key: hex::encode(Sha256::digest(&wanted.challenge)),
            client: wanted.client.client_id.clone(),
            client_name: wanted.client.client_name.clone().map(Untrusted::new),
            subject: wanted.subject.clone(),
            scopes: asked.iter().map(|scope| (*scope).clone()).collect(),
            acr: wanted.acr.clone().filter(|acr| !acr.is_empty()),
            signed_in_at: wanted.signed_in_at(),
            expires_in_s: settings.expires_in.as_secs(),
        }
    }

    /// Grants what people have granted of what was asked, and what nobody is asked about.
    async fn accept(
        &self,
        wanted: &Wanted,
        free: &[&String],
        asked: &[&String],
        decided: Option<&Decided>,
    ) -> Result<Response, NotShown> {
        let is_granted =
            |scope: &&&String| decided.is_some_and(|decided| decided.scopes.contains(scope));
        let granted = asked.iter().filter(is_granted).chain(free);
        let session = decided.map(|decided| {
            json!({
                "request_id": decided.request, "approval_id": decided.approval,
                "approved_until": decided.until,
            })
        });
        let grant = json!({
            "grant_scope": granted.collect::<Vec<_>>(),
            "grant_access_token_audience": wanted.requested_access_token_audience,
            // With `remember_for` 0 Hydra would remember it for ever.
            "remember": false,
            "session": { "access_token": { "countersign": session } },
        });
        let next = self.admin.accept(&wanted.challenge, &grant).await?;
        Ok(page::onward(Url::as_str(&next)))
    }

    async fn reject(&self, wanted: &Wanted, why: &str) -> Result<Response, NotShown> {
        let answer =
            json!({ "error": "access_denied", "error_description": why, "status_code": 403 });
        let next = self.admin.reject(&wanted.challenge, &answer).await?;
        Ok(page::onward(Url::as_str(&next)))
    }
}

/// Why the browser sees something else than how it stands.
#[derive(Debug, thiserror::Error)]
enum NotShown {
    #[error(transparent)]
    Hydra(#[from] NoHelp),
    #[error("another browser has brought the same challenge before")]
    AnotherBrowser,
    #[error("no client has the client id `{0}` of Hydra among its `tokens`")]
    UnknownClient(String),
    #[error("{0}")]
    Later(String),
}

impl NotShown {
    /// Whether trying again can help.
    fn passes(&self) -> bool {
        match self {
            Self::Hydra(NoHelp::NotReached(_) | NoHelp::Refused(500..)) | Self::Later(_) => true,
            Self::Hydra(_) | Self::AnotherBrowser | Self::UnknownClient(_) => false,
        }
    }

    fn notice(&self) -> Notice {
        match self {
            Self::Hydra(NoHelp::Unknown) => UNKNOWN,
            Self::AnotherBrowser => ANOTHER_BROWSER,
            Self::UnknownClient(_) => UNKNOWN_CLIENT,
            Self::Hydra(NoHelp::NotReached(_) | NoHelp::Refused(500..)) | Self::Later(_) => LATER,
            Self::Hydra(_) => BROKEN,
        }
    }
}

const NO_CHALLENGE: Notice = Notice {
    status: StatusCode::BAD_REQUEST,
    title: "Nothing to approve",
    text: "This page is opened by the server that you sign in at. Start again in your application.",
};

const UNKNOWN: Notice = Notice {
    status: StatusCode::NOT_FOUND,
    title: "No longer known",
    text: "The server that you sign in at does not know this request, or not any more. Start again in your application.",
};

const ANOTHER_BROWSER: Notice = Notice {
    status: StatusCode::FORBIDDEN,
    title: "Opened in another browser",
    text: "This request was opened in another browser first, and goes on there alone.",
};

const UNKNOWN_CLIENT: Notice = Notice {
    status: StatusCode::FORBIDDEN,
    title: "Application not registered",
    text: "This application may not ask for approval here. Tell whoever runs it.",
};

const LATER: Notice = Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: "One moment",
    text: "This cannot be shown just now. The page tries again by itself.",
};

const BROKEN: Notice = Notice {
    status: StatusCode::BAD_GATEWAY,
    title: "This does not fit",
    text: "The server that you sign in at gave an answer that is not believed. Nothing was granted. Tell whoever runs it.",
};
