//! Small pieces of wording.

use countersign_port::text::{Shown, Untrusted};
use serde_json::Value;

use crate::domain::{access::slice::View, plan::Plan, request::Subject};

/// “Erin, Farid or Gus”.
pub(super) fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// The title of a part, as it stands in the middle of a sentence.
pub(super) fn lower_first(title: &Untrusted) -> Shown {
    recased(title, |first| first.to_lowercase().collect())
}

/// A word at the beginning of a line.
pub(super) fn capitalised(word: &Untrusted) -> Shown {
    recased(word, |first| first.to_uppercase().collect())
}

fn recased(text: &Untrusted, recase: impl Fn(char) -> String) -> Shown {
    let mut rest = text.as_received().chars();
    let first = rest.next().map(recase).unwrap_or_default();
    Untrusted::new(format!("{first}{}", rest.as_str())).display()
}

/// Where it happens: the catalogue's word; the request's own only where the catalogue has none.
pub(super) fn environment(view: &View, plan: &Plan) -> Option<Untrusted> {
    let declared = plan.parts.iter().find_map(|part| part.environment.as_deref());
    let name = declared.or(view.request.context.environment.as_deref())?;
    Some(Untrusted::new(if name == "prod" { "production" } else { name }))
}

/// The name that a subject gives itself, or its id.
pub(super) fn sentence_name(subject: &Subject) -> Untrusted {
    subject.name.clone().unwrap_or_else(|| Untrusted::new(subject.id.clone()))
}

/// A parameter as it was sent: text without quotes, everything else as JSON.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// “8 hours”, “90 minutes”, “45 seconds”: the largest unit that divides it.
pub(crate) fn duration(seconds: i64) -> String {
    let (count, unit) = match seconds {
        seconds if seconds % 86_400 == 0 => (seconds / 86_400, "day"),
        seconds if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_use_the_largest_unit_that_divides_them() {
        let said: Vec<String> = [1, 45, 60, 5_400, 3_600, 28_800, 86_400].map(duration).to_vec();
        let wanted =
            ["1 second", "45 seconds", "1 minute", "90 minutes", "1 hour", "8 hours", "1 day"];
        assert_eq!(said, wanted);
    }
}
