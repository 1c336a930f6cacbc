//! What people do: click, fill in, type a command, open the home tab, uninstall.

use serde_json::{Value, json};

use crate::{
    FakeSlack,
    answer::Answer,
    delivery::{Kind, Payload},
    form::{self, Entries},
    message::{Message, View},
    payload::{Absent, Scene},
    world::Site,
};

impl FakeSlack {
    /// Somebody presses a button, named by its label or `action_id`. A story that names what is not
    /// there ends here.
    #[track_caller]
    pub fn click(
        &self,
        user: &str,
        message: &Message,
        button: &str,
    ) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_click(user, message, button)))
    }

    /// What a click sends, for stories that change it or send it twice.
    #[track_caller]
    pub fn click_payload(&self, user: &str, message: &Message, button: &str) -> Payload {
        told(self.try_click(user, message, button))
    }

    /// Somebody presses a button of the modal that is open.
    #[track_caller]
    pub fn click_in_modal(&self, user: &str, button: &str) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_click_in_modal(user, button)))
    }

    /// Somebody presses a button of the home tab.
    #[track_caller]
    pub fn click_in_home(&self, user: &str, button: &str) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_click_in_home(user, button)))
    }

    /// Somebody fills in the modal that is open and submits it.
    #[track_caller]
    pub fn submit(&self, user: &str, entries: &Entries) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_submission(user, entries)))
    }

    /// What a submission sends, for stories that change it.
    #[track_caller]
    pub fn submit_payload(&self, user: &str, entries: &Entries) -> Payload {
        told(self.try_submission(user, entries))
    }

    /// Somebody closes the modal that is open; the app hears of it if it asked to.
    #[track_caller]
    pub fn close(&self, user: &str) -> impl Future<Output = Option<Answer>> + use<> {
        let closing = told(self.try_close(user));
        let slack = self.clone();
        async move {
            match closing {
                Some(closing) => Some(slack.deliver(&closing).await),
                None => None,
            }
        }
    }

    /// Somebody types a command, such as `/countersign link`.
    #[track_caller]
    pub fn slash(
        &self,
        user: &str,
        channel: &str,
        line: &str,
    ) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_slash(user, channel, line)))
    }

    /// What a command sends, for stories that change it.
    #[track_caller]
    pub fn slash_payload(&self, user: &str, channel: &str, line: &str) -> Payload {
        told(self.try_slash(user, channel, line))
    }

    /// Something happened in a workspace; `event` is the inner one.
    #[track_caller]
    pub fn event(&self, team: &str, event: Value) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_event(team, event)))
    }

    /// What an event sends, for stories that repeat it.
    #[track_caller]
    pub fn event_payload(&self, team: &str, event: Value) -> Payload {
        told(self.try_event(team, event))
    }

    /// Somebody opens the app's home tab.
    #[track_caller]
    pub fn open_home(&self, user: &str) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_open_home(user)))
    }

    /// An operator enters the events URL in the settings of the app.
    pub async fn url_verification(&self, challenge: &str) -> Answer {
        let token = self.core.state().app.verification_token.clone();
        let json = json!({ "type": "url_verification", "token": token, "challenge": challenge });
        self.deliver(&Payload::new(Kind::Event, json)).await
    }

    /// Slack looks now and then whether the commands URL has a good certificate.
    pub async fn ssl_check(&self) -> Answer {
        let token = self.core.state().app.verification_token.clone();
        self.deliver(&Payload::new(Kind::Command, json!({ "ssl_check": "1", "token": token })))
            .await
    }

    /// Somebody removes the app: its tokens are dead, and two events say so.
    pub async fn uninstall(&self, site: &Site) -> Vec<Answer> {
        let installation = self.core.state().installation_at(site).cloned();
        let Some(installation) = installation else { return Vec::new() };
        self.core.state().uninstall(site);
        let tokens = json!({ "oauth": [], "bot": [installation.bot_user] });
        let events = [
            json!({ "type": "tokens_revoked", "tokens": tokens }),
            json!({ "type": "app_uninstalled" }),
        ];
        let team = match site {
            Site::Team(id) => Some(id.as_str()),
            Site::Enterprise(_) => None,
        };
        let mut answers = Vec::new();
        for event in events {
            let payload = self.scene(|scene| scene.event_of(&installation, team, event));
            answers.push(self.deliver(&payload).await);
        }
        answers
    }

    pub(crate) fn try_click(
        &self,
        user: &str,
        message: &Message,
        button: &str,
    ) -> Result<Payload, Absent> {
        self.scene(|scene| scene.click(user, message, button))
    }

    pub(crate) fn try_click_in_modal(&self, user: &str, button: &str) -> Result<Payload, Absent> {
        let view = self.top(user)?;
        self.scene(|scene| scene.click_in_view(user, &view, button))
    }

    pub(crate) fn try_click_in_home(&self, user: &str, button: &str) -> Result<Payload, Absent> {
        let home = self.core.state().homes.get(user).cloned();
        let view = home.ok_or_else(|| format!("{user} has no home tab"))?;
        self.scene(|scene| scene.click_in_view(user, &view, button))
    }

    /// Closes the topmost modal; gives back what the app wants to be told.
    pub(crate) fn try_close(&self, user: &str) -> Result<Option<Payload>, Absent> {
        let view = self.top(user)?;
        let closing = self.scene(|scene| scene.closing(user, &view))?;
        self.core.state().modals.entry(user.to_owned()).or_default().pop();
        let is_told = view.json.get("notify_on_close") == Some(&Value::Bool(true));
        Ok(is_told.then_some(closing))
    }

    pub(crate) fn try_open_home(&self, user: &str) -> Result<Payload, Absent> {
        let team = self.core.state().users.get(user).map(|user| user.team.clone());
        let team = team.ok_or_else(|| format!("there is no user {user}"))?;
        let ts = self.core.state().ts(self.core.now());
        let event =
            json!({ "type": "app_home_opened", "user": user, "tab": "home", "event_ts": ts });
        self.try_event(&team, event)
    }

    pub(crate) fn try_submission(&self, user: &str, entries: &Entries) -> Result<Payload, Absent> {
        let view = self.top(user)?;
        let values = form::fill(view.blocks(), entries)?;
        self.scene(|scene| scene.submission(user, &view, &values))
    }

    pub(crate) fn try_slash(
        &self,
        user: &str,
        channel: &str,
        line: &str,
    ) -> Result<Payload, Absent> {
        self.scene(|scene| scene.slash(user, channel, line))
    }

    pub(crate) fn try_event(&self, team: &str, event: Value) -> Result<Payload, Absent> {
        self.scene(|scene| scene.event(team, event))
    }

    fn top(&self, user: &str) -> Result<View, Absent> {
        let top = self.core.state().modals.get(user).and_then(|views| views.last().cloned());
        top.ok_or_else(|| format!("{user} has no modal open"))
    }

    fn sending(&self, payload: Payload) -> impl Future<Output = Answer> + use<> {
        let slack = self.clone();
        async move { slack.deliver(&payload).await }
    }

    pub(crate) fn scene<T>(&self, act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let mut state = self.core.state();
        act(&mut Scene { state: &mut state, now: self.core.now(), base: self.core.url("") })
    }
}

/// Ends the story where it names what is not there.
#[track_caller]
#[expect(clippy::panic, reason = "a story that names what is not there is wrong, and says where")]
fn told<T>(result: Result<T, Absent>) -> T {
    match result {
        Ok(value) => value,
        Err(why) => panic!("{why}"),
    }
}
