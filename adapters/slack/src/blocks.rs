//! A card as a Slack message: pure. Slack refuses a message that passes one of its limits, so every
//! limit is kept here, and what is cut says so.

use countersign_port::card::{
    Button, Card, Change, Emphasis, Fact, Line, Novelty, Progress, Quote,
};
use slack_morphism::{
    SlackActionId,
    blocks::{
        SlackAccessibilityLabel, SlackActionsBlock, SlackBlock, SlackBlockButtonElement,
        SlackBlockButtonStyle, SlackBlockText, SlackContextBlock, SlackContextBlockElement,
        SlackRichTextInlineElement, SlackSectionBlock,
    },
};

use crate::{
    kit::{self, bold, rich, run},
    limit,
    web::Message,
};

/// How much of a card is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What a channel shows: titles and the buttons.
    Short,
    /// What “Details” shows: everything, with the raw names, and nothing to press.
    Full,
}

impl Detail {
    /// How long a line may be.
    const fn width(self) -> usize {
        match self {
            Self::Short => limit::SHORT_LINE,
            Self::Full => limit::SECTION,
        }
    }
}

/// So many facts, changes and steps a short card shows; the details show all.
const SHORT_LINES: usize = 10;

/// The message of a card.
pub(crate) fn message(card: &Card) -> Message {
    let mut blocks = body(card, Detail::Short);
    blocks.extend(actions(&card.actions));
    blocks.extend(footer(&card.footer));
    Message { text: notification(card), blocks: kit::fit(blocks, limit::MESSAGE_BLOCKS) }
}

/// The same card for a Slack that takes none of our blocks: no buttons, but nobody is left unaware.
pub(crate) fn plain_message(card: &Card) -> Message {
    let words = format!("{} {}", card.face.mark(), card.notification.plain());
    let id = format!("It cannot be drawn here. {}", card.request);
    Message { text: notification(card), blocks: vec![kit::section(&words), kit::section(&id)] }
}

/// A line of the thread below a card.
pub(crate) fn note(line: &Line) -> Message {
    Message { text: kit::fallback(line), blocks: kit::lines(vec![rich(line)], limit::SECTION) }
}

/// The text beside the blocks.
pub(crate) fn notification(card: &Card) -> String {
    kit::fallback(&card.notification)
}

/// Everything of a card but its buttons and its footer.
pub(crate) fn body(card: &Card, detail: Detail) -> Vec<SlackBlock> {
    let width = detail.width();
    let mut blocks = title(card);
    blocks.extend(kit::lines(card.warnings.iter().map(warning).collect(), width));
    blocks.extend(facts(&card.facts, detail));
    blocks.extend(kit::lines(changes(&card.changes, detail), width));
    blocks.extend(card.quote.as_ref().map(quote));
    blocks.extend(kit::lines(card.consequence.iter().map(rich).collect(), limit::SECTION));
    blocks.extend(kit::lines(progress(&card.progress, detail), width));
    blocks
}

/// A title that is too long for a header stands below it once more, whole.
fn title(card: &Card) -> Vec<SlackBlock> {
    let title = format!("{} {}", card.face.mark(), card.title.plain());
    let mut blocks = vec![kit::header(&title)];
    if limit::length(&title) > limit::HEADER {
        blocks.extend(kit::lines(vec![rich(&card.title)], limit::SECTION));
    }
    blocks
}

fn warning(line: &Line) -> Vec<SlackRichTextInlineElement> {
    let mut elements = vec![bold("⚠ ")];
    elements.extend(rich(line));
    elements
}

fn facts(facts: &[Fact], detail: Detail) -> Vec<SlackBlock> {
    let shown = shown(facts.len(), detail);
    let fields: Vec<SlackBlockText> =
        facts.iter().take(shown).map(|fact| self::fact(fact, detail)).collect();
    let section =
        |fields: &[SlackBlockText]| SlackSectionBlock::new().with_fields(fields.to_vec()).into();
    let mut blocks: Vec<SlackBlock> = fields.chunks(limit::FIELDS).map(section).collect();
    if let Some(more) = more(facts.len() - shown) {
        blocks.extend(kit::lines(vec![more], limit::SECTION));
    }
    blocks
}

