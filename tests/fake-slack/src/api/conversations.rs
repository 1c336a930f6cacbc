//! Channels and direct conversations, as an installation sees them.

use serde_json::{Value, json};

use super::Turn;
use crate::{
    install::Installation,
    respond::{Refused, Said, members},
    state::State,
    world::{Channel, Mark, Trait, User},
};

pub(super) fn open(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let users = turn.arguments.required("users")?;
    let user = account(turn.state, &installation, users)?;
    let before = turn.state.channels.len();
    let id = turn.state.direct(&installation.bot_user, &user);
    let was_open = turn.state.channels.len() == before;
    let channel = if turn.arguments.says_yes("return_im") {
        json!({ "id": id, "created": 0, "is_im": true, "is_open": true, "user": user.id })
    } else {
        json!({ "id": id })
    };
    let mut said = members(json!({ "channel": channel }));
    if was_open {
        said.extend(members(json!({ "no_op": true, "already_open": true })));
    }
    Ok(said)
}

pub(super) fn info(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let wanted = turn.arguments.required("channel")?;
    let channel = visible(turn.state, &installation, wanted)?;
    turn.require(match (channel.is(Trait::Direct), channel.is(Trait::Private)) {
        (true, _) => "im:read",
        (false, true) => "groups:read",
        (false, false) => "channels:read",
    })?;
    Ok(members(json!({ "channel": described(turn.state, channel) })))
}

/// The channel of this id, if the installation knows that it exists.
pub(super) fn visible<'s>(
    state: &'s State,
    installation: &Installation,
    id: &str,
) -> Result<&'s Channel, Refused> {
    let channel = state.channels.get(id).ok_or("channel_not_found")?;
    let is_covered = channel.teams().any(|team| state.covers(&installation.site, team));
    let foreign_talk =
        channel.is(Trait::Direct) && !channel.name.starts_with(&installation.bot_user);
    let is_hidden = channel.is(Trait::Private) && channel.is(Trait::WithoutBot);
    if is_covered && !foreign_talk && !is_hidden {
        Ok(channel)
    } else {
        Err("channel_not_found".into())
    }
}

/// The channel that a post with this `channel` goes to; somebody's id means the direct one.
pub(super) fn postable(
    turn: &mut Turn<'_>,
    installation: &Installation,
    wanted: &str,
) -> Result<String, Refused> {
    if wanted.starts_with(['U', 'W']) {
        let user = account(turn.state, installation, wanted)
            .map_err(|_| Refused::from("channel_not_found"))?;
        return Ok(turn.state.direct(&installation.bot_user, &user));
    }
    let channel = visible(turn.state, installation, wanted)?;
    if channel.is(Trait::Archived) {
        return Err("is_archived".into());
    }
    if channel.is(Trait::WithoutBot) && !installation.has("chat:write.public") {
        return Err("not_in_channel".into());
    }
    Ok(channel.id.clone())
}

/// The account of this id that the bot may write to.
fn account(state: &State, installation: &Installation, id: &str) -> Result<User, Refused> {
    let user = super::directory::known(state, installation, id)?;
    if user.is(Mark::Deleted) { Err("user_disabled".into()) } else { Ok(user.clone()) }
}

fn described(state: &State, channel: &Channel) -> Value {
    let is_shared = channel.is(Trait::ExtShared) || channel.is(Trait::OrgShared);
    if channel.is(Trait::Direct) {
        let user = channel.name.split_once('/').map(|(_, user)| user);
        return json!({ "id": channel.id, "created": 0, "is_im": true, "user": user });
    }
    json!({
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": 0,
        "creator": "UCREATOR",
        "is_channel": !channel.is(Trait::Private),
        "is_group": channel.is(Trait::Private),
        "is_im": false,
        "is_mpim": false,
        "is_private": channel.is(Trait::Private),
        "is_archived": channel.is(Trait::Archived),
        "is_general": false,
        "is_shared": is_shared,
        "is_ext_shared": channel.is(Trait::ExtShared),
        "is_org_shared": channel.is(Trait::OrgShared),
        "is_pending_ext_shared": false,
        "is_member": !channel.is(Trait::WithoutBot),
        "context_team_id": channel.team,
        "shared_team_ids": channel.teams().collect::<Vec<_>>(),
        "conversation_host_id": channel.team,
        "enterprise_id": state.enterprise_of(&channel.team),
        "topic": { "value": "", "creator": "", "last_set": 0 },
        "purpose": { "value": "", "creator": "", "last_set": 0 },
        "previous_names": [],
    })
}
