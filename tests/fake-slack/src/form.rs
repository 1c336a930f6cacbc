//! Filling in a modal as a person does: fields by their `action_id` or `block_id`, required ones
//! enforced, ticks and choices by their value or label.

use serde_json::{Map, Value, json};

/// What somebody enters into a modal.
#[derive(Debug, Clone, Default)]
pub struct Entries(Vec<(String, Entry)>);

#[derive(Debug, Clone)]
enum Entry {
    Text(String),
    /// Everything that is ticked or chosen afterwards.
    Chosen(Vec<String>),
}

impl Entries {
    /// Leaves everything as it is.
    pub fn none() -> Self {
        Self::default()
    }

    /// Types into a text field.
    #[must_use]
    pub fn text(mut self, field: &str, text: &str) -> Self {
        self.0.push((field.to_owned(), Entry::Text(text.to_owned())));
        self
    }

    /// Chooses one option.
    #[must_use]
    pub fn choose(self, field: &str, option: &str) -> Self {
        self.tick(field, &[option])
    }

    /// Leaves exactly these options ticked.
    #[must_use]
    pub fn tick(mut self, field: &str, options: &[&str]) -> Self {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        self.0.push((field.to_owned(), Entry::Chosen(options)));
        self
    }

    /// What JSON says: a string is typed, an array is ticked.
    pub(crate) fn from_json(entries: &Map<String, Value>) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entry = |(field, value): (&String, &Value)| {
            let entry = match value.as_array() {
                Some(options) => Entry::Chosen(options.iter().map(text).collect()),
                None => Entry::Text(text(value)),
            };
            (field.clone(), entry)
        };
        Self(entries.iter().map(entry).collect())
    }

    fn of(&self, block_id: &str, action_id: &str) -> Option<&Entry> {
        self.0.iter().rev().find(|(name, _)| name == action_id || name == block_id).map(|(_, e)| e)
    }
}

/// What a modal's `state.values` says after these entries, or what the client would not submit.
pub(crate) fn fill(blocks: &[Value], entries: &Entries) -> Result<Value, String> {
    let mut values = Map::new();
    let mut known = Vec::new();
    for (block, element) in fields(blocks) {
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (block_id, action_id) = (text(block, "block_id"), text(element, "action_id"));
        let Some(value) = value(element, entries.of(&block_id, &action_id))? else { continue };
        let is_required = text(block, "type") == "input"
            && !block.get("optional").and_then(Value::as_bool).unwrap_or_default();
        if is_required && is_empty(&value) {
            return Err(format!("the field {action_id} has to be filled in"));
        }
        known.extend([block_id.clone(), action_id.clone()]);
        let block = values.entry(block_id).or_insert_with(|| json!({}));
        block.as_object_mut().into_iter().for_each(|all| {
            all.insert(action_id.clone(), value.clone());
        });
    }
    match entries.0.iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(format!("the modal has no field {name}, but {known:?}")),
        None => Ok(values.into()),
    }
}

fn fields(blocks: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    blocks.iter().flat_map(|block| {
        let single = block.get("element").into_iter().chain(block.get("accessory"));
        let list = block.get("elements").and_then(Value::as_array).into_iter().flatten();
        single.chain(list).map(move |element| (block, element))
    })
}

/// The state of one element; none where it has no state.
fn value(element: &Value, entry: Option<&Entry>) -> Result<Option<Value>, String> {
    let kind = element.get("type").and_then(Value::as_str).unwrap_or_default();
    let initial = |key: &str| element.get(key).cloned().unwrap_or(Value::Null);
    Ok(Some(match kind {
        "plain_text_input" | "number_input" => {
            let text = match entry {
                None => initial("initial_value"),
                Some(Entry::Text(text)) => json!(checked_length(element, text)?),
                Some(Entry::Chosen(_)) => return Err("a text field has nothing to choose".into()),
            };
            json!({ "type": kind, "value": if text == "" { Value::Null } else { text } })
        }
        "radio_buttons" | "static_select" => {
            let option = match chosen(element, entry)? {
                None => initial("initial_option"),
                Some(options) => options.into_iter().next().unwrap_or(Value::Null),
            };
            json!({ "type": kind, "selected_option": option })
        }
        "checkboxes" | "multi_static_select" => {
            let none = || element.get("initial_options").cloned().unwrap_or_else(|| json!([]));
            let options = chosen(element, entry)?.map_or_else(none, Value::Array);
            json!({ "type": kind, "selected_options": options })
        }
        _ => return Ok(None),
    }))
}

