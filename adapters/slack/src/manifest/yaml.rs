//! A JSON value as YAML in blocks. Strings are written as in JSON, which YAML 1.2 reads alike.

use std::collections::BTreeMap;

use serde_json::Value;

/// The text, with a line break at its end.
pub(super) fn text(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(members) => {
            // In one order, whatever order the map keeps.
            for (key, value) in members.iter().collect::<BTreeMap<_, _>>() {
                indent(depth, text);
                text.push_str(key);
                text.push(':');
                after(value, depth, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                indent(depth, text);
                text.push('-');
                after(item, depth, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            indent(depth, text);
            line(value, text);
        }
    }
}

/// A value behind its key: in the same line, or as a block below.
fn after(value: &Value, depth: usize, text: &mut String) {
    if matches!(value, Value::Object(_) | Value::Array(_)) {
        text.push('\n');
        block(value, depth + 1, text);
    } else {
        text.push(' ');
        line(value, text);
    }
}

fn line(value: &Value, text: &mut String) {
    text.push_str(&value.to_string());
    text.push('\n');
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}
