//! What people do: press, fill in, write to the bot, install and remove the app.

use serde_json::{Value, json};

use crate::{
    FakeTeams,
    activity::{Absent, set},
    answer::Answer,
    card::{self, Entries, Press},
    message::Message,
};

impl FakeTeams {
    /// Somebody presses the button with this verb, its form filled in. A story that names what is
    /// not there, or leaves out what the form wants, ends here.
    #[track_caller]
    pub fn click(
        &self,
        who: &str,
        message: &Message,
        verb: &str,
        entries: &Entries,
    ) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_click(who, message, verb, entries)))
    }

    /// What a click sends, for stories that change it or send it twice.
    #[track_caller]
    pub fn click_activity(
        &self,
        who: &str,
        message: &Message,
        verb: &str,
        entries: &Entries,
    ) -> Value {
        told(self.try_click(who, message, verb, entries))
    }

    /// The same button on an old client, which knows no `Action.Execute`.
    #[track_caller]
    pub fn submit_activity(
        &self,
        who: &str,
        message: &Message,
        verb: &str,
        entries: &Entries,
    ) -> Value {
        told(self.try_submit(who, message, verb, entries))
    }

    /// Somebody writes to the bot, in a channel with a mention or else in their chat with it.
    #[track_caller]
    pub fn say(
        &self,
        who: &str,
        channel: Option<&str>,
        words: &str,
    ) -> impl Future<Output = Answer> + use<> {
        self.sending(told(self.try_say(who, channel, words)))
    }

    /// Somebody adds the app to a team.
    #[track_caller]
    pub fn install(&self, who: &str, team: &str) -> impl Future<Output = Answer> + use<> {
        self.core.state().installed.insert(team.to_owned());
        self.sending(told(self.try_installation(who, team, "add")))
    }

    /// Somebody takes the app out of a team.
    #[track_caller]
    pub fn remove(&self, who: &str, team: &str) -> impl Future<Output = Answer> + use<> {
        self.core.state().installed.remove(team);
        self.sending(told(self.try_installation(who, team, "remove")))
    }

    /// Something changed about a channel or its team, such as `channelCreated`. It names the channel
    /// as it is called now.
    #[track_caller]
    pub fn change_activity(&self, who: &str, channel: &str, event: &str) -> Value {
        let mut activity = told(self.core.in_channel("conversationUpdate", who, channel));
        let name = self.core.state().channels.get(channel).map(|channel| channel.name.clone());
        set(&mut activity, "/channelData/channel", "name", name.into());
        set(&mut activity, "/channelData", "eventType", event.into());
        activity
    }

    /// The app is out of a team, and the bot hears nothing of it.
    pub fn remove_silently(&self, team: &str) {
        self.core.state().installed.remove(team);
    }

    pub(crate) fn try_click(
        &self,
        who: &str,
        message: &Message,
        verb: &str,
        entries: &Entries,
    ) -> Result<Value, Absent> {
        let data = press(message, verb)?.executed(entries)?;
        let mut activity = self.core.on("invoke", who, message)?;
        let action = json!({ "type": "Action.Execute", "verb": verb, "data": data });
        set(&mut activity, "", "name", "adaptiveCard/action".into());
        set(&mut activity, "", "value", json!({ "action": action, "trigger": "manual" }));
        Ok(activity)
    }

    pub(crate) fn try_submit(
        &self,
        who: &str,
        message: &Message,
        verb: &str,
        entries: &Entries,
    ) -> Result<Value, Absent> {
        let data = press(message, verb)?.submitted(entries)?;
        let mut activity = self.core.on("message", who, message)?;
        set(&mut activity, "", "value", data);
        Ok(activity)
    }

    pub(crate) fn try_say(
        &self,
        who: &str,
        channel: Option<&str>,
        words: &str,
    ) -> Result<Value, Absent> {
        let Some(channel) = channel else {
            let mut activity = self.core.in_chat("message", who)?;
            set(&mut activity, "", "text", words.into());
            return Ok(activity);
        };
        let mut activity = self.core.in_channel("message", who, channel)?;
        set(&mut activity, "", "text", format!("<at>Countersign</at> {words}").into());
        Ok(activity)
    }

    pub(crate) fn try_installation(
        &self,
        who: &str,
        team: &str,
        action: &str,
    ) -> Result<Value, Absent> {
        let mut activity = self.core.in_channel("installationUpdate", who, team)?;
        set(&mut activity, "", "action", action.into());
        Ok(activity)
    }

    fn sending(&self, activity: Value) -> impl Future<Output = Answer> + use<> {
        let teams = self.clone();
        async move { teams.deliver(&activity).await }
    }
}

fn press(message: &Message, verb: &str) -> Result<Press, Absent> {
    let all = card::pressable(message.card());
    let found = all.into_iter().find(|press| press.verb == verb);
    found.ok_or_else(|| format!("there is no {verb} on {}", message.words()))
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
