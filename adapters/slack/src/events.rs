//! What happens in a workspace: `POST /slack/events`, and the same over Socket Mode. Slack sends an
//! event again until it is answered, so each is marked by its id and taken once.

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    dispatch::{Ack, Dispatch, ignored},
    payload::{Claim, text},
    private::Errand,
};

/// Slack gives up on an event after little more than an hour.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// Something that other parts must know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The members of a user group may be others now.
    GroupChanged { group: Option<String> },
    /// A channel is shared with another company.
    ChannelShared { channel: String },
    /// A channel goes by another id.
    ChannelMoved { from: String, to: String },
}

/// Somebody who wants to know.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Hears of every notice once, as far as can be told.
    async fn hear(&self, notice: &Notice);
}

/// An event, read leniently.
enum Event {
    /// Somebody opened the app's home tab.
    HomeOpened(Claim),
    /// The app was removed, or its bot token was: the installation is dead.
    Uninstalled(String),
    Notice(Notice),
    Ignored(&'static str),
}

impl Dispatch {
    /// An event with its envelope, as JSON.
    pub(crate) async fn event(&self, body: &[u8]) -> Ack {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            ignored("malformed");
            return None;
        };
        if let Some(challenge) = challenge(&value) {
            return Some(challenge);
        }
        if self.is_new(&value).await {
            self.take(Event::read(&value)).await;
        } else {
            ignored("repeated");
        }
        None
    }

    /// Where marks cannot be kept, an event that came twice does no harm.
    async fn is_new(&self, value: &Value) -> bool {
        let Some(id) = text(value, "/event_id") else { return true };
        let until = self.core.now.get() + REMEMBERED;
        self.core.memory.mark(&format!("event/{id}"), until).await.unwrap_or(true)
    }

    async fn take(&self, event: Event) {
        match event {
            Event::HomeOpened(claim) => {
                self.core.errands.leave(Errand::Home(claim), self.core.now.get());
            }
            Event::Uninstalled(installation) => {
                self.core.errands.leave(Errand::Bury(installation), self.core.now.get());
            }
            Event::Notice(notice) => {
                for listener in &self.core.listeners {
                    listener.hear(&notice).await;
                }
            }
            Event::Ignored(kind) => ignored(kind),
        }
    }
}

/// How Slack asks whether this address is ours. It is signed like everything else.
fn challenge(value: &Value) -> Option<Value> {
    let asked = text(value, "/type")? == "url_verification";
    let challenge = text(value, "/challenge").filter(|_| asked)?;
    Some(json!({ "challenge": challenge }))
}

impl Event {
    fn read(value: &Value) -> Self {
        let Some(kind) = text(value, "/event/type") else { return Self::Ignored("malformed") };
        match kind.as_str() {
            "app_home_opened" => home(value),
            "app_uninstalled" => uninstalled(value),
            "tokens_revoked" if revokes_bot(value) => uninstalled(value),
            "tokens_revoked" => Self::Ignored("tokens_revoked"),
            "subteam_members_changed" | "subteam_updated" | "subteam_created" => {
                let group =
                    text(value, "/event/subteam_id").or_else(|| text(value, "/event/subteam/id"));
                Self::Notice(Notice::GroupChanged { group })
            }
            "channel_shared" => match text(value, "/event/channel") {
                Some(channel) => Self::Notice(Notice::ChannelShared { channel }),
                None => Self::Ignored("malformed"),
            },
            "channel_id_changed" => moved(value).map_or(Self::Ignored("malformed"), Self::Notice),
            _ => Self::Ignored("unknown_event"),
        }
    }
}

fn home(value: &Value) -> Event {
    let Some(user) = text(value, "/event/user") else { return Event::Ignored("malformed") };
    if text(value, "/event/tab").is_some_and(|tab| tab != "home") {
        return Event::Ignored("messages_tab");
    }
    let team = text(value, "/team_id");
    Event::HomeOpened(Claim {
        app: text(value, "/api_app_id"),
        user,
        user_team: team.clone(),
        team,
        enterprise: text(value, "/enterprise_id")
            .or_else(|| text(value, "/authorizations/0/enterprise_id")),
        installed_team: None,
    })
}

/// The installation that an event belongs to is that of its authorization: in a shared channel the
/// envelope may name another company.
fn uninstalled(value: &Value) -> Event {
    let of = |name: &str| {
        text(value, &format!("/authorizations/0/{name}"))
            .or_else(|| text(value, &format!("/{name}")))
    };
    let organisation =
        value.pointer("/authorizations/0/is_enterprise_install") == Some(&json!(true));
    let installation = if organisation { of("enterprise_id") } else { of("team_id") };
    installation.map_or(Event::Ignored("malformed"), Event::Uninstalled)
}

fn revokes_bot(value: &Value) -> bool {
    let bots = value.pointer("/event/tokens/bot").and_then(Value::as_array);
    bots.is_some_and(|bots| !bots.is_empty())
}

fn moved(value: &Value) -> Option<Notice> {
    let from = text(value, "/event/old_channel_id")?;
    Some(Notice::ChannelMoved { from, to: text(value, "/event/new_channel_id")? })
}

#[cfg(test)]
mod tests;
