//! A card as an Adaptive Card 1.5: pure. Teams refuses a message that is too large, so the size is
//! kept here, and what is cut says so.

use countersign_port::card::{Card, Change, Face, Line, Novelty, Progress};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    form,
    object::object,
    text::{self, Look},
};

/// What every surface of Teams takes.
pub const MAX_BYTES: usize = 28 * 1024;

/// The toast, and what a screen reader says of the message.
const SUMMARY: usize = 400;
/// What is said outside of cards.
const NOTE: usize = 4000;
/// So many lines of a quote stand below each other.
const QUOTE_LINES: usize = 12;

/// How much of a card is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What a channel shows: titles and the buttons.
    Short,
    /// What “Details” shows: everything, with the raw names.
    Full,
}

/// How much fits: lines of each list, and characters of each line.
#[derive(Clone, Copy)]
struct Room {
    detail: Detail,
    lines: usize,
    chars: usize,
}

/// From roomy to tight; the first that fits is drawn.
const ROOMS: [(usize, usize); 4] = [(10, 1200), (10, 400), (5, 200), (3, 80)];
const FULL_ROOMS: [(usize, usize); 3] = [(300, 4000), (100, 1200), (40, 400)];

/// The message of a card. `drawn_at` comes back with every press: what changed since then has not
/// been seen.
pub fn activity(card: &Card, drawn_at: Timestamp) -> Value {
    message(&card.notification, content(card, Detail::Short, drawn_at))
}

/// The card itself.
pub fn content(card: &Card, detail: Detail, drawn_at: Timestamp) -> Value {
    let short = ROOMS.map(|(lines, chars)| Room { detail: Detail::Short, lines, chars });
    let full = FULL_ROOMS.map(|(lines, chars)| Room { detail: Detail::Full, lines, chars });
    let rooms = match detail {
        Detail::Short => short.to_vec(),
        Detail::Full => full.into_iter().chain(short).collect(),
    };
    let mut drawn = rooms.into_iter().map(|room| draw(card, room, drawn_at));
    drawn.find(|drawn| drawn.to_string().len() <= MAX_BYTES).unwrap_or_else(|| bare(card))
}

/// The same card for a Teams that does not take ours: no buttons, but nobody is left unaware.
pub(crate) fn plain_activity(card: &Card) -> Value {
    message(&card.notification, bare(card))
}

/// A line of the thread below a card.
pub(crate) fn note(line: &Line) -> Value {
    message(line, card(vec![text::line(line, Look::Plain, NOTE)]))
}

/// A sentence of ours as a message.
pub(crate) fn words(words: &str) -> Value {
    note(&Line::words(words))
}

/// A sentence of ours as a card.
pub(crate) fn sentence(words: &str) -> Value {
    card(vec![text::line(&Line::words(words), Look::Plain, NOTE)])
}

/// A message that holds one card.
pub(crate) fn message(summary: &Line, content: Value) -> Value {
    let attachment = object([
        ("contentType", "application/vnd.microsoft.card.adaptive".into()),
        ("content", content),
    ]);
    object([
        ("type", "message".into()),
        ("summary", text::plain(summary, SUMMARY).into()),
        ("attachments", vec![attachment].into()),
    ])
}

/// A card of these elements.
pub(crate) fn card(body: Vec<Value>) -> Value {
    object([
        ("type", "AdaptiveCard".into()),
        ("$schema", "http://adaptivecards.io/schemas/adaptive-card.json".into()),
        ("version", "1.5".into()),
        ("body", body.into()),
    ])
}

fn bare(card: &Card) -> Value {
    let words = Line::words(format!("{} ", card.face.mark())).line(card.notification.clone());
    let id = Line::words("It cannot be drawn here. ").and(&card.request);
    let body = vec![text::line(&words, Look::Plain, 2000), text::line(&id, Look::Small, 200)];
    self::card(body)
}

