//! The chat product as one visitor sees it: who they can be, the channels with their cards, and
//! what only they are told. Every page of a workspace shows it.

use askama::Template;
use countersign_port::chat::MessageRef;
use url::form_urlencoded::byte_serialize;

use crate::{
    render::{Detail, html},
    visit::{Look, Visit},
    visitor::Visitor,
    workspace::{Message, Note, NoteKind, Sandbox},
};

/// Older messages of a channel are counted, not drawn.
const SHOWN_MESSAGES: usize = 5;

#[derive(Template)]
#[template(path = "screen.html")]
pub(super) struct Screen<'a> {
    /// Who looks, and how.
    pub(super) visit: Visit,
    /// How many changes there were when it was drawn.
    pub(super) changes: u64,
    /// What a screen reader says when the page has changed.
    pub(super) announcement: String,
    visitors: &'a [Visitor],
    team: &'a str,
    channels: Vec<Channel>,
    /// Absent where there is nobody to be.
    direct: Option<Channel>,
}

/// A channel, newest message first.
struct Channel {
    name: String,
    /// The id of its element.
    anchor: String,
    messages: Vec<Drawn>,
    older: usize,
}

/// A message as its visitor sees it. The HTML comes from the card's own template.
struct Drawn {
    id: String,
    html: String,
    note: Option<DrawnNote>,
}

enum DrawnNote {
    Counted,
    Refused(String),
    Details(String),
}

impl<'a> Screen<'a> {
    pub(super) fn of(
        sandbox: &'a Sandbox,
        visitors: &'a [Visitor],
        visit: Visit,
    ) -> Result<Self, askama::Error> {
        // Counted before anything is read, so that a change meanwhile is fetched again.
        let changes = sandbox.pulse().count();
        let visit = visit.among(visitors);
        let notes = sandbox.notes(&visit.who);
        let you = visitors.iter().find(|visitor| visitor.subject == visit.who);
        Ok(Self {
            changes,
            announcement: announcement(sandbox, &notes),
            visitors,
            team: sandbox.team(),
            channels: channels(sandbox, &notes, &visit)?,
            direct: you.map(|you| direct(sandbox, you, &notes, &visit)).transpose()?,
            visit,
        })
    }

    fn is_you(&self, visitor: &Visitor) -> bool {
        visitor.subject == self.visit.who
    }

    /// Channels without a message are named in one line.
    fn quiet(&self) -> String {
        if self.channels.is_empty() {
            return "This workspace has no channel: the configuration names none.".to_owned();
        }
        let quiet = self.channels.iter().filter(|channel| channel.messages.is_empty());
        let names: Vec<_> = quiet.map(|channel| format!("#{}", channel.name)).collect();
        if names.is_empty() {
            return String::new();
        }
        format!("Nothing yet in {}.", names.join(", "))
    }
}

fn channels(
    sandbox: &Sandbox,
    notes: &[Note],
    visit: &Visit,
) -> Result<Vec<Channel>, askama::Error> {
    let channels = sandbox.channels().iter();
    let drawn = channels.map(|name| {
        // A name may be any text; an id has no spaces.
        let anchor = format!("channel-{}", byte_serialize(name.as_bytes()).collect::<String>());
        Channel::of(name, anchor, &sandbox.messages(name), notes, visit)
    });
    drawn.collect()
}

fn direct(
    sandbox: &Sandbox,
    you: &Visitor,
    notes: &[Note],
    visit: &Visit,
) -> Result<Channel, askama::Error> {
    Channel::of(&you.name, "direct".to_owned(), &sandbox.direct(&you.subject), notes, visit)
}

impl Channel {
    fn of(
        name: &str,
        anchor: String,
        messages: &[Message],
        notes: &[Note],
        visit: &Visit,
    ) -> Result<Self, askama::Error> {
        let newest = messages.iter().rev().take(SHOWN_MESSAGES);
        let drawn = newest.map(|message| Drawn::of(message, notes, visit));
        Ok(Self {
            name: name.to_owned(),
            anchor,
            messages: drawn.collect::<Result<_, _>>()?,
            older: messages.len().saturating_sub(SHOWN_MESSAGES),
        })
    }
}

impl Drawn {
    fn of(message: &Message, notes: &[Note], visit: &Visit) -> Result<Self, askama::Error> {
        let reference = &message.reference;
        let note = notes.iter().find(|note| note.message == *reference);
        Ok(Self {
            id: reference.0.clone(),
            html: html(&message.card, reference, visit, Detail::Short)?,
            note: note.map(|note| DrawnNote::of(note, reference, visit)).transpose()?,
        })
    }
}

impl DrawnNote {
    fn of(note: &Note, message: &MessageRef, visit: &Visit) -> Result<Self, askama::Error> {
        Ok(match &note.kind {
            NoteKind::Counted(_) => Self::Counted,
            NoteKind::Refused(refusal) => Self::Refused(refusal.sentence.clone()),
            NoteKind::Details(card) => Self::Details(html(card, message, visit, Detail::Full)?),
        })
    }
}

fn announcement(sandbox: &Sandbox, notes: &[Note]) -> String {
    match notes.last().map(|note| &note.kind) {
        Some(NoteKind::Refused(refusal)) => refusal.sentence.clone(),
        Some(NoteKind::Counted(card) | NoteKind::Details(card)) => card.notification.plain(),
        None => sandbox.last_changed().map_or_else(String::new, |card| card.notification.plain()),
    }
}
