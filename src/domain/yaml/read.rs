//! Typed reading of a YAML tree. Every function notes what is wrong and goes on, so that one run
//! shows every fault of a file.

use rust_decimal::Decimal;

use super::{Entry, Node, Value};
use crate::domain::{
    decimal::exact,
    diagnostic::{Diagnostic, Span, suggest},
};

/// What was found wrong so far.
pub type Faults = Vec<Diagnostic>;

/// A map whose keys are known.
#[derive(Debug, Clone, Copy)]
pub struct Members<'n> {
    entries: &'n [Entry],
    span: Span,
}

/// A text and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'n> {
    pub text: &'n str,
    pub span: Span,
}

impl<'n> Members<'n> {
    /// Reads a map, noting every key that is not among `known`.
    pub fn of(node: &'n Node, known: &[&str], faults: &mut Faults) -> Option<Self> {
        let entries = entries(node, faults)?;
        for Entry { key, .. } in entries {
            if !known.contains(&key.text.as_str()) {
                let message = format!("unknown key `{}`", key.text);
                let help = suggest(&key.text, known.iter().copied());
                faults.push(Diagnostic::new(key.span, message).with_help(help));
            }
        }
        Some(Self { entries, span: node.span })
    }

    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.node)
    }

    /// As [`Self::get`], and its absence is a fault.
    pub fn need(&self, key: &str, faults: &mut Faults) -> Option<&'n Node> {
        let node = self.get(key);
        if node.is_none() {
            faults.push(Diagnostic::new(self.span, format!("`{key}` is missing")));
        }
        node
    }
}

/// A map with keys of the operator's choice.
pub fn entries<'n>(node: &'n Node, faults: &mut Faults) -> Option<&'n [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Nothing | Value::Scalar(_) | Value::List(_) => expected("a map", node, faults),
    }
}

pub fn list<'n>(node: &'n Node, faults: &mut Faults) -> Option<&'n [Node]> {
    match &node.value {
        Value::List(nodes) => Some(nodes),
        Value::Nothing | Value::Scalar(_) | Value::Map(_) => expected("a list", node, faults),
    }
}

/// One value, or a list of values.
pub fn one_or_more(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(nodes) => nodes,
        Value::Nothing | Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(node),
    }
}

pub fn text<'n>(node: &'n Node, faults: &mut Faults) -> Option<&'n str> {
    match &node.value {
        Value::Scalar(text) if !text.trim().is_empty() => Some(text),
        Value::Scalar(_) | Value::Nothing | Value::List(_) | Value::Map(_) => {
            expected("text", node, faults)
        }
    }
}

/// One text, or a list of texts that is not empty.
pub fn texts<'n>(node: &'n Node, faults: &mut Faults) -> Option<Vec<Text<'n>>> {
    let nodes = one_or_more(node);
    if nodes.is_empty() {
        return expected("at least one text", node, faults);
    }
    let mut texts = Vec::new();
    for node in nodes {
        texts.extend(text(node, faults).map(|text| Text { text, span: node.span }));
    }
    (texts.len() == nodes.len()).then_some(texts)
}

/// Digits with an optional sign and fraction, taken exactly.
pub fn decimal(node: &Node, faults: &mut Faults) -> Option<Decimal> {
    let read = scalar(node).and_then(exact);
    read.or_else(|| expected("a decimal such as `10000.50`", node, faults))
}

/// A number of people.
pub fn count(node: &Node, faults: &mut Faults) -> Option<u32> {
    number(node, 99, faults)
}

/// A number from one to a limit.
pub fn number(node: &Node, most: u32, faults: &mut Faults) -> Option<u32> {
    let read = scalar(node).and_then(|text| text.parse().ok());
    let read = read.filter(|count| (1..=most).contains(count));
    read.or_else(|| expected(&format!("a whole number from 1 to {most}"), node, faults))
}

/// A length of time such as `30m`, in seconds.
pub fn seconds(node: &Node, faults: &mut Faults) -> Option<i64> {
    let read = scalar(node).and_then(parse_seconds);
    read.or_else(|| expected("a length of time such as `90s`, `30m`, `8h` or `7d`", node, faults))
}

/// One of a closed list of words.
pub fn choice<T: Copy>(node: &Node, choices: &[(&str, T)], faults: &mut Faults) -> Option<T> {
    let text = text(node, faults)?;
    let found = choices.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let help = suggest(text, choices.iter().map(|(word, _)| *word));
        faults.push(Diagnostic::new(node.span, format!("unknown value `{text}`")).with_help(help));
    }
    found.map(|(_, value)| *value)
}

/// Notes that something else stands here.
pub fn expected<T>(what: &str, node: &Node, faults: &mut Faults) -> Option<T> {
    let found = match &node.value {
        Value::Nothing => "nothing".to_owned(),
        Value::Scalar(text) => format!("`{text}`"),
        Value::List(nodes) if nodes.is_empty() => "an empty list".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
    };
    faults.push(Diagnostic::new(node.span, format!("expected {what}, found {found}")));
    None
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(text) => Some(text),
        Value::Nothing | Value::List(_) | Value::Map(_) => None,
    }
}

/// The seconds of a length of time such as `30m`.
pub fn parse_seconds(text: &str) -> Option<i64> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = text.strip_suffix(['s', 'm', 'h', 'd'])?;
    let number: u32 =
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    let seconds = i64::from(number) * unit;
    (1..=LONGEST_SECONDS).contains(&seconds).then_some(seconds)
}

/// Ten years: beyond it is a slip of the finger.
const LONGEST_SECONDS: i64 = 3_650 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("8h", 28_800), ("7d", 604_800)] {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
        for bad in ["", "m", "30", "0m", "-5m", "+5m", "1h30m", "3 m", "5ms", "99999999d", "３m"] {
            assert_eq!(parse_seconds(bad), None, "{bad}");
        }
    }
}
