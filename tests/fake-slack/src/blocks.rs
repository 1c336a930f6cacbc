//! Whether Slack would take a piece of Block Kit, in Slack's words: counts, lengths, unknown and
//! missing fields. It knows the blocks that `shape.rs` lists, and no others.

mod shape;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::shape::{Need, Rule, Shape};

const MESSAGE_BLOCKS_MAX: usize = 50;
const VIEW_BLOCKS_MAX: usize = 100;
const VIEW_BYTES_MAX: usize = 250_000;

/// What is wrong with it, each with the place as a JSON pointer; nothing, if it is good.
pub(crate) type Faults = Vec<String>;

/// The blocks of a message.
pub(crate) fn message(blocks: &Value) -> Faults {
    let mut check = Check::default();
    check.blocks(blocks, "/blocks", MESSAGE_BLOCKS_MAX);
    check.faults
}

/// A modal or a home tab.
pub(crate) fn view(view: &Value) -> Faults {
    let mut check = Check::default();
    let named = view.get("type").and_then(Value::as_str).unwrap_or_default();
    match (named, view.as_object()) {
        ("modal", Some(object)) => check.fields(object, &shape::MODAL, "/view"),
        ("home", Some(object)) => check.fields(object, &shape::HOME, "/view"),
        _ => check.fault("unsupported type: ", named, "/view/type"),
    }
    let none = Value::Array(Vec::new());
    let blocks = view.get("blocks").unwrap_or(&none);
    check.blocks(blocks, "/view/blocks", VIEW_BLOCKS_MAX);
    let asks = |block: &Value| block.get("type").is_some_and(|kind| kind == "input");
    let has_input = blocks.as_array().is_some_and(|blocks| blocks.iter().any(asks));
    if named == "modal" && has_input && view.get("submit").is_none() {
        check.fault("missing required field: ", "submit", "/view");
    }
    check.faults
}

/// Whether a view is more than Slack takes at all.
pub(crate) fn is_too_large(view: &Value) -> bool {
    view.to_string().len() > VIEW_BYTES_MAX
}

/// Adds what Slack adds: ids where there are none, and defaults of text objects.
pub(crate) fn normalise(blocks: &mut [Value], mut id: impl FnMut() -> String) {
    for block in blocks {
        if let Some(object) = block.as_object_mut() {
            object.entry("block_id").or_insert_with(|| id().into());
        }
        complete(block, &mut id);
    }
}

