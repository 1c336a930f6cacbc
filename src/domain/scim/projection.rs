//! Which attributes a provider wants back: `attributes` and `excludedAttributes` (RFC 7644 §3.9).

use serde_json::{Map, Value};

use super::{Fault, FaultKind, bare, spelt};

/// Always given back.
const ALWAYS: [&str; 2] = ["id", "schemas"];

/// What is given back of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Projection {
    #[default]
    Whole,
    Only(Vec<String>),
    Without(Vec<String>),
}

impl Projection {
    /// Both at once is a contradiction.
    pub fn of(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, Fault> {
        let names = |text: &str| {
            let names = text.split(',').map(|name| bare(name.trim()).to_owned());
            names.filter(|name| !name.is_empty()).collect()
        };
        match (attributes, excluded) {
            (None, None) => Ok(Self::Whole),
            (Some(only), None) => Ok(Self::Only(names(only))),
            (None, Some(without)) => Ok(Self::Without(names(without))),
            (Some(_), Some(_)) => Err(Fault::new(
                FaultKind::InvalidValue,
                "`attributes` and `excludedAttributes` exclude each other",
            )),
        }
    }

    pub fn apply(&self, document: &Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::Whole => document.clone(),
            Self::Only(names) => {
                let mut kept = Map::new();
                for name in ALWAYS.iter().copied().chain(names.iter().map(String::as_str)) {
                    keep(document, name, &mut kept);
                }
                kept
            }
            Self::Without(names) => {
                let mut kept = document.clone();
                for name in names.iter().filter(|name| !ALWAYS.contains(&name.as_str())) {
                    leave_out(&mut kept, name);
                }
                kept
            }
        }
    }
}

fn keep(document: &Map<String, Value>, path: &str, kept: &mut Map<String, Value>) {
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let name = spelt(document, name);
    let Some(value) = document.get(&name) else { return };
    let value = match (sub, value) {
        (Some(sub), Value::Object(parts)) => Value::Object(only(parts, sub)),
        (Some(sub), Value::Array(elements)) => {
            let elements = elements.iter().filter_map(Value::as_object);
            elements.map(|parts| Value::Object(only(parts, sub))).collect()
        }
        (_, whole) => whole.clone(),
    };
    kept.insert(name, value);
}

fn only(parts: &Map<String, Value>, sub: &str) -> Map<String, Value> {
    let sub = spelt(parts, sub);
    parts.iter().filter(|(name, _)| **name == sub).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn leave_out(kept: &mut Map<String, Value>, path: &str) {
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let name = spelt(kept, name);
    match (sub, kept.get_mut(&name)) {
        (None, _) => _ = kept.remove(&name),
        (Some(sub), Some(Value::Object(parts))) => _ = parts.remove(sub),
        (Some(sub), Some(Value::Array(elements))) => {
            for parts in elements.iter_mut().filter_map(Value::as_object_mut) {
                parts.remove(sub);
            }
        }
        (Some(_), _) => {}
    }
}
