//! Reads conditions. A value that can never match (a scope that the catalogue does not know, a
//! word for a number) is a fault here, so that it is not silently false later.

use std::sync::Arc;

use super::{
    super::{
        Trust,
        attribute::Attribute,
        condition::{Bounds, Condition, Conditions, Test},
        glob::Glob,
    },
    Names,
};
use crate::domain::{
    calendar::{CLOSED, OPEN},
    catalogue::{Access, Entry as CatalogueEntry, ParamType},
    diagnostic::{Diagnostic, Span, suggest},
    plan::Risk,
    yaml::{
        Entry, Node, Value,
        read::{self, Faults, Members},
    },
};

impl Names<'_> {
    /// The `if:` of a guardrail or rule. Without one it always applies.
    pub(super) fn conditions(
        &self,
        node: Option<&Node>,
        faults: &mut Faults,
    ) -> Option<Conditions> {
        let Some(node) = node else { return Some(Conditions::new(Vec::new())) };
        let entries = read::entries(node, faults)?;
        let read: Vec<_> =
            entries.iter().map(|entry| self.condition(entry, entries, faults)).collect();
        read.into_iter().collect::<Option<_>>().map(Conditions::new)
    }

    fn condition(&self, entry: &Entry, all: &[Entry], faults: &mut Faults) -> Option<Condition> {
        let Entry { key, node } = entry;
        let calendar = key.text.strip_prefix("calendar.");
        if let Some(name) = calendar.filter(|name| !name.is_empty()) {
            return self.calendar(name, entry, faults);
        }
        let Some(attribute) = Attribute::parse(&key.text) else {
            let message = format!("unknown attribute `{}`", key.text);
            let help = suggest(&key.text, Attribute::names());
            faults.push(Diagnostic::new(key.span, message).with_help(help));
            return None;
        };
        let (test, wanted) = match &attribute {
            Attribute::BreakGlass => flag(node, faults),
            Attribute::Param(name) => self.param(name, key.span, node, all, faults),
            // It is read before, because it stands for something of the file.
            Attribute::Calendar(_) => return None,
            Attribute::Access => words(node, &Access::CHOICES, faults),
            Attribute::Risk => words(node, &Risk::CHOICES, faults),
            Attribute::ClientTrust | Attribute::RequesterTrust => {
                words(node, &Trust::CHOICES, faults)
            }
            Attribute::Client | Attribute::ResourceType | Attribute::ResourceId => {
                patterns(node, faults)
            }
            Attribute::Scope
            | Attribute::Action
            | Attribute::Detail
            | Attribute::Env
            | Attribute::Owner
            | Attribute::Requester
            | Attribute::RequesterGroup => self.known(&attribute, &key.text, node, faults),
        }?;
        Some(Condition { attribute, name: key.text.clone(), test, wanted })
    }

    /// Whether a calendar is open or closed.
    fn calendar(&self, name: &str, entry: &Entry, faults: &mut Faults) -> Option<Condition> {
        let Some(calendar) = self.calendars.get(name) else {
            let message = format!("unknown calendar `{name}`");
            let help = suggest(name, self.calendars.keys().map(String::as_str));
            let help = help.or_else(|| Some("name it under `calendars`".to_owned()));
            faults.push(Diagnostic::new(entry.key.span, message).with_help(help));
            return None;
        };
        let (test, wanted) = words(&entry.node, &[(OPEN, ()), (CLOSED, ())], faults)?;
        let attribute = Attribute::Calendar(Arc::clone(calendar));
        Some(Condition { attribute, name: entry.key.text.clone(), test, wanted })
    }

    /// Patterns of which each must match something that there is.
    fn known(
        &self,
        attribute: &Attribute,
        what: &str,
        node: &Node,
        faults: &mut Faults,
    ) -> Option<(Test, String)> {
        let names = self.names_of(attribute);
        for text in read::texts(node, faults)? {
            let glob = Glob::new(text.text);
            if !names.iter().any(|name| glob.matches(name)) {
                let message = format!("unknown {what} `{}`", text.text);
                let help = suggest(text.text, names.iter().copied());
                faults.push(Diagnostic::new(text.span, message).with_help(help));
            }
        }
        patterns(node, faults)
    }

    fn names_of(&self, attribute: &Attribute) -> Vec<&str> {
        let catalogue = self.vocabulary.catalogue;
        match attribute {
            Attribute::Scope => catalogue.scopes.keys().map(String::as_str).collect(),
            Attribute::Action => catalogue.actions.keys().map(String::as_str).collect(),
            Attribute::Detail => catalogue.details.keys().map(String::as_str).collect(),
            Attribute::Env => catalogue.entries().map(|entry| entry.env.as_str()).collect(),
            Attribute::Owner => catalogue.entries().map(|entry| entry.owner.as_str()).collect(),
            Attribute::Requester => {
                self.vocabulary.people.iter().map(|person| person.id.as_str()).collect()
            }
            Attribute::RequesterGroup => self.groups.iter().copied().collect(),
            Attribute::Access
            | Attribute::Risk
            | Attribute::Client
            | Attribute::ClientTrust
            | Attribute::RequesterTrust
            | Attribute::ResourceType
            | Attribute::ResourceId
            | Attribute::BreakGlass
            | Attribute::Calendar(_)
            | Attribute::Param(_) => Vec::new(),
        }
    }

    /// A test of the type that the catalogue declares for the parameter.
    fn param(
        &self,
        name: &str,
        span: Span,
        node: &Node,
        all: &[Entry],
        faults: &mut Faults,
    ) -> Option<(Test, String)> {
        let holders = self.holders(all);
        let kinds = holders.iter().filter_map(|entry| entry.params.get(name));
        let mut kinds: Vec<_> = kinds.map(|kind| kind.tested_as()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        match kinds.as_slice() {
            [Some(Kind::Number)] => number(node, faults),
            [Some(Kind::Text)] => patterns(node, faults),
            [Some(Kind::Flag)] => flag(node, faults),
            [None] => {
                let message = format!("`{name}` may hold anything: no condition can use it");
                faults.push(Diagnostic::new(span, message));
                None
            }
            [] => {
                let known: Vec<_> = holders.iter().flat_map(|entry| entry.params.keys()).collect();
                let known: Vec<_> = known.iter().map(|name| format!("param.{name}")).collect();
                let message = format!("unknown parameter `{name}`");
                let help = suggest(&format!("param.{name}"), known.iter().map(String::as_str));
                faults.push(Diagnostic::new(span, message).with_help(help));
                None
            }
            [_, _, ..] => {
                let message = format!("`{name}` has several types in the catalogue");
                let help = "name the `action` or `detail` that is meant".to_owned();
                faults.push(Diagnostic::new(span, message).with_help(Some(help)));
                None
            }
        }
    }

    /// The catalogue entries that the conditions beside a parameter leave over.
    fn holders(&self, all: &[Entry]) -> Vec<&CatalogueEntry> {
        let catalogue = self.vocabulary.catalogue;
        let globs = |wanted: &str| {
            let entry = all.iter().find(|entry| entry.key.text == wanted)?;
            // Faults of that condition are noted where it is read.
            let texts = read::texts(&entry.node, &mut Vec::new()).unwrap_or_default();
            Some(texts.into_iter().map(|text| Glob::new(text.text)).collect::<Vec<_>>())
        };
        let (actions, details) = (globs("action"), globs("detail"));
        let fits = |globs: &Option<Vec<Glob>>, other: &Option<Vec<Glob>>, name: &str| match globs {
            Some(globs) => globs.iter().any(|glob| glob.matches(name)),
            None => other.is_none(),
        };
        let actions_left =
            catalogue.actions.iter().filter(|(name, _)| fits(&actions, &details, name));
        let details_left =
            catalogue.details.iter().filter(|(name, _)| fits(&details, &actions, name));
        actions_left.chain(details_left).map(|(_, entry)| entry).collect()
    }
}

