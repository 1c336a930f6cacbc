//! Modals and home tabs: opened for a trigger, stacked three deep, changed, published.

use serde_json::{Value, json};

use super::Turn;
use crate::{
    blocks,
    install::Installation,
    message::View,
    respond::{Refused, Said, members, put},
    state::State,
    trigger::Trigger,
    world::Site,
};

const STACK_MAX: usize = 3;
const ABSENT: Value = Value::Null;

pub(super) fn open(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let (trigger, view) = asked(turn)?;
    let view = settle(turn.state, &trigger.bot_user, &trigger.team, view, None)?;
    turn.state.modals.insert(trigger.user, vec![view.clone()]);
    Ok(members(json!({ "view": view.json })))
}

pub(super) fn push(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let (trigger, view) = asked(turn)?;
    let view = stack(turn.state, &trigger, view)?;
    Ok(members(json!({ "view": view.json })))
}

pub(super) fn update(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let content = read(turn)?;
    let arguments = turn.arguments;
    let (id, external) = (arguments.text("view_id"), arguments.text("external_id"));
    if id.is_none() && external.is_none() {
        return Err(Refused::missing("view_id"));
    }
    let hash = arguments.text("hash").map(str::to_owned);
    let fits = |view: &View| match id {
        Some(id) => view.id() == id,
        None => external == Some(view.field("external_id")),
    };
    let own = |view: &View| fits(view) && view.field("bot_id") == installation.bot_id;
    let old = turn.state.view_mut(own).ok_or("not_found")?.clone();
    if hash.is_some_and(|hash| hash != old.field("hash")) {
        return Err("hash_conflict".into());
    }
    let view = replace(turn.state, &old, content)?;
    Ok(members(json!({ "view": view.json })))
}

pub(super) fn publish(turn: &mut Turn<'_>) -> Result<Said, Refused> {
    let installation = turn.installation()?;
    let content = read(turn)?;
    let id = turn.arguments.required("user_id")?.to_owned();
    if content.get("type").is_none_or(|kind| kind != "home") {
        return Err(Refused::arguments(&["must be home [json-pointer:/view/type]".to_owned()]));
    }
    let user = super::directory::known(turn.state, &installation, &id)
        .map_err(|_| Refused::arguments(&["invalid user id".to_owned()]))?;
    let team = user.team.clone();
    let old = turn.state.homes.get(&user.id).map(|view| view.field("hash").to_owned());
    if turn.arguments.text("hash").is_some_and(|hash| Some(hash) != old.as_deref()) {
        return Err("hash_conflict".into());
    }
    let view = settle(turn.state, &installation.bot_user, &team, content, None)?;
    turn.state.homes.insert(id, view.clone());
    Ok(members(json!({ "view": view.json })))
}

/// Puts a view on top of those that the user of a trigger has open.
pub(crate) fn stack(state: &mut State, trigger: &Trigger, view: Value) -> Result<View, Refused> {
    let below = state.modals.get(&trigger.user).cloned().unwrap_or_default();
    let Some(top) = below.last() else { return Err("not_found".into()) };
    if below.len() >= STACK_MAX {
        return Err("push_limit_reached".into());
    }
    let view = settle(state, &trigger.bot_user, &trigger.team, view, Some(top))?;
    state.modals.entry(trigger.user.clone()).or_default().push(view.clone());
    Ok(view)
}

/// Draws a view anew in its place, and keeps its id.
pub(crate) fn replace(state: &mut State, old: &View, content: Value) -> Result<View, Refused> {
    let bot_id = old.field("bot_id").to_owned();
    let known = state.installations.iter().find(|one| one.bot_id == bot_id).cloned();
    let installation = known.ok_or("not_found")?;
    let mut view = judged(state, &installation, content)?;
    for kept in ["id", "team_id", "root_view_id", "previous_view_id", "app_installed_team_id"] {
        put(&mut view.json, kept, old.json.get(kept).unwrap_or(&ABSENT).clone());
    }
    if let Some(place) = state.view_mut(|view| view.id() == old.id()) {
        *place = view.clone();
    }
    Ok(view)
}

fn asked(turn: &mut Turn<'_>) -> Result<(Trigger, Value), Refused> {
    let installation = turn.installation()?;
    let content = read(turn)?;
    let id = turn.arguments.required("trigger_id")?;
    let trigger = turn.state.trigger_for(id, &installation.bot_user, turn.now)?;
    let faults = blocks::view(&content);
    if !faults.is_empty() {
        return Err(Refused::arguments(&faults));
    }
    turn.state.use_trigger(id);
    Ok((trigger, content))
}

fn read(turn: &Turn<'_>) -> Result<Value, Refused> {
    let view = turn.arguments.json("view").ok().flatten().filter(Value::is_object);
    let view = view.ok_or_else(|| Refused::missing("view"))?;
    if blocks::is_too_large(&view) { Err("view_too_large".into()) } else { Ok(view) }
}

/// Slack's form of a new view that somebody sees: for people of another company it carries their
/// ids, and ours stand in `app_installed_team_id` alone.
fn settle(
    state: &mut State,
    bot_user: &str,
    team: &str,
    content: Value,
    below: Option<&View>,
) -> Result<View, Refused> {
    let installation = state.installation_posting_as(bot_user).cloned().ok_or("invalid_auth")?;
    let mut view = judged(state, &installation, content)?;
    let id = state.id("V");
    let installed = match &installation.site {
        Site::Team(own) => own.clone(),
        Site::Enterprise(_) if state.covers(&installation.site, team) => team.to_owned(),
        Site::Enterprise(id) => id.clone(),
    };
    let root = below.map_or(id.as_str(), |below| below.field("root_view_id"));
    put(&mut view.json, "root_view_id", root.into());
    put(&mut view.json, "previous_view_id", below.map(View::id).into());
    put(&mut view.json, "id", id.into());
    put(&mut view.json, "team_id", team.into());
    put(&mut view.json, "app_installed_team_id", installed.into());
    Ok(view)
}

fn judged(state: &mut State, installation: &Installation, content: Value) -> Result<View, Refused> {
    let faults = blocks::view(&content);
    if !faults.is_empty() {
        return Err(Refused::arguments(&faults));
    }
    let mut given = members(content);
    if let Some(blocks) = given.get_mut("blocks").and_then(Value::as_array_mut) {
        blocks::normalise(blocks, || state.id("b"));
    }
    let hash = format!("1000.{}", state.secret());
    let mut view = json!({
        "title": null,
        "close": null,
        "submit": null,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": false,
        "notify_on_close": false,
        "state": { "values": {} },
        "hash": hash,
        "app_id": state.app.id,
        "bot_id": installation.bot_id,
    });
    for (name, value) in given {
        put(&mut view, &name, value);
    }
    Ok(View { json: view, errors: Vec::new(), is_read: false })
}
