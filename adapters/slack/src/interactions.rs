//! Clicks and forms: `POST /slack/interactions`, and the same over Socket Mode. A vote is durable
//! before Slack is answered, and a click without a form waits for nothing of Slack's but, once in
//! five minutes, the account's flags.

use countersign_port::{
    access::{Ballot, Choice, Press, Refusal, RefusalKind},
    card::{Card, Verb},
};
use serde_json::{Map, Value, json};
use slack_morphism::blocks::SlackView;
use tokio::time::timeout;

use crate::{
    core::press,
    dispatch::{Ack, Dispatch, WHOLE, evidence, ignored},
    modal,
    payload::{Asks, Interaction, Pressed, Submitted},
    private::{Errand, Reply},
};

/// Said where nobody can tell yet whether a click was counted.
const NOT_CONFIRMED: &str =
    "Not confirmed yet: look at the card in a moment. Clicking again is harmless.";
/// Said where a form could not be opened in time.
const TOO_LONG: &str = "That took too long. Press again.";

/// What can be put right in the form, and the fields beside which it is said, best first.
const CORRECTABLE: [(RefusalKind, &str); 6] = [
    (RefusalKind::WrongNumber, "number"),
    (RefusalKind::NothingLeft, "scopes"),
    (RefusalKind::Unexplained, "comment"),
    (RefusalKind::Incomplete, "reason"),
    (RefusalKind::Incomplete, "number"),
    (RefusalKind::Incomplete, "scopes"),
];

/// What a press came to.
enum Came {
    /// The vote counts; this is the card now.
    Counted(Box<Card>),
    /// A view was opened.
    Opened,
    /// No view could be opened.
    TooLong,
}

impl Dispatch {
    /// An interaction, as the JSON that Slack sends as `payload`.
    pub(crate) async fn interactive(&self, payload: &[u8]) -> Ack {
        match Interaction::read(payload) {
            Interaction::Pressed(pressed) => {
                self.pressed(*pressed, evidence(payload)).await;
                None
            }
            Interaction::Submitted(sent) => Some(self.submitted(&sent, evidence(payload)).await),
            Interaction::Ignored(kind) => {
                ignored(kind);
                None
            }
        }
    }

    async fn pressed(&self, pressed: Pressed, evidence: String) {
        let reply = Reply {
            claim: pressed.claim.clone(),
            response_url: pressed.response_url.clone(),
            channel: pressed.channel.clone(),
        };
        let words = match timeout(WHOLE, self.act(&pressed, &evidence)).await {
            Ok(Ok(Came::Opened)) => return,
            Ok(Ok(Came::Counted(card))) => format!("Recorded. {}", card.title.plain()),
            Ok(Ok(Came::TooLong)) => TOO_LONG.to_owned(),
            Ok(Err(refusal)) => {
                self.bury(&refusal, &pressed);
                refusal.sentence
            }
            Err(_) => NOT_CONFIRMED.to_owned(),
        };
        self.core.errands.leave(Errand::Say(reply, words), self.core.now.get());
    }

    async fn act(&self, pressed: &Pressed, evidence: &str) -> Result<Came, Refusal> {
        let installation = pressed.claim.installation(&self.core.tokens).await;
        let (channel, ts) = (pressed.channel.as_deref(), pressed.ts.as_deref());
        let place = self.core.place(installation.as_deref(), channel, ts).await;
        let mut press = press(pressed.token.clone(), &pressed.claim, place, evidence);
        let registry = self.core.registry();
        match registry.admit(&pressed.claim, installation.as_deref()).await {
            Ok(email) => press.email = email,
            Err(kind) => return Err(self.access.turn_away(&press, kind).await),
        }
        match (pressed.verb, pressed.asks) {
            (Verb::Approve, Asks::Nothing) => {
                let ballot = Ballot {
                    press,
                    choice: Choice::Approve,
                    comment: None,
                    number: None,
                    seen_at: None,
                };
                self.access.vote(ballot).await.map(|card| Came::Counted(Box::new(card)))
            }
            (Verb::AskAgain, _) => {
                self.access.ask_again(&press).await.map(|card| Came::Counted(Box::new(card)))
            }
            // Every other button has a form, or shows something.
            (
                Verb::Approve
                | Verb::ApproveLess
                | Verb::Deny
                | Verb::Justified
                | Verb::NotJustified
                | Verb::Details,
                _,
            ) => {
                let card = self.access.show(&press).await?;
                let view = self.view(&card, pressed, &press).await?;
                Ok(self.open(installation.as_deref(), pressed.trigger.as_deref(), view).await)
            }
        }
    }