/// How values of a type are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Number,
    Text,
    Flag,
}

impl ParamType {
    fn tested_as(self) -> Option<Kind> {
        match self {
            Self::Decimal | Self::Integer => Some(Kind::Number),
            Self::Text => Some(Kind::Text),
            Self::Boolean => Some(Kind::Flag),
            Self::Any => None,
        }
    }
}

fn patterns(node: &Node, faults: &mut Faults) -> Option<(Test, String)> {
    let texts = read::texts(node, faults)?;
    let wanted = texts.iter().map(|text| format!("`{}`", text.text)).collect::<Vec<_>>();
    let globs = texts.iter().map(|text| Glob::new(text.text)).collect();
    Some((Test::Text(globs), wanted.join(" or ")))
}

/// Words of a closed list, without patterns.
fn words<T: Copy>(
    node: &Node,
    choices: &[(&str, T)],
    faults: &mut Faults,
) -> Option<(Test, String)> {
    for node in read::one_or_more(node) {
        read::choice(node, choices, faults);
    }
    patterns(node, faults)
}

fn flag(node: &Node, faults: &mut Faults) -> Option<(Test, String)> {
    let wanted = read::choice(node, &[("true", true), ("false", false)], faults)?;
    Some((Test::Flag(wanted), wanted.to_string()))
}

fn number(node: &Node, faults: &mut Faults) -> Option<(Test, String)> {
    let nodes = read::one_or_more(node);
    if nodes.is_empty() {
        return read::expected("at least one decimal", node, faults);
    }
    let all: Vec<_> = nodes.iter().map(|node| bounds(node, faults)).collect();
    let all: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    let wanted = all.iter().map(|bounds| bounds.words()).collect::<Vec<_>>();
    Some((Test::Number(all), wanted.join(" or ")))
}

fn bounds(node: &Node, faults: &mut Faults) -> Option<Bounds> {
    if !matches!(node.value, Value::Map(_)) {
        return read::decimal(node, faults).map(Bounds::Exactly);
    }
    let members = Members::of(node, &["over", "at_most"], faults)?;
    let over = members.get("over").map(|node| read::decimal(node, faults));
    let most = members.get("at_most").map(|node| read::decimal(node, faults));
    match (over, most) {
        (Some(over), Some(most)) => Some(Bounds::Between(over?, most?)),
        (Some(over), None) => over.map(Bounds::Over),
        (None, Some(most)) => most.map(Bounds::AtMost),
        (None, None) => read::expected("`over` or `at_most`", node, faults),
    }
}
