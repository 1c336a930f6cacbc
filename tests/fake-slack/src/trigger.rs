//! Triggers: the right to open one modal, for three seconds, once.

use jiff::{SignedDuration, Timestamp};

use crate::state::State;

const LIFETIME: SignedDuration = SignedDuration::from_secs(3);

#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) user: String,
    /// The workspace that the user acts from.
    pub(crate) team: String,
    /// The installation that the interaction was sent to.
    pub(crate) bot_user: String,
    expires_at: Timestamp,
    is_used: bool,
}

impl State {
    pub(crate) fn trigger(
        &mut self,
        (user, team): (&str, &str),
        bot_user: &str,
        now: Timestamp,
    ) -> String {
        let id = format!("1000.{}.{}", now.as_millisecond(), self.secret());
        let trigger = Trigger {
            user: user.to_owned(),
            team: team.to_owned(),
            bot_user: bot_user.to_owned(),
            expires_at: now + LIFETIME,
            is_used: false,
        };
        self.triggers.insert(id.clone(), trigger);
        id
    }

    /// Uses a trigger up, or says in Slack's words why not. A failed call leaves it as it was, so
    /// the caller asks first and uses it last.
    pub(crate) fn trigger_for(
        &self,
        id: &str,
        bot_user: &str,
        now: Timestamp,
    ) -> Result<Trigger, &'static str> {
        let trigger = self.triggers.get(id).ok_or("invalid_trigger_id")?;
        if trigger.bot_user != bot_user {
            return Err("invalid_trigger_id");
        }
        if trigger.is_used {
            return Err("exchanged_trigger_id");
        }
        if now > trigger.expires_at {
            return Err("expired_trigger_id");
        }
        Ok(trigger.clone())
    }

    pub(crate) fn use_trigger(&mut self, id: &str) {
        if let Some(trigger) = self.triggers.get_mut(id) {
            trigger.is_used = true;
        }
    }
}