/// Slack's client does not submit a text that is too long or too short.
fn checked_length<'t>(element: &Value, text: &'t str) -> Result<&'t str, String> {
    let limit = |key: &str| element.get(key).and_then(Value::as_u64);
    let length = text.chars().count() as u64;
    let fits = length <= limit("max_length").unwrap_or(3000)
        && length >= limit("min_length").unwrap_or_default();
    if fits { Ok(text) } else { Err(format!("a text of {length} characters does not fit")) }
}

fn chosen(element: &Value, entry: Option<&Entry>) -> Result<Option<Vec<Value>>, String> {
    let wanted = match entry {
        None => return Ok(None),
        Some(Entry::Chosen(wanted)) => wanted,
        Some(Entry::Text(_)) => return Err("options are chosen, not typed".into()),
    };
    let offered = element.get("options").and_then(Value::as_array).cloned().unwrap_or_default();
    let find = |name: &String| {
        let fits = |option: &&Value| {
            let label = option.get("text").and_then(|text| text.get("text"));
            [option.get("value"), label].into_iter().flatten().any(|own| own == name.as_str())
        };
        offered.iter().find(fits).cloned().ok_or_else(|| format!("there is no option {name}"))
    };
    wanted.iter().map(find).collect::<Result<_, _>>().map(Some)
}

fn is_empty(value: &Value) -> bool {
    let empty = |inner: &Value| inner.is_null() || inner.as_array().is_some_and(Vec::is_empty);
    ["value", "selected_option", "selected_options"]
        .iter()
        .any(|key| value.get(key).is_some_and(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modal() -> Vec<Value> {
        let option = |value: &str| json!({ "text": { "type": "plain_text", "text": value.to_uppercase() }, "value": value });
        vec![
            json!({ "type": "input", "block_id": "b1", "element": {
                "type": "radio_buttons", "action_id": "reason", "options": [option("a"), option("b")],
            } }),
            json!({ "type": "input", "block_id": "b2", "optional": true, "element": {
                "type": "plain_text_input", "action_id": "why", "max_length": 5,
            } }),
            json!({ "type": "input", "block_id": "b3", "element": {
                "type": "checkboxes", "action_id": "scopes", "options": [option("x"), option("y")],
                "initial_options": [option("x"), option("y")],
            } }),
        ]
    }

    #[test]
    fn what_is_not_touched_keeps_its_first_state() {
        let values = fill(&modal(), &Entries::none().choose("reason", "B")).unwrap();
        assert_eq!(values["b1"]["reason"]["selected_option"]["value"], "b");
        assert_eq!(values["b2"]["why"], json!({ "type": "plain_text_input", "value": null }));
        assert_eq!(values["b3"]["scopes"]["selected_options"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_client_refuses_what_slack_s_client_refuses() {
        let refused = |entries: Entries| fill(&modal(), &entries).unwrap_err();
        assert_eq!(refused(Entries::none()), "the field reason has to be filled in");
        let chosen = Entries::none().choose("reason", "a");
        assert_eq!(
            refused(chosen.clone().text("why", "six or")),
            "a text of 6 characters does not fit"
        );
        assert_eq!(
            refused(chosen.clone().tick("scopes", &[])),
            "the field scopes has to be filled in"
        );
        assert_eq!(refused(chosen.clone().tick("scopes", &["z"])), "there is no option z");
        assert!(refused(chosen.text("other", "x")).starts_with("the modal has no field other"));
    }
}
