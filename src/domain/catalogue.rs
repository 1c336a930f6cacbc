//! What may be asked for: scopes, actions and RFC 9396 authorization-detail types, each with its
//! title, risk, owner and typed parameters. Written by integrators, reviewed by owners.

pub mod resolve;

use std::collections::BTreeMap;

use super::{
    diagnostic::{Diagnostic, Span, suggest},
    id::Group,
    plan::Risk,
    yaml::{
        self, Node,
        read::{self, Faults, Members, Text},
    },
};

/// The catalogue in force. Names are exact: there are no patterns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    pub scopes: BTreeMap<String, Entry>,
    pub actions: BTreeMap<String, Entry>,
    /// By the `type` of the authorization detail.
    pub details: BTreeMap<String, Entry>,
}

/// A scope, an action or a detail type.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What a person reads.
    pub title: String,
    pub description: Option<String>,
    pub risk: Risk,
    /// The group that answers for it; also the name of its channel.
    pub owner: Group,
    pub env: String,
    pub access: Access,
    /// Empty for a scope. The name for a detail type may be a dotted path into the detail.
    pub params: BTreeMap<String, ParamType>,
    /// Where its name stands in the file.
    pub span: Span,
}

/// What is done to the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    Admin,
}

/// What a parameter holds. All but `Any` must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamType {
    Decimal,
    Integer,
    Text,
    Boolean,
    /// May be there, in any shape; no condition can use it.
    Any,
}

impl Catalogue {
    /// Reads a catalogue, or names every fault of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let catalogue =
            yaml::parse(text, &mut faults).and_then(|root| read_file(&root, &mut faults));
        match catalogue {
            Some(catalogue) if faults.is_empty() => Ok(catalogue),
            Some(_) | None => Err(faults),
        }
    }

    /// All entries, of every kind.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.scopes.values().chain(self.actions.values()).chain(self.details.values())
    }
}

impl Access {
    /// The words of the file.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("read", Self::Read), ("write", Self::Write), ("admin", Self::Admin)];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl ParamType {
    const CHOICES: [(&'static str, Self); 5] = [
        ("decimal", Self::Decimal),
        ("integer", Self::Integer),
        ("text", Self::Text),
        ("boolean", Self::Boolean),
        ("any", Self::Any),
    ];

    /// As a sentence wants it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Decimal => "a decimal",
            Self::Integer => "a whole number",
            Self::Text => "a text",
            Self::Boolean => "`true` or `false`",
            Self::Any => "anything",
        }
    }
}

impl Risk {
    /// The words of the files.
    pub(crate) const CHOICES: [(&'static str, Self); 4] = [
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("critical", Self::Critical),
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

fn read_file(root: &Node, faults: &mut Faults) -> Option<Catalogue> {
    let members = Members::of(root, &["scopes", "actions", "details"], faults)?;
    let mut section = |name, with_params| {
        let node = members.get(name)?;
        Some(read_section(node, with_params, faults))
    };
    let scopes = section("scopes", Params::Refused).unwrap_or_default();
    let actions = section("actions", Params::Plain).unwrap_or_default();
    let details = section("details", Params::Paths).unwrap_or_default();
    Some(Catalogue { scopes, actions, details })
}

/// Which parameters a kind of entry may declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Params {
    Refused,
    Plain,
    Paths,
}

fn read_section(node: &Node, params: Params, faults: &mut Faults) -> BTreeMap<String, Entry> {
    let mut section = BTreeMap::new();
    for member in read::entries(node, faults).unwrap_or_default() {
        let name = Text { text: &member.key.text, span: member.key.span };
        refuse_pattern(name, faults);
        if let Some(entry) = read_entry(&member.node, member.key.span, params, faults) {
            section.insert(name.text.to_owned(), entry);
        }
    }
    section
}

fn refuse_pattern(name: Text<'_>, faults: &mut Faults) {
    if name.text.contains(|letter: char| letter == '*' || letter.is_whitespace()) {
        let message = format!("`{}` is not an exact name", name.text);
        let help = "names hold neither `*` nor spaces: list each one".to_owned();
        faults.push(Diagnostic::new(name.span, message).with_help(Some(help)));
    }
}

fn read_entry(node: &Node, span: Span, params: Params, faults: &mut Faults) -> Option<Entry> {
    let all = ["title", "description", "risk", "owner", "env", "access", "params"];
    let known = if params == Params::Refused { all.split_last()?.1 } else { all.as_slice() };
    let members = Members::of(node, known, faults)?;
    let title = members.need("title", faults).and_then(|node| read::text(node, faults));
    let description = members.get("description").and_then(|node| read::text(node, faults));
    let risk =
        members.need("risk", faults).and_then(|node| read::choice(node, &Risk::CHOICES, faults));
    let owner = members.need("owner", faults).and_then(|node| read::text(node, faults));
    let env = members.need("env", faults).and_then(|node| read::text(node, faults));
    let access = members
        .need("access", faults)
        .and_then(|node| read::choice(node, &Access::CHOICES, faults));
    let params = members.get("params").map(|node| read_params(node, params, faults));
    Some(Entry {
        title: title?.to_owned(),
        description: description.map(str::to_owned),
        risk: risk?,
        owner: Group::from(owner?),
        env: env?.to_owned(),
        access: access?,
        params: params.unwrap_or_default(),
        span,
    })
}

fn read_params(node: &Node, kind: Params, faults: &mut Faults) -> BTreeMap<String, ParamType> {
    let mut params = BTreeMap::new();
    for member in read::entries(node, faults).unwrap_or_default() {
        let name = &member.key.text;
        let in_order = name.split('.').all(|step| !step.is_empty());
        if name.contains('.') && (kind != Params::Paths || !in_order) {
            let message = format!("`{name}` is not the name of a parameter");
            faults.push(Diagnostic::new(member.key.span, message));
        }
        let inside = |other: &String| is_inside(name, other) || is_inside(other, name);
        if let Some(other) = params.keys().find(|other| inside(other)) {
            let message = format!("`{name}` and `{other}` overlap: one lies inside the other");
            faults.push(Diagnostic::new(member.key.span, message));
        }
        let kind = read::choice(&member.node, &ParamType::CHOICES, faults);
        params.extend(kind.map(|kind| (name.clone(), kind)));
    }
    params
}

/// Whether one dotted path leads through the other.
fn is_inside(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

/// The known names nearest to one that is not known.
fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a String>) -> String {
    let help = suggest(name, known.into_iter().map(String::as_str));
    help.map(|help| format!("; {help}")).unwrap_or_default()
}
