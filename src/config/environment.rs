//! The environment of the process, and the values that it sets over those of the file:
//! `COUNTERSIGN_LIMITS__REQUESTS_PER_SECOND=10`, `COUNTERSIGN_CLIENTS__0__TRUST=trusted`.

use std::collections::BTreeMap;

use super::page::Page;
use crate::domain::{
    diagnostic::{Diagnostic, Span},
    yaml::{Entry, Key, Node, Value, read::Faults},
};

const PREFIX: &str = "COUNTERSIGN_";
const SEPARATOR: &str = "__";

/// Environment variables by name.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; names and values that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// These variables and no others.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(variables.into_iter().map(owned).collect())
    }

    /// The value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets what the environment overrides. A variable with one word after the prefix counts only
    /// where the word is among `known`: others may be secrets that the file refers to.
    pub(super) fn override_in(
        &self,
        root: &mut Node,
        known: &[&str],
        page: &mut Page,
        faults: &mut Faults,
    ) {
        for (name, value) in &self.0 {
            let Some(path) = name.strip_prefix(PREFIX) else { continue };
            let words: Vec<&str> = path.split(SEPARATOR).collect();
            if words.len() == 1 && !known.iter().any(|key| names(path, key)) {
                continue;
            }
            let (key, span) = page.add_variable(name, value);
            let new = Node { value: Value::Scalar(value.clone()), span };
            if let Err(message) = set(root, &words, key, new) {
                faults.push(Diagnostic::new(key, message));
            }
        }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}

/// Shows names alone: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Puts a value where the words lead, making the maps on the way. Keys that nobody knows are
/// found later, by the reader of their section.
fn set(node: &mut Node, words: &[&str], at: Span, new: Node) -> Result<(), String> {
    let Some((word, rest)) = words.split_first() else {
        return match node.value {
            Value::Map(_) | Value::List(_) => Err("only a single value can be set so".to_owned()),
            Value::Nothing | Value::Scalar(_) => {
                *node = new;
                Ok(())
            }
        };
    };
    if node.value == Value::Nothing {
        *node = Node { value: Value::Map(Vec::new()), span: at };
    }
    match &mut node.value {
        Value::Map(entries) => set(member(entries, word, at), rest, at, new),
        Value::List(nodes) => {
            let place = word.parse().ok().and_then(|place: usize| nodes.get_mut(place));
            let place = place.ok_or_else(|| format!("there is no entry `{word}` in this list"))?;
            set(place, rest, at, new)
        }
        Value::Nothing | Value::Scalar(_) => Err(format!("nothing stands below `{word}`")),
    }
}

fn member<'n>(entries: &'n mut Vec<Entry>, word: &str, at: Span) -> &'n mut Node {
    let place = entries.iter().position(|entry| names(word, &entry.key.text));
    let place = place.unwrap_or_else(|| {
        let key = Key { text: word.to_lowercase(), span: at };
        entries.push(Entry { key, node: Node { value: Value::Nothing, span: at } });
        entries.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "the place was found or made just above")]
    &mut entries[place].node
}

fn names(word: &str, key: &str) -> bool {
    word.eq_ignore_ascii_case(&key.replace('-', "_"))
}