fn draw(card: &Card, room: Room, drawn_at: Timestamp) -> Value {
    let mut body = vec![title(card, room)];
    body.extend(card.warnings.iter().map(|line| warning(line, room)));
    body.extend(facts(card, room));
    body.extend(listed(card.changes.iter().map(|each| change(each, room)).collect(), room));
    body.extend(quote(card, room));
    body.extend(card.consequence.as_ref().map(|line| text::line(line, Look::Plain, room.chars)));
    body.extend(progress(&card.progress, room));
    if !card.actions.is_empty() {
        let actions: Vec<Value> =
            card.actions.iter().map(|button| form::action(button, drawn_at)).collect();
        body.push(object([("type", "ActionSet".into()), ("actions", actions.into())]));
    }
    body.extend(card.footer.iter().map(|line| text::line(line, Look::Small, room.chars)));
    self::card(body)
}

/// The colour repeats what the mark and the words say.
fn title(card: &Card, room: Room) -> Value {
    let title = Line::words(format!("{} ", card.face.mark())).line(card.title.clone());
    let style = match card.face {
        Face::Pending | Face::Partial => "accent",
        Face::Approved => "good",
        Face::Denied | Face::Failed => "attention",
        Face::Expired | Face::Mixed => "warning",
        Face::Cancelled => "emphasis",
    };
    let line = text::line(&title, Look::Title, room.chars);
    container(style, vec![line])
}

fn warning(line: &Line, room: Room) -> Value {
    let marked = Line::words("⚠ ").line(line.clone());
    text::line(&marked, Look::Warning, room.chars)
}

fn facts(card: &Card, room: Room) -> Vec<Value> {
    let fact = |label: &str, value: &Line| text::labelled(&format!("{label}: "), value, room.chars);
    listed(card.facts.iter().map(|each| fact(each.label, &each.value)).collect(), room)
}

fn change(change: &Change, room: Room) -> Value {
    let novelty = match change.novelty {
        Novelty::New => "New: ",
        Novelty::Held => "Already has: ",
    };
    let mut line = Line::default().outside(change.title.clone());
    if room.detail == Detail::Full {
        line = line.and(" (").outside(change.name.clone()).and(")");
    }
    text::labelled(novelty, &line, room.chars)
}

/// Whatever stands in the quote, it stands inside its frame.
fn quote(card: &Card, room: Room) -> Vec<Value> {
    let Some(quote) = &card.quote else { return Vec::new() };
    let says = Line::default().outside(quote.who.clone()).and(" says:");
    let all: Vec<&str> = quote.text.as_str().split('\n').collect();
    let mut left = room.chars;
    let mut lines: Vec<Value> = Vec::new();
    for line in all.iter().take(QUOTE_LINES) {
        let cut = text::cut(&text::unbraced(line), left.max(40));
        left = left.saturating_sub(cut.chars().count());
        let shown = if cut.is_empty() { " ".to_owned() } else { cut };
        lines.push(text::line(&Line::words(shown), Look::Quote, usize::MAX));
    }
    lines.extend(more(all.len().saturating_sub(QUOTE_LINES)));
    vec![text::line(&says, Look::Plain, room.chars), container("emphasis", lines)]
}

fn container(style: &str, items: Vec<Value>) -> Value {
    object([("type", "Container".into()), ("style", style.into()), ("items", items.into())])
}

/// The last lines say who is needed now, so those before them go first.
fn progress(progress: &[Progress], room: Room) -> Vec<Value> {
    let hidden = progress.len().saturating_sub(room.lines);
    let step = |step: &Progress| {
        let line = Line::words(format!("{} ", step.mark.as_str())).line(step.line.clone());
        text::line(&line, Look::Plain, room.chars)
    };
    more(hidden).into_iter().chain(progress.iter().skip(hidden).map(step)).collect()
}

fn listed(mut lines: Vec<Value>, room: Room) -> Vec<Value> {
    let hidden = lines.len().saturating_sub(room.lines);
    lines.truncate(room.lines);
    lines.extend(more(hidden));
    lines
}

fn more(hidden: usize) -> Option<Value> {
    let words = format!("… and {hidden} more: see Details");
    (hidden > 0).then(|| text::block(vec![text::strong(&words)]))
}

#[cfg(test)]
mod tests;
