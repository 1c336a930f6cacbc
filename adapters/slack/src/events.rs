//! What happens in a workspace: `POST /slack/events`, and the same over Socket Mode. Slack sends an
//! event again until it is answered: what must be done once is marked by the event's id.

use countersign_port::access::Unheard;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    dispatch::{Ack, Dispatch, WHOLE, ignored},
    news::{Notice, What},
    payload::{Claim, text},
    private::Errand,
};

/// Slack gives up on an event after little more than an hour.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// An event, read leniently.
enum Event {
    /// To be done after Slack has been answered.
    Errand(Errand),
    /// To be done before.
    Notice(Notice),
    Ignored(&'static str),
}

impl Dispatch {
    /// An event with its envelope, as JSON. One that could not be taken is to come again.
    pub(crate) async fn event(&self, body: &[u8]) -> Result<Ack, Unheard> {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            ignored("malformed");
            return Ok(None);
        };
        if let Some(challenge) = challenge(&value) {
            return Ok(Some(challenge));
        }
        match Event::read(&value) {
            // It may be told twice, so that no mark can stand for what was not done.
            Event::Notice(notice) => {
                let heard = timeout(WHOLE, self.core.hear(&self.access, notice)).await;
                heard.unwrap_or(Err(Unheard))?;
            }
            Event::Ignored(kind) => ignored(kind),
            Event::Errand(errand) if self.is_new(&value).await => {
                self.core.errands.leave(errand, self.core.now.get());
            }
            Event::Errand(_) => ignored("repeated"),
        }
        Ok(None)
    }

    /// Where marks cannot be kept, an event that came twice does no harm.
    async fn is_new(&self, value: &Value) -> bool {
        let Some(id) = text(value, "/event_id") else { return true };
        let until = self.core.now.get() + REMEMBERED;
        self.core.memory.mark(&format!("event/{id}"), until).await.unwrap_or(true)
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
            "subteam_members_changed"
            | "subteam_updated"
            | "subteam_created"
            | "channel_shared"
            | "channel_id_changed" => {
                notice(value, &kind).map_or(Self::Ignored("malformed"), Self::Notice)
            }
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
    Event::Errand(Errand::Home(Claim {
        app: text(value, "/api_app_id"),
        user,
        user_team: team.clone(),
        team,
        enterprise: text(value, "/enterprise_id")
            .or_else(|| text(value, "/authorizations/0/enterprise_id")),
        installed_team: None,
    }))
}

/// The installation that an event belongs to is that of its authorization: in a shared channel the
/// envelope may name another company.
fn installation(value: &Value) -> Option<String> {
    let of = |name: &str| {
        text(value, &format!("/authorizations/0/{name}"))
            .or_else(|| text(value, &format!("/{name}")))
    };
    let organisation =
        value.pointer("/authorizations/0/is_enterprise_install") == Some(&json!(true));
    if organisation { of("enterprise_id") } else { of("team_id") }
}

fn uninstalled(value: &Value) -> Event {
    installation(value)
        .map_or(Event::Ignored("malformed"), |dead| Event::Errand(Errand::Bury(dead)))
}

fn revokes_bot(value: &Value) -> bool {
    let bots = value.pointer("/event/tokens/bot").and_then(Value::as_array);
    bots.is_some_and(|bots| !bots.is_empty())
}

fn notice(value: &Value, kind: &str) -> Option<Notice> {
    let member = |name: &str| text(value, &format!("/event/{name}"));
    let what = match kind {
        "channel_shared" => What::ChannelShared { channel: member("channel")? },
        "channel_id_changed" => {
            What::ChannelMoved { from: member("old_channel_id")?, to: member("new_channel_id")? }
        }
        _ => What::GroupChanged {
            group: member("subteam_id").or_else(|| member("subteam/id"))?,
            team: member("team_id").or_else(|| member("subteam/team_id")),
        },
    };
    Some(Notice { installation: installation(value)?, what })
}

#[cfg(test)]
mod tests;
