//! The chat product itself: channels of messages in memory, direct messages, private notes, and
//! the ways in which a chat product fails. It knows no rule: it shows what it is told to show.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use countersign_port::{
    access::{Access, Identity, Refusal},
    card::{Card, Verb},
    chat::{Chat, MessageRef},
    error::{GiveUp, SendError},
};

use crate::{
    click::{Answers, Click},
    demo, door,
    door::Key,
    press,
    pulse::Pulse,
    weather::Weather,
};

/// Older messages scroll away: a demo may run for days.
const MAX_MESSAGES: usize = 200;
const MAX_NOTES: usize = 50;

/// The workspace. A clone is another handle to the same one.
#[derive(Clone)]
pub struct Sandbox {
    channels: Arc<[String]>,
    team: Arc<str>,
    key: Key,
    pulse: Pulse,
    state: Arc<Mutex<State>>,
}

struct State {
    weather: Weather,
    archived: BTreeSet<String>,
    last_id: u64,
    messages: VecDeque<Message>,
    notes: VecDeque<Note>,
    last_changed: Option<Arc<Card>>,
}

/// A card that was posted.
#[derive(Debug, Clone)]
pub struct Message {
    pub reference: MessageRef,
    pub place: Place,
    pub card: Arc<Card>,
}

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a channel, for all to see.
    Channel(String),
    /// Between the app and one account.
    Direct(String),
}

/// What one person alone sees after a click.
#[derive(Debug, Clone)]
pub struct Note {
    /// The account that sees it.
    pub to: String,
    /// The message that was clicked.
    pub message: MessageRef,
    pub kind: NoteKind,
}

/// What the note says.
#[derive(Debug, Clone)]
pub enum NoteKind {
    /// The click was counted; this is the card after it.
    Counted(Arc<Card>),
    /// The click was not counted, and why.
    Refused(Refusal),
    /// The details that were asked for.
    Details(Arc<Card>),
}

/// Why a click could not be made at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoClick {
    #[error("there is no message `{0}`")]
    Message(String),
    #[error("the card has no button `{0}`")]
    Button(&'static str),
    #[error("the form cannot be read")]
    Malformed,
}