fn complete(value: &mut Value, id: &mut impl FnMut() -> String) {
    match value {
        Value::Object(object) => {
            let kind = object.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            match kind.as_str() {
                "plain_text" => {
                    object.entry("emoji").or_insert(true.into());
                }
                "mrkdwn" => {
                    object.entry("verbatim").or_insert(false.into());
                }
                kind if shape::INTERACTIVE.contains(&kind) => {
                    object.entry("action_id").or_insert_with(|| id().into());
                }
                _ => {}
            }
            object.values_mut().for_each(|inner| complete(inner, id));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| complete(inner, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[derive(Default)]
struct Check {
    faults: Faults,
    block_ids: BTreeSet<String>,
}

impl Check {
    fn fault(&mut self, what: &str, which: &str, place: &str) {
        self.faults.push(format!("{what}{which} [json-pointer:{place}]"));
    }

    fn blocks(&mut self, blocks: &Value, place: &str, max: usize) {
        let Some(blocks) = blocks.as_array() else {
            return self.fault("must be an ", "array", place);
        };
        if blocks.len() > max {
            self.fault("no more than ", &format!("{max} items allowed"), place);
        }
        for (index, block) in blocks.iter().enumerate() {
            let place = format!("{place}/{index}");
            self.object(block, shape::BLOCKS, &place);
            let id = block.get("block_id").and_then(Value::as_str);
            if id.is_some_and(|id| !self.block_ids.insert(id.to_owned())) {
                self.fault("block_id ", "already exists", &format!("{place}/block_id"));
            }
            self.action_ids(block, &place);
        }
    }

    /// Within one block, each `action_id` stands once.
    fn action_ids(&mut self, block: &Value, place: &str) {
        let mut seen = BTreeSet::new();
        let elements = block.get("elements").and_then(Value::as_array).into_iter().flatten();
        for id in elements.filter_map(|element| element.get("action_id")?.as_str()) {
            if !seen.insert(id) {
                self.fault("action_id ", "already exists", &format!("{place}/elements"));
            }
        }
    }

    /// An object whose `type` is one of these.
    fn object(&mut self, value: &Value, allowed: &[&str], place: &str) {
        let Some(object) = value.as_object() else {
            return self.fault("must be an ", "object", place);
        };
        let named = object.get("type").and_then(Value::as_str).unwrap_or_default();
        match shape::of(named).filter(|_| allowed.contains(&named)) {
            Some(shape) => self.fields(object, shape, place),
            None => self.fault("unsupported type: ", named, &format!("{place}/type")),
        }
    }

    fn fields(&mut self, object: &Map<String, Value>, shape: &Shape, place: &str) {
        for (name, need, _) in shape.fields {
            if *need == Need::Required && !object.contains_key(*name) {
                self.fault("missing required field: ", name, place);
            }
        }
        if !shape.one_of.is_empty() && !shape.one_of.iter().any(|name| object.contains_key(*name)) {
            self.fault("missing required field: ", &shape.one_of.join(" or "), place);
        }
        for (name, value) in object.iter().filter(|(name, _)| *name != "type") {
            match shape.fields.iter().find(|(known, _, _)| known == name) {
                Some((_, _, rule)) => self.rule(value, rule, &format!("{place}/{name}")),
                None => self.fault("invalid additional property: ", name, place),
            }
        }
    }

    fn rule(&mut self, value: &Value, rule: &Rule, place: &str) {
        match rule {
            Rule::Any => {}
            Rule::Flag => self.expect(value.is_boolean(), "boolean", place),
            Rule::Whole => self.expect(value.is_u64(), "integer", place),
            Rule::Chars(max) => self.chars(value, 0, *max, place),
            Rule::OneOf(words) => {
                let named = value.as_str().is_some_and(|word| words.contains(&word));
                self.expect(named, &words.join(" or "), place);
            }
            Rule::Text(max) => self.text(value, &["plain_text", "mrkdwn"], *max, place),
            Rule::Plain(max) => self.text(value, &["plain_text"], *max, place),
            Rule::Object(allowed) => self.object(value, allowed, place),
            Rule::Of(shape) => match value.as_object() {
                Some(object) => self.fields(object, shape, place),
                None => self.expect(false, "object", place),
            },
            Rule::List(max, inner) => self.list(value, *max, inner, place),
        }
    }

    fn list(&mut self, value: &Value, max: usize, inner: &Rule, place: &str) {
        let Some(list) = value.as_array() else { return self.expect(false, "array", place) };
        if list.is_empty() {
            self.fault("must provide ", "at least one item", place);
        }
        if list.len() > max {
            self.fault("no more than ", &format!("{max} items allowed"), place);
        }
        for (index, item) in list.iter().enumerate() {
            self.rule(item, inner, &format!("{place}/{index}"));
        }
    }

    fn text(&mut self, value: &Value, kinds: &[&str], max: usize, place: &str) {
        self.object(value, kinds, place);
        let none = Value::Null;
        self.chars(value.get("text").unwrap_or(&none), 1, max, &format!("{place}/text"));
    }

    fn chars(&mut self, value: &Value, min: usize, max: usize, place: &str) {
        let Some(text) = value.as_str() else { return self.expect(false, "string", place) };
        let length = text.chars().count();
        if length < min {
            self.fault("must be more than ", &format!("{} characters", min - 1), place);
        }
        if length > max {
            self.fault("must be less than ", &format!("{} characters", max + 1), place);
        }
    }

    fn expect(&mut self, holds: bool, what: &str, place: &str) {
        if !holds {
            self.fault("must be ", what, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn section(text: &str) -> Value {
        json!({ "type": "section", "text": { "type": "plain_text", "text": text } })
    }

    #[test]
    fn lengths_are_counted_in_characters_and_end_where_slack_says() {
        assert!(message(&json!([section(&"é".repeat(3000))])).is_empty());
        assert_eq!(
            message(&json!([section(&"é".repeat(3001))])),
            ["must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]
        );
        assert_eq!(
            message(&json!([section("")])),
            ["must be more than 0 characters [json-pointer:/blocks/0/text/text]"]
        );
    }

    #[test]
    fn fifty_blocks_fit_a_message_and_a_hundred_a_modal() {
        assert!(message(&Value::Array(vec![section("x"); 50])).is_empty());
        assert_eq!(
            message(&Value::Array(vec![section("x"); 51])),
            ["no more than 50 items allowed [json-pointer:/blocks]"]
        );
        let title = json!({ "type": "plain_text", "text": "Title" });
        let modal =
            |count| json!({ "type": "modal", "title": title, "blocks": vec![section("x"); count] });
        assert!(view(&modal(100)).is_empty());
        assert_eq!(
            view(&modal(101)),
            ["no more than 100 items allowed [json-pointer:/view/blocks]"]
        );
    }

    #[test]
    fn what_slack_does_not_know_is_refused() {
        let typo = json!([{ "type": "divider", "colour": "red" }]);
        assert_eq!(
            message(&typo),
            ["invalid additional property: colour [json-pointer:/blocks/0]"]
        );
        assert_eq!(
            message(&json!([{ "type": "marquee" }])),
            ["unsupported type: marquee [json-pointer:/blocks/0/type]"]
        );
        assert_eq!(
            message(&json!([{ "type": "section" }])),
            ["missing required field: text or fields [json-pointer:/blocks/0]"]
        );
    }

    #[test]
    fn ids_stand_once() {
        let divider = json!({ "type": "divider", "block_id": "same" });
        assert_eq!(
            message(&json!([divider, divider])),
            ["block_id already exists [json-pointer:/blocks/1/block_id]"]
        );
    }

    #[test]
    fn a_modal_that_asks_needs_something_to_submit_with() {
        let plain = |text: &str| json!({ "type": "plain_text", "text": text });
        let input = json!({
            "type": "input", "label": plain("Why?"), "element": { "type": "plain_text_input" },
        });
        let mut modal = json!({ "type": "modal", "title": plain("Deny"), "blocks": [input] });
        assert_eq!(view(&modal), ["missing required field: submit [json-pointer:/view]"]);
        modal["submit"] = plain("Deny");
        assert!(view(&modal).is_empty());
    }

    #[test]
    fn a_block_without_an_id_is_given_one() {
        let mut blocks = vec![section("x")];
        normalise(&mut blocks, || "abc12".to_owned());
        assert_eq!(blocks[0]["block_id"], "abc12");
        assert_eq!(blocks[0]["text"]["emoji"], true);
    }
}
