//! What the bot answers in the personal chat: what waits for somebody, why a request stands where
//! it does, and the ids that an operator puts into the people file.

use std::sync::Arc;

use countersign_port::{
    access::{Access, Refusal, Waiting, Word},
    card::{Card, Line},
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    activity::Activity,
    adaptive::{self, Detail},
    address::Spot,
    core::Core,
    dispatch::Said,
    text::{self, Look},
};

const USAGE: &str = "Say “waiting” to see what waits for you, “why arq_…” to see one request, \
    “away gus 5d” to let a colleague decide for you, “back” to end it, or “link” for your account in the people file.";
/// More than this nobody reads; the list says how many there are.
const SHOWN: usize = 20;

impl Core {
    /// The message that answers these words.
    pub(crate) async fn answer(
        &self,
        access: &Arc<dyn Access>,
        activity: &Activity,
        words: &str,
        evidence: &str,
    ) -> Value {
        let small = words.to_ascii_lowercase();
        let small: Vec<&str> = small.split_whitespace().collect();
        let words: Vec<&str> = words.split_whitespace().collect();
        let answer = match small.as_slice() {
            [] | ["waiting" | "status"] => self.list(access, activity, evidence).await,
            ["why", request] => self.why(access, activity, request, evidence).await,
            ["link"] => self.link(access, activity, evidence).await,
            // The key of a colleague is taken as it is written.
            _ => match Word::read(&words) {
                Some(word) => self.hear(access, activity, &word, evidence).await,
                None => Ok(adaptive::words(USAGE)),
            },
        };
        answer.unwrap_or_else(|refusal| adaptive::words(&refusal.sentence))
    }

    async fn list(
        &self,
        access: &Arc<dyn Access>,
        activity: &Activity,
        evidence: &str,
    ) -> Result<Value, Refusal> {
        let viewer = self.admit_viewer(access, activity, evidence).await?;
        access.waiting(&viewer).await.map(|waiting| list(&waiting))
    }

    async fn why(
        &self,
        access: &Arc<dyn Access>,
        activity: &Activity,
        request: &str,
        evidence: &str,
    ) -> Result<Value, Refusal> {
        let viewer = self.admit_viewer(access, activity, evidence).await?;
        let card = access.look_up(request, &viewer).await?;
        Ok(said(Said::Card(Box::new(card), Detail::Full), self.now.get()))
    }

    async fn hear(
        &self,
        access: &Arc<dyn Access>,
        activity: &Activity,
        word: &Word,
        evidence: &str,
    ) -> Result<Value, Refusal> {
        let by = self.admit_viewer(access, activity, evidence).await?;
        access.say(word, &by).await.map(|sentence| adaptive::words(&sentence))
    }

    /// The account as a line of the people file, and a code to have it linked.
    async fn link(
        &self,
        access: &Arc<dyn Access>,
        activity: &Activity,
        evidence: &str,
    ) -> Result<Value, Refusal> {
        let identity = self.admit_viewer(access, activity, evidence).await?;
        let said = access.say(&Word::Link { code: None }, &identity).await;
        let said = said.unwrap_or_else(|refusal| refusal.sentence);
        let (tenant, object) = (identity.tenant, identity.subject);
        Ok(adaptive::words(&format!(
            "Your account, for the people file: teams: {{ tenant: {tenant}, object: {object} }}. {said}"
        )))
    }
}

/// Something for one person, as a message.
pub(crate) fn said(said: Said, now: Timestamp) -> Value {
    match said {
        Said::Words(words) => adaptive::words(&words),
        Said::Card(card, detail) => {
            let card = Card { actions: Vec::new(), ..*card };
            adaptive::message(&card.notification, adaptive::content(&card, detail, now))
        }
    }
}

/// The list of what waits, most urgent first.
fn list(waiting: &[Waiting]) -> Value {
    if waiting.is_empty() {
        return adaptive::words("Nothing waits for you.");
    }
    let title = Line::words(format!("Waiting for you: {}", waiting.len()));
    let mut body = vec![text::line(&title, Look::Title, 100)];
    for entry in waiting.iter().take(SHOWN) {
        body.extend([first(entry), second(entry)]);
    }
    let hidden = waiting.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let more = Line::words(format!("… and {hidden} more"));
        body.push(text::line(&more, Look::Plain, 100));
    }
    adaptive::message(&title, adaptive::card(body))
}

fn first(entry: &Waiting) -> Value {
    let title = Line::words(format!("{} ", entry.card.face.mark())).line(entry.card.title.clone());
    text::line(&title, Look::Plain, 300)
}

fn second(entry: &Waiting) -> Value {
    // What is over and still waits is a review.
    let end = if entry.card.face.is_final() { "Review due " } else { "Expires " };
    let line = Line::words(end).time(entry.expires_at);
    let line = line.and(format!(" · {} ", entry.card.request));
    let mut runs = text::runs(&line, Look::Small, 200);
    let spot = entry.message.as_ref().and_then(Spot::read);
    runs.extend(spot.map(|spot| text::link("Open", &deep_link(&spot))));
    text::block(runs)
}

/// Where a message is, for every client.
fn deep_link(spot: &Spot) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let (channel, tenant): (String, String) = (encoded(spot.channel()), encoded(&spot.tenant));
    let message: String = encoded(&spot.activity);
    format!("https://teams.microsoft.com/l/message/{channel}/{message}?tenantId={tenant}")
}

#[cfg(test)]
pub(crate) mod tests {
    use countersign_port::{card::Face, chat::MessageRef};

    use super::*;
    use crate::samples;

    /// A long list, as it is sent.
    pub(crate) fn listed() -> Value {
        let message = Some(MessageRef("t|19:a@thread.tacv2;messageid=7|7".to_owned()));
        let entry = Waiting {
            card: samples::hostile(Face::Pending, samples::HOSTILE[0]),
            expires_at: samples::at("2026-11-22T14:32:00Z"),
            message,
        };
        list(&vec![entry; SHOWN + 3])
    }

    #[test]
    fn a_long_list_says_how_long_it_is() {
        let list = listed().to_string();
        assert!(list.contains("Waiting for you: 23") && list.contains("… and 3 more"));
        assert!(list.contains("https://teams.microsoft.com/l/message/19%3Aa%40thread.tacv2/7"));
    }

    #[test]
    fn nothing_waits_for_somebody_without_requests() {
        assert!(list(&[]).to_string().contains("Nothing waits for you."));
    }
}