impl Sandbox {
    /// An empty workspace of the team [`demo::TEAM`] with these channels. `key` opens its routes.
    pub fn new<'a>(channels: impl IntoIterator<Item = &'a str>, key: Key) -> Self {
        let state = State {
            weather: Weather::Fine,
            archived: BTreeSet::new(),
            last_id: 0,
            messages: VecDeque::new(),
            notes: VecDeque::new(),
            last_changed: None,
        };
        Self {
            channels: channels.into_iter().map(str::to_owned).collect(),
            team: demo::TEAM.into(),
            key,
            pulse: Pulse::default(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The same workspace for the accounts of another team.
    #[must_use]
    pub fn of_team(self, team: &str) -> Self {
        Self { team: team.into(), ..self }
    }

    /// The team whose accounts are at home here: the tenant of their identities.
    pub fn team(&self) -> &str {
        &self.team
    }

    /// The account of somebody in this workspace.
    pub fn identity(&self, subject: &str) -> Identity {
        let (provider, tenant) = (demo::PLATFORM.to_owned(), self.team.to_string());
        Identity { provider, tenant, subject: subject.to_owned() }
    }

    /// Beats with every change, so that waiting needs no polling.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// The channels, in the order in which they were given.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// What opens the routes.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Sets how the product behaves from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
        self.pulse.beat();
    }

    /// Closes a channel for good: nothing can be posted or redrawn there any more.
    pub fn archive(&self, channel: &str) {
        self.state().archived.insert(channel.to_owned());
        self.pulse.beat();
    }

    /// How the product behaves.
    pub fn weather(&self) -> Weather {
        self.state().weather
    }

    /// The messages of a channel, oldest first.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.select(|message| matches!(&message.place, Place::Channel(name) if name == channel))
    }

    /// The direct messages of an account, oldest first.
    pub fn direct(&self, subject: &str) -> Vec<Message> {
        self.select(|message| matches!(&message.place, Place::Direct(name) if name == subject))
    }

    /// What one account alone was shown, oldest first.
    pub fn notes(&self, subject: &str) -> Vec<Note> {
        self.state().notes.iter().filter(|note| note.to == subject).cloned().collect()
    }

    /// The card that was posted or redrawn last.
    pub fn last_changed(&self) -> Option<Arc<Card>> {
        self.state().last_changed.clone()
    }

    /// Presses a button of a message as the page would, with the token that is on the card now.
    pub async fn click(
        &self,
        access: &dyn Access,
        persona: &str,
        message: &MessageRef,
        verb: Verb,
        answers: Answers,
    ) -> Result<Result<Arc<Card>, Refusal>, NoClick> {
        let shown = self
            .select(|shown| shown.reference == *message)
            .pop()
            .ok_or_else(|| NoClick::Message(message.0.clone()))?;
        let button = shown.card.actions.iter().find(|button| button.verb == verb);
        let token = button.ok_or(NoClick::Button(verb.as_str()))?.token.clone();
        let (persona, message) = (persona.to_owned(), message.0.clone());
        let click = Click { persona, message, verb, token, answers };
        self.press(access, click.body().as_bytes()).await
    }

    /// Takes the body of a click, asks the service, and shows what it says.
    pub async fn press(
        &self,
        access: &dyn Access,
        body: &[u8],
    ) -> Result<Result<Arc<Card>, Refusal>, NoClick> {
        let click = Click::parse(body).ok_or(NoClick::Malformed)?;
        let result = self.ask(access, &click, body).await.map(Arc::new);
        let kind = match (&result, click.verb) {
            (Err(refusal), _) => NoteKind::Refused(refusal.clone()),
            (Ok(card), Verb::Details) => NoteKind::Details(Arc::clone(card)),
            (
                Ok(card),
                Verb::Approve
                | Verb::ApproveLess
                | Verb::Deny
                | Verb::Justified
                | Verb::NotJustified
                | Verb::AskAgain,
            ) => NoteKind::Counted(Arc::clone(card)),
        };
        self.note(Note { to: click.persona, message: MessageRef(click.message), kind });
        Ok(result)
    }

    async fn ask(&self, access: &dyn Access, click: &Click, body: &[u8]) -> Result<Card, Refusal> {
        let clicker = self.identity(&click.persona);
        match click.ballot(clicker.clone(), body)? {
            Some(ballot) => access.vote(ballot).await,
            None if click.verb == Verb::AskAgain => {
                access.ask_again(&click.press(clicker, body)).await
            }
            None => access.show(&click.press(clicker, body)).await,
        }
    }

    fn note(&self, note: Note) {
        let mut state = self.state();
        if let NoteKind::Counted(card) = &note.kind {
            state.redraw_if_newer(&note.message, card);
        }
        // The last answer to a click takes the place of earlier ones, as in a chat product.
        state.notes.retain(|old| old.to != note.to || old.message != note.message);
        if state.notes.len() == MAX_NOTES {
            state.notes.pop_front();
        }
        state.notes.push_back(note);
        drop(state);
        self.pulse.beat();
    }

    fn select(&self, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.state().messages.iter().filter(|message| wanted(message)).cloned().collect()
    }

    fn deliver(
        &self,
        effect: impl FnOnce(&mut State) -> Result<MessageRef, SendError>,
    ) -> Result<MessageRef, SendError> {
        let mut state = self.state();
        let weather = state.weather;
        weather.allows()?;
        let reference = effect(&mut state)?;
        drop(state);
        self.pulse.beat();
        weather.answers()?;
        Ok(reference)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; a poisoned state is still a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows neither messages nor the key.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl State {
    fn push(&mut self, place: Place, card: &Card) -> MessageRef {
        self.last_id += 1;
        let reference = MessageRef(self.last_id.to_string());
        if self.messages.len() == MAX_MESSAGES {
            self.messages.pop_front();
        }
        let card = Arc::new(card.clone());
        self.last_changed = Some(Arc::clone(&card));
        self.messages.push_back(Message { reference: reference.clone(), place, card });
        reference
    }

    /// A message that can still be redrawn.
    fn find(&mut self, reference: &MessageRef) -> Option<&mut Message> {
        let Self { messages, archived, .. } = self;
        messages.iter_mut().find(|message| {
            let is_open = match &message.place {
                Place::Channel(name) => !archived.contains(name),
                Place::Direct(_) => true,
            };
            is_open && message.reference == *reference
        })
    }

    /// The answer to a click may arrive after the redraw that the same click caused.
    fn redraw_if_newer(&mut self, reference: &MessageRef, card: &Arc<Card>) {
        if let Some(message) = self.find(reference)
            && message.card.version < card.version
        {
            message.card = Arc::clone(card);
        }
    }
}

fn unreachable(place: &str) -> SendError {
    SendError::GiveUp { why: GiveUp::Channel, cause: format!("not in the sandbox: `{place}`") }
}

#[async_trait]
impl Chat for Sandbox {
    fn platform(&self) -> &'static str {
        demo::PLATFORM
    }

    fn routes(&self, access: Arc<dyn Access>) -> axum::Router {
        door::guarded(press::routes(self.clone(), access), &self.key)
    }

    async fn post(&self, channel: &str, card: &Card) -> Result<MessageRef, SendError> {
        self.deliver(|state| {
            if !self.channels.iter().any(|name| name == channel) || state.archived.contains(channel)
            {
                return Err(unreachable(channel));
            }
            Ok(state.push(Place::Channel(channel.to_owned()), card))
        })
    }

    /// What is not on this page hangs on that of another process over the same database, or of one
    /// before this: its buttons work, and a second card would end them.
    async fn update(&self, message: &MessageRef, card: &Card) -> Result<(), SendError> {
        self.deliver(|state| {
            if !state.messages.iter().any(|here| here.reference == *message) {
                return Ok(message.clone());
            }
            let shown = state.find(message).ok_or_else(|| unreachable(&message.0))?;
            shown.card = Arc::new(card.clone());
            state.last_changed = Some(Arc::clone(&shown.card));
            Ok(message.clone())
        })?;
        Ok(())
    }

    async fn tell(&self, person: &Identity, card: &Card) -> Result<MessageRef, SendError> {
        self.deliver(|state| {
            if *person != self.identity(&person.subject) {
                return Err(unreachable(&person.subject));
            }
            Ok(state.push(Place::Direct(person.subject.clone()), card))
        })
    }
}

#[cfg(test)]
mod tests;
