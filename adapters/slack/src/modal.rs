//! Views: the form behind a button, the details, and what is said in place of a form. Pure.

use countersign_port::card::{Button, Card, Field, FieldOption, Form, Line, Verb};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slack_morphism::{
    SlackActionId, SlackCallbackId,
    blocks::{
        SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockId,
        SlackBlockMultiStaticSelectElement, SlackBlockPlainTextInputElement,
        SlackBlockPlainTextOnly, SlackBlockRadioButtonsElement, SlackBlockStaticSelectElement,
        SlackBlockText, SlackInputBlock, SlackInputBlockElement, SlackModalView, SlackView,
    },
};

use crate::{
    blocks::{self, Detail},
    kit::{self, plain, rich},
    limit,
};

/// What a form carries from its opening to its sending: ids and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The token of the button.
    pub button: String,
    /// When the form was drawn: what was granted less since then has not been seen.
    pub seen_at: Timestamp,
}

/// The form behind a button.
pub(crate) fn form(card: &Card, button: &Button, form: &Form, now: Timestamp) -> SlackView {
    let mut blocks = kit::lines(summary(card, form), limit::SECTION);
    for field in &form.fields {
        blocks.extend(inputs(field, button.verb));
    }
    let carried = Carried { button: button.token.clone(), seen_at: now };
    // Two texts: there is nothing in them that could not be written.
    let carried = serde_json::to_string(&carried).unwrap_or_default();
    SlackModalView::new(short(form.title), kit::fit(blocks, limit::VIEW_BLOCKS))
        .with_submit(short(form.submit))
        .with_close(short("Cancel"))
        .with_callback_id(SlackCallbackId(button.verb.as_str().to_owned()))
        .with_private_metadata(carried)
        .into_view()
}

/// Everything about a request.
pub(crate) fn details(card: &Card) -> SlackView {
    let mut blocks = blocks::body(card, Detail::Full);
    blocks.extend(kit::lines(card.footer.iter().map(rich).collect(), limit::SECTION));
    said_with("Details", blocks)
}

/// A sentence in place of a form.
pub(crate) fn said(title: &str, words: &str) -> SlackView {
    said_with(title, vec![kit::section(words)])
}

/// What a form is answered with: the card as it is now.
pub(crate) fn recorded(card: &Card) -> SlackView {
    let title = Line::words(format!("{} ", card.face.mark())).line(card.title.clone());
    said_with("Recorded", kit::lines(vec![rich(&title)], limit::SECTION))
}

fn said_with(title: &str, blocks: Vec<SlackBlock>) -> SlackView {
    SlackModalView::new(short(title), kit::fit(blocks, limit::VIEW_BLOCKS))
        .with_close(short("Close"))
        .into_view()
}

fn short(text: &str) -> SlackBlockPlainTextOnly {
    plain(text, limit::VIEW_TITLE).into()
}

/// Nobody fills in a form without seeing once more what it is about.
fn summary(
    card: &Card,
    form: &Form,
) -> Vec<Vec<slack_morphism::blocks::SlackRichTextInlineElement>> {
    if form.summary.is_empty() {
        vec![rich(&card.title)]
    } else {
        form.summary.iter().map(rich).collect()
    }
}

/// One field; a list that is longer than a menu becomes several.
fn inputs(field: &Field, verb: Verb) -> Vec<SlackBlock> {
    match field {
        Field::Choice { name, label, options } => {
            vec![input(name, label, choice(name, options, verb)).into()]
        }
        Field::Checks { name, label, options } => checks(name, label, options),
        Field::Number { name, label } => {
            let element = SlackBlockPlainTextInputElement::new().with_max_length(8);
            vec![input(name, label, element.with_action_id(action(name)).into()).into()]
        }
        Field::Text { name, label } => {
            let element = SlackBlockPlainTextInputElement::new()
                .with_multiline(true)
                .with_max_length(limit::COMMENT)
                .with_action_id(action(name));
            vec![input(name, label, element.into()).with_optional(true).into()]
        }
    }
}

fn input(name: &str, label: &str, element: SlackInputBlockElement) -> SlackInputBlock {
    SlackInputBlock::new(plain(label, limit::LABEL).into(), element)
        .with_block_id(SlackBlockId(name.to_owned()))
}

fn action(name: &str) -> SlackActionId {
    SlackActionId(name.to_owned())
}

/// One of several. A grant starts from what was asked; a reason to deny has to be chosen.
fn choice(name: &str, options: &[FieldOption], verb: Verb) -> SlackInputBlockElement {
    let starts = match verb {
        Verb::ApproveLess | Verb::Approve => options.first(),
        Verb::Deny | Verb::Justified | Verb::NotJustified | Verb::Details | Verb::AskAgain => None,
    };
    if options.len() <= limit::BOXES {
        let items = options.iter().map(item::<SlackBlockText>).collect();
        let element = SlackBlockRadioButtonsElement::new(items).with_action_id(action(name));
        element.opt_initial_option(starts.map(item)).into()
    } else {
        let items = options.iter().take(limit::MENU).map(item).collect();
        SlackBlockStaticSelectElement::new()
            .with_action_id(action(name))
            .with_options(items)
            .opt_initial_option(starts.map(item))
            .into()
    }
}

/// Any of several, all ticked at first. The names of further menus end in their number.
fn checks(name: &str, label: &str, options: &[FieldOption]) -> Vec<SlackBlock> {
    if options.len() <= limit::BOXES {
        let items: Vec<_> = options.iter().map(item::<SlackBlockText>).collect();
        let element = SlackBlockCheckboxesElement::new(items.clone())
            .with_action_id(action(name))
            .with_initial_options(items);
        return vec![input(name, label, element.into()).into()];
    }
    let menus = options.chunks(limit::MENU).enumerate();
    menus
        .map(|(number, options)| {
            let items: Vec<_> = options.iter().map(item).collect();
            let element = SlackBlockMultiStaticSelectElement::new()
                .with_action_id(action(name))
                .with_options(items.clone())
                .with_initial_options(items);
            let name = if number == 0 { name.to_owned() } else { format!("{name}.{number}") };
            input(&name, label, element.into()).with_optional(true).into()
        })
        .collect()
}

/// One option. A label that is too long shows its beginning, and its end below.
fn item<T: From<SlackBlockPlainTextOnly> + Into<SlackBlockText>>(
    option: &FieldOption,
) -> SlackBlockChoiceItem<T> {
    let label = option.label.plain();
    let text = SlackBlockPlainTextOnly::from(plain(&label, limit::OPTION));
    SlackBlockChoiceItem::new(text.into(), option.value.clone())
        .opt_description(end(&label).map(Into::into))
}

fn end(label: &str) -> Option<slack_morphism::blocks::SlackBlockPlainText> {
    if limit::length(label) <= limit::OPTION {
        return None;
    }
    let mut room = limit::OPTION - 1;
    let fits = |char: &char| {
        let wide = char.len_utf16();
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    };
    let backwards: Vec<char> = label.chars().rev().take_while(fits).collect();
    let tail: String = backwards.into_iter().rev().collect();
    Some(plain(&format!("…{tail}"), limit::OPTION))
}

/// A modal is one kind of view.
trait IntoView {
    fn into_view(self) -> SlackView;
}

impl IntoView for SlackModalView {
    fn into_view(self) -> SlackView {
        SlackView::Modal(self)
    }
}

#[cfg(test)]
mod tests;
