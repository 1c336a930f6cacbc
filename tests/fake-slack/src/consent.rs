//! The consent screen: whoever follows the link says yes at once, or no where the story wants it.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Query, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::SignedDuration;
use url::Url;

use crate::{Core, FakeSlack, install::Code, state::State, world::Site};

const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

impl FakeSlack {
    /// Where the next consent screen installs, unless the link names a workspace.
    pub fn install_next_at(&self, site: Site) {
        self.core.state().consent = Consent::At(site);
    }

    /// Whoever follows the next link says no.
    pub fn refuse_next_install(&self) {
        self.core.state().consent = Consent::Refused;
    }
}

/// What the next person at the consent screen does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Installs where the link says, or else in the first workspace.
    #[default]
    Given,
    /// Installs there, unless the link names a workspace.
    At(Site),
    Refused,
}

/// `GET /oauth/v2/authorize`.
pub(crate) async fn authorize(
    Shared(core): Shared<Arc<Core>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let now = core.now();
    let mut state = core.state();
    if query.get("client_id") != Some(&state.app.client_id) {
        return (StatusCode::BAD_REQUEST, "invalid_client_id").into_response();
    }
    let Some(mut back) = query.get("redirect_uri").and_then(|uri| Url::parse(uri).ok()) else {
        return (StatusCode::BAD_REQUEST, "bad_redirect_uri").into_response();
    };
    let given = query.get("state").map(String::as_str).unwrap_or_default();
    if state.consent == Consent::Refused {
        state.consent = Consent::Given;
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", given);
        return found(&back);
    }
    let Some(site) = site(&state, query.get("team")) else {
        return (StatusCode::BAD_REQUEST, "there is no workspace to install into").into_response();
    };
    let scopes = query.get("scope").map(String::as_str).unwrap_or_default();
    let granted = Code {
        site,
        scopes: scopes.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        redirect_uri: query.get("redirect_uri").cloned(),
        expires_at: now + CODE_LIFETIME,
        is_used: false,
    };
    let ticket = format!("1000.{}", state.secret());
    state.codes.insert(ticket.clone(), granted);
    back.query_pairs_mut().append_pair("code", &ticket).append_pair("state", given);
    found(&back)
}

/// Slack answers 302; `Redirect::to` alone would be 303.
fn found(to: &Url) -> Response {
    let mut response = Redirect::to(to.as_str()).into_response();
    *response.status_mut() = StatusCode::FOUND;
    response
}

fn site(state: &State, named: Option<&String>) -> Option<Site> {
    if let Some(team) = named.filter(|team| state.teams.contains_key(*team)) {
        return Some(Site::Team(team.clone()));
    }
    match &state.consent {
        Consent::At(site) => Some(site.clone()),
        Consent::Given | Consent::Refused => Some(Site::Team(state.teams.keys().next()?.clone())),
    }
}
