//! People and groups, as an installation sees them.

use serde_json::{Value, json};

use super::Turn;
use crate::{
    install::Installation,
    respond::{Refused, Said, members as said, put},
    state::State,
    world::{Group, Mark, Plan, Site, User},
};

pub(super) fn user(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let id = turn.arguments.required("user")?;
    let user = known(turn.state, &installation, id)?;
    Ok(said(json!({ "user": described(turn.state, &installation, user) })))
}

pub(super) fn by_email(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let email = turn.arguments.required("email")?;
    let fits = |user: &&User| {
        user.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email))
            && !user.is(Mark::Deleted)
            && turn.state.covers(&installation.site, &user.team)
    };
    let user = turn.state.users.values().find(fits).ok_or("users_not_found")?;
    Ok(said(json!({ "user": described(turn.state, &installation, user) })))
}

pub(super) fn groups(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let team = team_of_groups(turn)?;
    let (with_users, with_count) =
        (turn.arguments.says_yes("include_users"), turn.arguments.says_yes("include_count"));
    let groups = turn.state.groups.iter().filter(|group| group.team == team);
    let groups: Vec<Value> = groups.map(|group| listed(group, with_users, with_count)).collect();
    Ok(said(json!({ "usergroups": groups })))
}

pub(super) fn members(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let team = team_of_groups(turn)?;
    let id = turn.arguments.required("usergroup")?;
    let group = turn.state.groups.iter().find(|group| group.id == id && group.team == team);
    Ok(said(json!({ "users": group.ok_or("no_such_subteam")?.members })))
}

/// Somebody of a workspace where the app is, or who shares a channel with it.
pub(super) fn known<'s>(
    state: &'s State,
    installation: &Installation,
    id: &str,
) -> Result<&'s User, Refused> {
    let user = state.users.get(id).ok_or("user_not_found")?;
    let is_covered = |team: &String| state.covers(&installation.site, team);
    let shares = || {
        let mut channels = state.channels.values();
        channels.any(|channel| channel.teams().any(is_covered) && State::can_see(user, channel))
    };
    if is_covered(&user.team) || user.also_in.iter().any(is_covered) || shares() {
        Ok(user)
    } else {
        Err("user_not_found".into())
    }
}

/// The workspace whose groups are meant; an organisation's token has to name one.
fn team_of_groups(turn: &Turn<'_>) -> Result<String, Refused> {
    let installation = turn.installation()?;
    let team = match (&installation.site, turn.arguments.text("team_id")) {
        (Site::Team(own), _) => own.clone(),
        (Site::Enterprise(_), None) => return Err("missing_argument".into()),
        (Site::Enterprise(_), Some(team)) => team.to_owned(),
    };
    if !turn.state.covers(&installation.site, &team) {
        return Err("invalid_team".into());
    }
    match turn.state.teams.get(&team).map(|team| team.plan) {
        Some(Plan::Paid) => Ok(team),
        Some(Plan::Free) | None => Err("plan_upgrade_required".into()),
    }
}

fn listed(group: &Group, with_users: bool, with_count: bool) -> Value {
    let mut listed = json!({
        "id": group.id,
        "team_id": group.team,
        "is_usergroup": true,
        "is_subteam": true,
        "name": group.handle,
        "description": "",
        "handle": group.handle,
        "is_external": false,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 0,
        "auto_type": null,
        "auto_provision": false,
        "created_by": "UCREATOR",
        "updated_by": "UCREATOR",
        "deleted_by": null,
        "prefs": { "channels": [], "groups": [] },
    });
    if with_users {
        put(&mut listed, "users", json!(group.members));
    }
    if with_count {
        put(&mut listed, "user_count", json!(group.members.len()));
    }
    listed
}

fn described(state: &State, installation: &Installation, user: &User) -> Value {
    let mut profile = json!({
        "real_name": user.name,
        "real_name_normalized": user.name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": user.team,
    });
    if let Some(email) = user.email.as_ref().filter(|_| installation.has("users:read.email")) {
        put(&mut profile, "email", json!(email));
    }
    let mut described = json!({
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "deleted": user.is(Mark::Deleted),
        "profile": profile,
        "is_bot": user.is(Mark::IsBot),
        "is_app_user": false,
        "updated": 0,
    });
    // Slack tells no more of accounts that are gone.
    if !user.is(Mark::Deleted) {
        let more = json!({
            "real_name": user.name,
            "tz": "Europe/Berlin",
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "is_admin": false,
            "is_owner": false,
            "is_primary_owner": false,
            "is_restricted": user.is(Mark::IsRestricted),
            "is_ultra_restricted": user.is(Mark::IsUltraRestricted),
            "is_email_confirmed": true,
            "who_can_share_contact_card": "EVERYONE",
        });
        for (name, value) in said(more) {
            put(&mut described, &name, value);
        }
    }
    if user.is(Mark::IsStranger) {
        put(&mut described, "is_stranger", json!(true));
    }
    if let Some(enterprise) = state.enterprise_of(&user.team) {
        let teams: Vec<&String> = std::iter::once(&user.team).chain(&user.also_in).collect();
        let enterprise_user = json!({
            "id": user.id,
            "enterprise_id": enterprise,
            "enterprise_name": enterprise,
            "is_admin": false,
            "is_owner": false,
            "is_primary_owner": false,
            "teams": teams,
        });
        put(&mut described, "enterprise_user", enterprise_user);
    }
    described
}
