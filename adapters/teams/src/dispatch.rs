//! What an activity comes to. A vote is durable before Teams is answered, and a click waits for
//! nothing of Teams' but, once in five minutes, the member that pressed.

use std::{fmt, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::State, http::HeaderMap, routing::post};
use countersign_port::{
    access::{Access, Ballot, Press, Refusal, RefusalKind},
    card::{Card, Verb},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::{
    activity::{Activity, Pressed, Way, What},
    adaptive::{self, Detail},
    answer::Answer,
    core::Core,
    door::{self, Letter, Outside},
    private::{Errand, Reply},
};

/// Teams gives up on an answer some time later; nobody says when.
const WHOLE: Duration = Duration::from_secs(4);
/// Said where nobody can tell yet whether a click was counted.
const NOT_CONFIRMED: &str =
    "Not confirmed yet: look at the card in a moment. Clicking again is harmless.";

/// Takes what Teams says and hands it to the service.
#[derive(Clone)]
pub(crate) struct Dispatch {
    pub(crate) core: Arc<Core>,
    pub(crate) access: Arc<dyn Access>,
}

/// What a press came to.
#[derive(Debug)]
pub(crate) enum Came {
    /// The vote counts; this is the card now.
    Counted(Box<Card>),
    /// The card, with everything on it or as it is drawn anew.
    Shown(Box<Card>, Detail),
}

/// The route that Teams calls.
pub(crate) fn routes(dispatch: Dispatch) -> Router {
    Router::new().route("/teams/messages", post(messages)).with_state(dispatch)
}

async fn messages(
    State(dispatch): State<Dispatch>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Outside> {
    let Letter { value, raw } = door::enter(&dispatch.core, &headers, body).await?;
    let evidence = hex::encode(Sha256::digest(&raw));
    Ok(dispatch.take(&value, &evidence).await)
}

impl Dispatch {
    /// Takes an activity that was vouched for.
    async fn take(&self, value: &Value, evidence: &str) -> Answer {
        let activity = Activity::read(value);
        // What is said of another tenant is answered, and nothing of it is kept.
        let home = self.core.is_home(&activity.claim);
        if home {
            self.note_address(&activity).await;
        }
        match &activity.what {
            What::Pressed(pressed) => self.pressed(&activity, pressed, evidence).await,
            What::Malformed(why) => Answer::Malformed(why),
            What::OtherInvoke => Answer::Unknown,
            What::Said(words) if home => {
                let words = words.clone();
                self.leave(Errand::Answer(Box::new(activity), words, evidence.to_owned()));
                Answer::Nothing
            }
            What::Installed { channels } if home => self.installed(&activity, channels).await,
            What::Removed if home => self.removed(&activity).await,
            What::Said(_) | What::Installed { .. } | What::Removed => ignored("foreign_tenant"),
            What::Ignored(kind) => ignored(kind),
        }
    }

    /// The service address is stable but may change, and each activity says what it is.
    async fn note_address(&self, activity: &Activity) {
        let Activity { room, service_url, .. } = activity;
        if self.core.registry.is_news(room.team.as_deref(), service_url).await {
            self.leave(Errand::Moved(room.team.clone(), service_url.clone()));
        }
    }

    /// Teams tells of an installation once, so it is written down before the answer.
    async fn installed(&self, activity: &Activity, channels: &[String]) -> Answer {
        let Activity { room, service_url, .. } = activity;
        let Some(team) = &room.team else { return Answer::Nothing };
        match self.core.registry.installed_in(team, service_url, channels).await {
            Ok(()) => {
                self.leave(Errand::Channels(team.clone(), service_url.clone()));
                Answer::Nothing
            }
            Err(lost) => {
                tracing::error!(%lost, "an installation of the app could not be recorded");
                Answer::Failed
            }
        }
    }

    async fn removed(&self, activity: &Activity) -> Answer {
        let Some(team) = &activity.room.team else { return Answer::Nothing };
        tracing::warn!(team, "the app was removed from a team");
        match self.core.registry.removed_from(team).await {
            Ok(()) => Answer::Nothing,
            Err(lost) => {
                tracing::error!(%lost, "a removal of the app could not be recorded");
                Answer::Failed
            }
        }
    }

    async fn pressed(&self, activity: &Activity, pressed: &Pressed, evidence: &str) -> Answer {
        let came = timeout(WHOLE, self.act(activity, pressed, evidence)).await;
        match pressed.way {
            Way::Execute | Way::Refresh => self.shown(came.ok()),
            Way::Submit => {
                if self.core.is_home(&activity.claim) {
                    self.leave(Errand::Say(Reply::to(activity), Box::new(said(came.ok()))));
                }
                Answer::Nothing
            }
        }
    }

    async fn act(
        &self,
        activity: &Activity,
        pressed: &Pressed,
        evidence: &str,
    ) -> Result<Came, Refusal> {
        let mut press = self.core.press(activity, &pressed.button, evidence);
        match self.core.admit(activity).await {
            Ok(email) => press.email = email,
            Err(kind) => return Err(self.access.turn_away(&press, kind).await),
        }
        match (pressed.way, pressed.verb) {
            (Way::Refresh, _) => self.show(&press, Detail::Short).await,
            (Way::Execute | Way::Submit, Verb::Details) => self.show(&press, Detail::Full).await,
            (Way::Execute | Way::Submit, Verb::AskAgain) => {
                self.access.ask_again(&press).await.map(|card| Came::Counted(Box::new(card)))
            }
            (
                Way::Execute | Way::Submit,
                Verb::Approve
                | Verb::ApproveLess
                | Verb::Deny
                | Verb::Justified
                | Verb::NotJustified,
            ) => self.vote(press, pressed).await,
        }
    }

    async fn show(&self, press: &Press, detail: Detail) -> Result<Came, Refusal> {
        self.access.show(press).await.map(|card| Came::Shown(Box::new(card), detail))
    }

    async fn vote(&self, press: Press, pressed: &Pressed) -> Result<Came, Refusal> {
        let Some(choice) = pressed.choice() else {
            return Err(self.access.turn_away(&press, RefusalKind::Incomplete).await);
        };
        let ballot = Ballot {
            press,
            choice,
            comment: pressed.comment(),
            number: pressed.number(),
            seen_at: pressed.seen_at,
        };
        self.access.vote(ballot).await.map(|card| Came::Counted(Box::new(card)))
    }

    /// The answer to whoever pressed; everybody else sees the card redrawn.
    fn shown(&self, came: Option<Result<Came, Refusal>>) -> Answer {
        let now = self.core.now.get();
        match came {
            None => Answer::Said(NOT_CONFIRMED.to_owned()),
            Some(Ok(Came::Counted(card))) => {
                Answer::Card(adaptive::content(&card, Detail::Short, now))
            }
            Some(Ok(Came::Shown(card, detail))) => {
                Answer::Card(adaptive::content(&card, detail, now))
            }
            // What was pressed is forged or dead. Only the view of whoever pressed changes: nobody
            // takes the buttons from anybody else this way.
            Some(Err(Refusal { kind: RefusalKind::Superseded, sentence })) => {
                Answer::Card(adaptive::sentence(&sentence))
            }
            Some(Err(refusal)) => Answer::Said(refusal.sentence),
        }
    }

    fn leave(&self, errand: Errand) {
        self.core.errands.leave(errand, self.core.now.get());
    }
}

/// What a client that shows no answers is told in the personal chat.
fn said(came: Option<Result<Came, Refusal>>) -> Said {
    match came {
        None => Said::Words(NOT_CONFIRMED.to_owned()),
        Some(Ok(Came::Counted(card))) => Said::Words(format!("Recorded. {}", card.title.plain())),
        Some(Ok(Came::Shown(card, detail))) => Said::Card(card, detail),
        Some(Err(refusal)) => Said::Words(refusal.sentence),
    }
}

/// Something to say to one person.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Words(String),
    /// A card without its buttons: they belong to another message.
    Card(Box<Card>, Detail),
}

/// Counts what is not ours to handle. The kinds are a closed list.
fn ignored(kind: &'static str) -> Answer {
    metrics::counter!("countersign_teams_ignored_total", "kind" => kind).increment(1);
    Answer::Nothing
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatch")
    }
}

#[cfg(test)]
mod tests;