fn fact(fact: &Fact, detail: Detail) -> SlackBlockText {
    let line = Line::words(format!("{}\n", fact.label)).line(fact.value.clone());
    kit::text(&line, detail.width().min(limit::FIELD))
}

fn changes(changes: &[Change], detail: Detail) -> Vec<Vec<SlackRichTextInlineElement>> {
    let shown = shown(changes.len(), detail);
    let mut lines: Vec<_> =
        changes.iter().take(shown).map(|change| self::change(change, detail)).collect();
    lines.extend(more(changes.len() - shown));
    lines
}

fn change(change: &Change, detail: Detail) -> Vec<SlackRichTextInlineElement> {
    let novelty = match change.novelty {
        Novelty::New => "New: ",
        Novelty::Held => "Already has: ",
    };
    let mut elements = vec![bold(novelty)];
    elements.extend(run(change.title.as_str()));
    if detail == Detail::Full {
        elements.extend(run(&format!(" ({})", change.name)));
    }
    elements
}

fn quote(quote: &Quote) -> SlackBlock {
    let says = Line::default().outside(quote.who.clone()).and(" says:");
    kit::quotation(&says, quote.text.as_str())
}

fn progress(progress: &[Progress], detail: Detail) -> Vec<Vec<SlackRichTextInlineElement>> {
    let shown = shown(progress.len(), detail);
    // The last lines say who is needed now, so those before them go first.
    let hidden = progress.len() - shown;
    let mut lines: Vec<_> = more(hidden).into_iter().collect();
    lines.extend(progress.iter().skip(hidden).map(step));
    lines
}

fn step(step: &Progress) -> Vec<SlackRichTextInlineElement> {
    rich(&Line::words(format!("{} ", step.mark.as_str())).line(step.line.clone()))
}

fn shown(all: usize, detail: Detail) -> usize {
    match detail {
        Detail::Short => all.min(SHORT_LINES),
        Detail::Full => all,
    }
}

fn more(hidden: usize) -> Option<Vec<SlackRichTextInlineElement>> {
    (hidden > 0).then(|| vec![bold(&format!("… and {hidden} more: see Details"))])
}

fn actions(buttons: &[Button]) -> Option<SlackBlock> {
    let elements: Vec<_> =
        buttons.iter().take(limit::ACTIONS).map(|button| self::button(button).into()).collect();
    (!elements.is_empty()).then(|| SlackActionsBlock::new(elements).into())
}

/// The value is the opaque token and nothing else; the action says whether a form comes first.
fn button(button: &Button) -> SlackBlockButtonElement {
    let element = SlackBlockButtonElement::new(kit::plain(button.label, limit::BUTTON).into())
        .with_action_id(SlackActionId(action_id(button)))
        .with_value(button.token.clone())
        .with_accessibility_label(SlackAccessibilityLabel(limit::cut(
            &button.spoken,
            limit::SPOKEN,
        )));
    match button.emphasis {
        Emphasis::Primary => element.with_style(SlackBlockButtonStyle::Primary),
        Emphasis::Danger => element.with_style(SlackBlockButtonStyle::Danger),
        Emphasis::Plain => element,
    }
}

/// `approve`, or `approve_form` where something must be filled in first.
fn action_id(button: &Button) -> String {
    let form = if button.form.is_some() { FORM } else { "" };
    format!("{}{form}", button.verb.as_str())
}

/// How the action of a button ends that opens a form.
pub(crate) const FORM: &str = "_form";

fn footer(lines: &[Line]) -> Option<SlackBlock> {
    let elements: Vec<SlackContextBlockElement> = lines
        .iter()
        .take(limit::CONTEXT_ELEMENTS)
        .map(|line| match kit::text(line, limit::SHORT_LINE) {
            SlackBlockText::Plain(text) => text.into(),
            SlackBlockText::MarkDown(text) => text.into(),
        })
        .collect();
    (!elements.is_empty()).then(|| SlackContextBlock::new(elements).into())
}

#[cfg(test)]
mod tests;
