//! Judges a value by a JSON Schema (2020-12), as far as ours go. A keyword that it does not know ends
//! the story: nothing is passed over.

use serde_json::Value;

/// What only describes.
const NOTES: [&str; 5] = ["$schema", "$id", "title", "description", "format"];

pub(super) fn takes(schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().unwrap();
    keywords.iter().all(|(keyword, wanted)| match keyword.as_str() {
        "type" => is_of(wanted.as_str().unwrap(), value),
        "required" => {
            let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
            !value.is_object() || wanted.as_array().unwrap().iter().all(has)
        }
        "properties" => {
            let fits = |(name, schema): (&String, &Value)| {
                value.get(name).is_none_or(|value| takes(schema, value))
            };
            wanted.as_object().unwrap().iter().all(fits)
        }
        "items" => value.as_array().into_iter().flatten().all(|value| takes(wanted, value)),
        "minItems" => {
            value.as_array().is_none_or(|all| all.len() as u64 >= wanted.as_u64().unwrap())
        }
        "maxLength" => value
            .as_str()
            .is_none_or(|text| text.chars().count() as u64 <= wanted.as_u64().unwrap()),
        "pattern" => {
            assert_eq!(wanted, "\\S", "something to be seen is all that is looked for");
            value.as_str().is_none_or(|text| !text.trim().is_empty())
        }
        "anyOf" => wanted.as_array().unwrap().iter().any(|one| takes(one, value)),
        "if" => takes(wanted, value) || takes(&schema["else"], value),
        "else" => keywords.contains_key("if"),
        note => {
            assert!(NOTES.contains(&note), "no story knows the keyword {note}");
            true
        }
    })
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        other => panic!("no story knows the type {other}"),
    }
}
