//! The payloads of interactions, with everything that Slack puts in, whoever clicks where: one's own
//! workspace, an organisation (`team: null`), people of another company.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    delivery::{Kind, Payload},
    install::Installation,
    message::{Button, Message, View},
    respond::{members, put},
    state::State,
    world::{Site, Trait, User},
};

/// Why a story cannot go on: it names what is not there.
pub(crate) type Absent = String;

/// Where people stand when they do something.
pub(crate) struct Scene<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: Timestamp,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
}

impl Scene<'_> {
    pub(crate) fn click(
        &mut self,
        user: &str,
        message: &Message,
        wanted: &str,
    ) -> Result<Payload, Absent> {
        let button = message.button(wanted).ok_or_else(|| {
            let labels: Vec<String> = message.buttons().into_iter().map(|one| one.label).collect();
            format!("there is no button {wanted} on the message, but {labels:?}")
        })?;
        let channel = self.state.channels.get(&message.channel).cloned();
        let channel = channel.ok_or_else(|| format!("there is no channel {}", message.channel))?;
        let actor = self.actor_in(user, &channel.team, self.poster(&message.bot_user)?)?;
        if !State::can_see(&actor.user, &channel) {
            return Err(format!("{user} is not in {}", channel.id));
        }
        let (place, original) = ((user, channel.id.as_str()), Some(message.clone()));
        let path = self.state.response_url(place, original, &message.bot_user, self.now);
        let mut payload = self.interaction("block_actions", &actor, &Whose::Ours);
        payload.insert("trigger_id".to_owned(), self.trigger(&actor));
        payload.insert("response_url".to_owned(), format!("{}{path}", self.base).into());
        payload.insert("actions".to_owned(), json!([self.action(&button)]));
        payload.insert("state".to_owned(), json!({ "values": {} }));
        let name = if channel.is(Trait::Direct) { "directmessage" } else { &channel.name };
        payload.insert("channel".to_owned(), json!({ "id": channel.id, "name": name }));
        let is_ephemeral = message.only_for.is_some();
        let mut container = json!({
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": is_ephemeral,
        });
        if let Some(thread_ts) = &message.thread_ts {
            put(&mut container, "thread_ts", json!(thread_ts));
        }
        payload.insert("container".to_owned(), container);
        // The message of an ephemeral answer is not told again.
        if !is_ephemeral {
            let app = self.state.app.id.clone();
            let message = message.json(&app, &actor.installation.bot_id, &channel.team);
            payload.insert("message".to_owned(), message);
        }
        Ok(Payload::new(Kind::Interaction, payload.into()))
    }

    pub(crate) fn click_in_view(
        &mut self,
        user: &str,
        view: &View,
        wanted: &str,
    ) -> Result<Payload, Absent> {
        let button = view.button(wanted);
        let button = button.ok_or_else(|| format!("there is no button {wanted} in the view"))?;
        let actor = self.actor_at(user, view)?;
        let mut payload = self.interaction("block_actions", &actor, &self.whose(&actor));
        payload.insert("trigger_id".to_owned(), self.trigger(&actor));
        payload.insert("actions".to_owned(), json!([self.action(&button)]));
        payload.insert("container".to_owned(), json!({ "type": "view", "view_id": view.id() }));
        payload.insert("view".to_owned(), view.json.clone());
        Ok(Payload::new(Kind::Interaction, payload.into()))
    }

    pub(crate) fn submission(
        &mut self,
        user: &str,
        view: &View,
        values: &Value,
    ) -> Result<Payload, Absent> {
        let actor = self.actor_at(user, view)?;
        let mut filled = view.json.clone();
        put(&mut filled, "state", json!({ "values": values }));
        let mut payload = self.interaction("view_submission", &actor, &self.whose(&actor));
        payload.insert("trigger_id".to_owned(), self.trigger(&actor));
        payload.insert("view".to_owned(), filled);
        payload.insert("response_urls".to_owned(), json!([]));
        Ok(Payload::new(Kind::Interaction, payload.into()))
    }

    pub(crate) fn closing(&mut self, user: &str, view: &View) -> Result<Payload, Absent> {
        let actor = self.actor_at(user, view)?;
        let mut payload = self.interaction("view_closed", &actor, &self.whose(&actor));
        payload.insert("view".to_owned(), view.json.clone());
        payload.insert("is_cleared".to_owned(), false.into());
        payload.insert("response_urls".to_owned(), json!([]));
        Ok(Payload::new(Kind::Interaction, payload.into()))
    }

    pub(crate) fn slash(
        &mut self,
        user: &str,
        channel: &str,
        line: &str,
    ) -> Result<Payload, Absent> {
        let channel = self.state.channels.get(channel).cloned();
        let channel = channel.ok_or("there is no such channel")?;
        let installation = self.state.installation_for(&channel.team).cloned();
        let installation = installation.ok_or("the app is not installed there")?;
        let actor = self.actor_in(user, &channel.team, installation)?;
        let (place, bot_user) = ((user, channel.id.as_str()), &actor.installation.bot_user);
        let path = self.state.response_url(place, None, bot_user, self.now);
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        let is_org = matches!(actor.installation.site, Site::Enterprise(_));
        let trigger = self.trigger(&actor);
        let mut payload = json!({
            "token": self.state.app.verification_token,
            "team_id": channel.team,
            "team_domain": self.domain(&channel.team),
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": actor.user.id,
            "user_name": actor.user.name,
            "command": command,
            "text": text,
            "api_app_id": self.state.app.id,
            "is_enterprise_install": is_org.to_string(),
            "response_url": format!("{}{path}", self.base),
            "trigger_id": trigger,
        });
        if let Some(enterprise) = self.state.enterprise_of(&channel.team) {
            put(&mut payload, "enterprise_id", json!(enterprise));
            put(&mut payload, "enterprise_name", json!(enterprise));
        }
        Ok(Payload::new(Kind::Command, payload))
    }

    pub(crate) fn event(&mut self, team: &str, event: Value) -> Result<Payload, Absent> {
        let installation = self.state.installation_for(team).cloned();
        let installation = installation.ok_or("the app is not installed there")?;
        Ok(self.event_of(&installation, Some(team), event))
    }

    /// An event of an installation, also of one that has just ended; of a whole organisation where
    /// no workspace is named.
    pub(crate) fn event_of(
        &mut self,
        installation: &Installation,
        team: Option<&str>,
        mut event: Value,
    ) -> Payload {
        let ts = self.state.ts(self.now);
        if let Some(event) = event.as_object_mut() {
            event.entry("event_ts").or_insert_with(|| ts.into());
        }
        let enterprise = match &installation.site {
            Site::Enterprise(id) => Some(id.clone()),
            Site::Team(id) => self.state.enterprise_of(id).map(str::to_owned),
        };
        let channel = event.get("channel").and_then(Value::as_str);
        let channel = channel.and_then(|id| self.state.channels.get(id));
        let is_shared = channel.is_some_and(|channel| channel.is(Trait::ExtShared));
        let mut payload = json!({
            "token": self.state.app.verification_token,
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": enterprise,
            "api_app_id": self.state.app.id,
            "event": event,
            "type": "event_callback",
            "event_id": self.state.id("Ev"),
            "event_time": self.now.as_second(),
            "authorizations": [{
                "enterprise_id": enterprise,
                "team_id": team,
                "user_id": installation.bot_user,
                "is_bot": true,
                "is_enterprise_install": matches!(installation.site, Site::Enterprise(_)),
            }],
            "is_ext_shared_channel": is_shared,
        });
        if let Some(enterprise) = enterprise {
            put(&mut payload, "enterprise_id", json!(enterprise));
        }
        Payload::new(Kind::Event, payload)
    }

    fn interaction(&self, kind: &str, actor: &Actor, whose: &Whose) -> Map<String, Value> {
        let Actor { user, team: acting, installation } = actor;
        let (team, is_org) = match (whose, &installation.site) {
            (Whose::Theirs, _) => (Some(acting.clone()), false),
            (Whose::Ours, Site::Team(id)) => (Some(id.clone()), false),
            (Whose::Ours, Site::Enterprise(_)) => (None, true),
        };
        let enterprise = match (&team, &installation.site) {
            (Some(team), _) => self.state.enterprise_of(team).map(str::to_owned),
            (None, site) => Some(site.id().to_owned()),
        };
        let payload = json!({
            "type": kind,
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": acting,
            },
            "api_app_id": self.state.app.id,
            "token": self.state.app.verification_token,
            "team": team.map(|team| self.team(&team)),
            "enterprise": enterprise.map(|id| json!({ "id": id, "name": id })),
            "is_enterprise_install": is_org,
        });
        members(payload)
    }

    fn team(&self, id: &str) -> Value {
        let mut team = json!({ "id": id, "domain": self.domain(id) });
        if let Some(enterprise) = self.state.enterprise_of(id) {
            put(&mut team, "enterprise_id", json!(enterprise));
            put(&mut team, "enterprise_name", json!(enterprise));
        }
        team
    }

    fn domain(&self, team: &str) -> String {
        self.state.teams.get(team).map(crate::world::Team::domain).unwrap_or_default()
    }

    fn trigger(&mut self, actor: &Actor) -> Value {
        let who = (actor.user.id.as_str(), actor.team.as_str());
        self.state.trigger(who, &actor.installation.bot_user, self.now).into()
    }

    fn action(&mut self, button: &Button) -> Value {
        let mut action = button.element.clone();
        put(&mut action, "block_id", json!(button.block_id));
        put(&mut action, "action_ts", json!(self.state.ts(self.now)));
        // A question before the click happens on the client and leaves no trace.
        if let Some(members) = action.as_object_mut() {
            members.remove("confirm");
        }
        action
    }

    /// Somebody who acts on a message of a channel.
    fn actor_in(
        &self,
        user: &str,
        team: &str,
        installation: Installation,
    ) -> Result<Actor, Absent> {
        let user = self.user(user)?;
        let team = user.acting_in(team).to_owned();
        Ok(Actor { user, team, installation })
    }

    /// Somebody who acts in a view; it lives in the workspace that they opened it from.
    fn actor_at(&self, user: &str, view: &View) -> Result<Actor, Absent> {
        let (user, bot_id) = (self.user(user)?, view.field("bot_id"));
        let owner = self.state.installations.iter().find(|one| one.bot_id == bot_id).cloned();
        let installation = owner.ok_or_else(|| format!("no app has the bot {bot_id}"))?;
        Ok(Actor { user, team: view.field("team_id").to_owned(), installation })
    }

    fn user(&self, id: &str) -> Result<User, Absent> {
        self.state.users.get(id).cloned().ok_or_else(|| format!("there is no user {id}"))
    }

    fn poster(&self, bot_user: &str) -> Result<Installation, Absent> {
        let known = self.state.installation_posting_as(bot_user).cloned();
        known.ok_or_else(|| format!("no app posts as {bot_user}"))
    }

    fn whose(&self, actor: &Actor) -> Whose {
        let is_ours = self.state.covers(&actor.installation.site, &actor.team);
        if is_ours { Whose::Ours } else { Whose::Theirs }
    }
}

/// Who does something, from which workspace, to which installation of the app.
struct Actor {
    user: User,
    team: String,
    installation: Installation,
}

/// Whose ids a payload carries.
enum Whose {
    Ours,
    /// Those of another company's person, all of them.
    Theirs,
}
