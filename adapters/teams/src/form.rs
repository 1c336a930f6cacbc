//! The forms of a card: each is a card of its own that its button unfolds, so that a field which
//! must be filled in holds back its own button and no other. Pure.

use countersign_port::card::{Button, Emphasis, Field, FieldOption, Form, Verb};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    object::object,
    text::{self, Look},
};

/// Free text that a person may write; a rule of ours.
pub(crate) const COMMENT: usize = 500;

/// What a screen reader says of a button.
const SPOKEN: usize = 200;
/// The text of one choice.
const OPTION: usize = 200;
/// The summary above the fields.
const SUMMARY: usize = 600;

/// A button, with its form unfolding below it where it has one.
pub(crate) fn action(button: &Button, drawn_at: Timestamp) -> Value {
    match &button.form {
        None => execute(button, button.label, drawn_at),
        Some(form) => {
            let card = object([
                ("type", "AdaptiveCard".into()),
                ("version", "1.5".into()),
                ("body", body(button.verb, form).into()),
                ("actions", vec![execute(button, form.submit, drawn_at)].into()),
            ]);
            let mut unfold = Map::new();
            unfold.insert("type".to_owned(), "Action.ShowCard".into());
            unfold.insert("card".to_owned(), card);
            dressed(unfold, button, button.label)
        }
    }
}

/// The press itself. Old clients know no `Action.Execute` and send the same as a message.
fn execute(button: &Button, title: &str, drawn_at: Timestamp) -> Value {
    let verb = button.verb.as_str();
    let data = json!({ "button": button.token, "seen_at": drawn_at.to_string() });
    let mut submitted = data.clone();
    if let Some(members) = submitted.as_object_mut() {
        members.insert("verb".to_owned(), verb.into());
    }
    let mut submit = Map::new();
    submit.insert("type".to_owned(), "Action.Submit".into());
    submit.insert("data".to_owned(), submitted);
    let mut execute = Map::new();
    execute.insert("type".to_owned(), "Action.Execute".into());
    execute.insert("verb".to_owned(), verb.into());
    execute.insert("data".to_owned(), data);
    execute.insert("fallback".to_owned(), dressed(submit, button, title));
    dressed(execute, button, title)
}

/// What every button has, whatever it does.
fn dressed(mut action: Map<String, Value>, button: &Button, title: &str) -> Value {
    action.insert("title".to_owned(), title.into());
    let spoken = text::cut(&text::unbraced(&button.spoken), SPOKEN);
    action.insert("tooltip".to_owned(), spoken.into());
    let style = match button.emphasis {
        Emphasis::Primary => Some("positive"),
        Emphasis::Danger => Some("destructive"),
        Emphasis::Plain => None,
    };
    action.extend(style.map(|style| ("style".to_owned(), style.into())));
    Value::Object(action)
}

fn body(verb: Verb, form: &Form) -> Vec<Value> {
    let mut body = vec![text::block(vec![text::strong(form.title)])];
    body.extend(form.summary.iter().map(|line| text::line(line, Look::Plain, SUMMARY)));
    body.extend(form.fields.iter().map(|field| input(verb, field)));
    body
}

fn input(verb: Verb, field: &Field) -> Value {
    match field {
        Field::Choice { name, label, options } => {
            let mut input = choices(options, &field_id(verb, name), label);
            // A grant starts from what was asked; a reason to deny has to be chosen.
            let starts = match verb {
                Verb::Approve | Verb::ApproveLess => options.first(),
                Verb::Deny
                | Verb::Justified
                | Verb::NotJustified
                | Verb::Details
                | Verb::AskAgain => None,
            };
            if let (Some(first), Some(input)) = (starts, input.as_object_mut()) {
                input.insert("value".to_owned(), first.value.clone().into());
            }
            input
        }
        Field::Checks { name, label, options } => {
            let all: Vec<&str> = options.iter().map(|option| option.value.as_str()).collect();
            let mut input = choices(options, &field_id(verb, name), label);
            if let Some(input) = input.as_object_mut() {
                input.insert("isMultiSelect".to_owned(), true.into());
                input.insert("value".to_owned(), all.join(",").into());
            }
            input
        }
        Field::Number { name, label } => json!({
            "type": "Input.Text",
            "id": field_id(verb, name),
            "label": label,
            "isRequired": true,
            "errorMessage": "Type the number",
            "maxLength": 8,
        }),
        Field::Text { name, label } => json!({
            "type": "Input.Text",
            "id": field_id(verb, name),
            "label": label,
            "isMultiline": true,
            "maxLength": COMMENT,
        }),
    }
}

fn choices(options: &[FieldOption], id: &str, label: &str) -> Value {
    let choices = options.iter().map(|option| {
        let title = text::inert(&option.label.plain(), OPTION);
        json!({ "title": title, "value": option.value })
    });
    object([
        ("type", "Input.ChoiceSet".into()),
        ("id", id.into()),
        ("label", label.into()),
        ("style", "expanded".into()),
        ("wrap", true.into()),
        ("isRequired", true.into()),
        ("errorMessage", "Choose at least one".into()),
        ("choices", choices.collect::<Value>()),
    ])
}

/// Ids are unique on a card, and two forms may have the same field.
fn field_id(verb: Verb, name: &str) -> String {
    format!("{}-{name}", verb.as_str())
}

/// The name of a field of this button's form.
pub(crate) fn field_name(verb: Verb, id: &str) -> Option<&str> {
    id.strip_prefix(verb.as_str())?.strip_prefix('-')
}