    /// The view behind a button: its form, or the details.
    async fn view(
        &self,
        card: &Card,
        pressed: &Pressed,
        press: &Press,
    ) -> Result<SlackView, Refusal> {
        if pressed.verb == Verb::Details {
            return Ok(modal::details(card));
        }
        let button = card.actions.iter().find(|button| button.token == pressed.token);
        let form = button.and_then(|button| button.form.as_ref().map(|form| (button, form)));
        match form {
            Some((button, form)) => Ok(modal::form(card, button, form, self.core.now.get())),
            // The card has gone on since this button was drawn.
            None => Err(self.access.turn_away(press, RefusalKind::Superseded).await),
        }
    }

    async fn open(
        &self,
        installation: Option<&str>,
        trigger: Option<&str>,
        view: SlackView,
    ) -> Came {
        let (Some(installation), Some(trigger)) = (installation, trigger) else {
            return Came::TooLong;
        };
        match self.core.web.open_view(installation, trigger, view).await {
            Ok(()) => Came::Opened,
            Err(failure) => {
                tracing::warn!(%failure, "a form could not be opened");
                Came::TooLong
            }
        }
    }

    /// A message whose buttons are dead loses them.
    fn bury(&self, refusal: &Refusal, pressed: &Pressed) {
        let dead = matches!(refusal.kind, RefusalKind::Superseded | RefusalKind::UnknownButton);
        if let Some(response_url) = pressed.response_url.clone().filter(|_| dead) {
            let errand = Errand::Strip { response_url, remains: pressed.remains() };
            self.core.errands.leave(errand, self.core.now.get());
        }
    }

    async fn submitted(&self, sent: &Submitted, evidence: String) -> Value {
        match timeout(WHOLE, self.count(sent, &evidence)).await {
            Ok(Ok(card)) => update(&modal::recorded(&card)),
            Ok(Err(refusal)) => refused(sent, &refusal),
            Err(_) => update(&modal::said("Not confirmed yet", NOT_CONFIRMED)),
        }
    }

    async fn count(&self, sent: &Submitted, evidence: &str) -> Result<Card, Refusal> {
        let installation = sent.claim.installation(&self.core.tokens).await;
        let mut press = press(sent.carried.button.clone(), &sent.claim, None, evidence);
        let registry = self.core.registry();
        match registry.admit(&sent.claim, installation.as_deref()).await {
            Ok(email) => press.email = email,
            Err(kind) => return Err(self.access.turn_away(&press, kind).await),
        }
        let Some(choice) = sent.choice() else {
            return Err(self.access.turn_away(&press, RefusalKind::Incomplete).await);
        };
        let ballot = Ballot {
            press,
            choice,
            comment: sent.answers.one("comment").map(countersign_port::text::Untrusted::new),
            number: sent.answers.one("number").map(|number| number.trim().to_owned()),
            seen_at: Some(sent.carried.seen_at),
        };
        self.access.vote(ballot).await
    }
}

/// Beside the field where there is something to correct, else in place of the form.
fn refused(sent: &Submitted, refusal: &Refusal) -> Value {
    let mut fields = CORRECTABLE.iter().filter(|(kind, _)| *kind == refusal.kind);
    match fields.find(|(_, name)| sent.answers.asked(name)) {
        Some((_, name)) => {
            let errors = Map::from_iter([((*name).to_owned(), json!(refusal.sentence))]);
            json!({ "response_action": "errors", "errors": errors })
        }
        None => update(&modal::said("Not counted", &refusal.sentence)),
    }
}

fn update(view: &SlackView) -> Value {
    json!({ "response_action": "update", "view": view })
}

#[cfg(test)]
mod tests;
