//! Tokens: who one is, codes and refresh tokens for access tokens, and the end of them.

use serde_json::{Value, json};

use super::{Caller, Turn};
use crate::{
    install::{ACCESS_LIFETIME, Installation, Issued},
    respond::{Refused, Said, members},
    state::State,
    world::{Site, Team, Tokens},
};

pub(super) fn test(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let id = installation.site.id();
    let (is_org, team) = match &installation.site {
        Site::Team(id) => (false, turn.state.teams.get(id).map(Team::domain)),
        Site::Enterprise(_) => (true, None),
    };
    let mut said = members(json!({
        "url": format!("https://{}.slack.com/", team.as_deref().unwrap_or(id).to_lowercase()),
        "team": team.as_deref().unwrap_or(id),
        "user": "countersign",
        "team_id": id,
        "user_id": installation.bot_user,
        "bot_id": installation.bot_id,
        "is_enterprise_install": is_org,
    }));
    if let Some(enterprise) = enterprise_of(turn.state, &installation.site) {
        said.insert("enterprise_id".to_owned(), enterprise.into());
    }
    Ok(said)
}

pub(super) fn access(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    check_client(turn)?;
    match turn.arguments.text("grant_type") {
        None | Some("authorization_code") => redeem(turn),
        Some("refresh_token") => {
            let refresh = turn.arguments.required("refresh_token")?;
            let (index, issued) =
                turn.state.refresh(refresh, turn.now).ok_or("invalid_refresh_token")?;
            granted(turn.state, index, &issued)
        }
        Some(_) => Err("invalid_grant_type".into()),
    }
}

pub(super) fn exchange(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    check_client(turn)?;
    let Caller::Bot { token, .. } = turn.caller.clone() else { return Err("invalid_token".into()) };
    if turn.state.app.tokens == Tokens::Lasting {
        return Err("token_rotation_not_enabled".into());
    }
    if token.starts_with("xoxe.") {
        return Err("invalid_token".into());
    }
    let (index, issued) = turn.state.exchange(&token, turn.now).ok_or("invalid_token")?;
    granted(turn.state, index, &issued)
}

pub(super) fn revoke(turn: &mut Turn<'_>) -> Said {
    let is_trial = turn.arguments.says_yes("test");
    if let Caller::Bot { installation, token } = &turn.caller
        && let Some(installation) = turn.state.installations.get_mut(*installation)
        && !is_trial
    {
        installation.revoke(token);
    }
    members(json!({ "revoked": !is_trial }))
}

pub(super) fn uninstall(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    check_client(turn)?;
    let site = turn.installation()?.site;
    turn.state.uninstall(&site);
    Ok(Said::new())
}

fn redeem(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let redirect_uri = turn.arguments.text("redirect_uri").map(str::to_owned);
    let given = turn.arguments.required("code")?;
    let code = turn.state.codes.get_mut(given).ok_or("invalid_code")?;
    if code.is_used {
        return Err("code_already_used".into());
    }
    if turn.now >= code.expires_at {
        return Err("invalid_code".into());
    }
    if code.redirect_uri != redirect_uri {
        return Err("bad_redirect_uri".into());
    }
    code.is_used = true;
    let code = code.clone();
    let issued = turn.state.install(&code.site, &code.scopes, turn.now);
    let index = turn.state.installation_of(&issued.access).ok_or("internal_error")?;
    granted(turn.state, index, &issued)
}

fn check_client(turn: &Turn<'_>) -> Result<(), Refused> {
    let app = &turn.state.app;
    if turn.arguments.text("client_id") != Some(&app.client_id) {
        return Err("invalid_client_id".into());
    }
    if turn.arguments.text("client_secret") == Some(&app.client_secret) {
        Ok(())
    } else {
        Err("bad_client_secret".into())
    }
}

fn granted(state: &State, index: usize, issued: &Issued) -> Result<Said, Refused> {
    let installation: &Installation = state.installations.get(index).ok_or("internal_error")?;
    let (is_org, team) = match &installation.site {
        Site::Team(id) => (false, state.teams.get(id).map(|team| named(id, &team.domain()))),
        Site::Enterprise(_) => (true, None),
    };
    let enterprise = enterprise_of(state, &installation.site).map(|id| named(&id, &id));
    let mut said = members(json!({
        "access_token": issued.access,
        "token_type": "bot",
        "scope": installation.scopes.join(","),
        "bot_user_id": installation.bot_user,
        "app_id": state.app.id,
        "team": team,
        "enterprise": enterprise,
        "is_enterprise_install": is_org,
        "authed_user": { "id": "UINSTALLER" },
    }));
    if let Some(refresh) = &issued.refresh {
        said.insert("refresh_token".to_owned(), refresh.clone().into());
        said.insert("expires_in".to_owned(), ACCESS_LIFETIME.as_secs().into());
    }
    Ok(said)
}

fn named(id: &str, name: &str) -> Value {
    json!({ "id": id, "name": name })
}

fn enterprise_of(state: &State, site: &Site) -> Option<String> {
    match site {
        Site::Team(id) => state.enterprise_of(id).map(str::to_owned),
        Site::Enterprise(id) => Some(id.clone()),
    }
}
