//! What a condition can look at: a closed list, each with the one place where its value stands.

use std::{collections::BTreeSet, fmt, sync::Arc};

use rust_decimal::Decimal;

use super::Question;
use crate::domain::{
    calendar::Calendar,
    catalogue::resolve::{Param, ResolvedPart},
    id::Group,
    request::{Part, Urgency},
};

/// A name on the left of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    Scope,
    Action,
    Detail,
    Access,
    Risk,
    Env,
    Owner,
    Client,
    ClientTrust,
    Requester,
    RequesterGroup,
    RequesterTrust,
    ResourceType,
    ResourceId,
    BreakGlass,
    /// Whether a calendar of the policy is open when the request comes in.
    Calendar(Arc<Calendar>),
    /// A declared parameter of an action or authorization detail.
    Param(String),
}

/// One part of a request, and all that policy may know of it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub question: &'a Question<'a>,
    pub part: &'a ResolvedPart<'a>,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seen<'a> {
    Text(&'a str),
    Number(Decimal),
    Flag(bool),
    /// The groups that the requester is in, and those of which it could not be found out.
    Groups {
        known: &'a BTreeSet<Group>,
        unknown: &'a BTreeSet<Group>,
    },
    /// This part has none: a scope is no action.
    NotHere,
    /// There is one, and it could not be found out.
    NotKnown,
}

impl Attribute {
    const NAMED: [(&'static str, Self); 15] = [
        ("scope", Self::Scope),
        ("action", Self::Action),
        ("detail", Self::Detail),
        ("access", Self::Access),
        ("risk", Self::Risk),
        ("env", Self::Env),
        ("owner", Self::Owner),
        ("client", Self::Client),
        ("client.trust", Self::ClientTrust),
        ("requester", Self::Requester),
        ("requester.group", Self::RequesterGroup),
        ("requester.trust", Self::RequesterTrust),
        ("resource.type", Self::ResourceType),
        ("resource.id", Self::ResourceId),
        ("break_glass", Self::BreakGlass),
    ];

    pub fn parse(name: &str) -> Option<Self> {
        if let Some(param) = name.strip_prefix("param.").filter(|param| !param.is_empty()) {
            return Some(Self::Param(param.to_owned()));
        }
        Self::NAMED.into_iter().find(|(word, _)| *word == name).map(|(_, attribute)| attribute)
    }

    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().map(|(name, _)| name).chain(["calendar.<name>", "param.<name>"])
    }

    pub fn look<'a>(&self, facts: Facts<'a>) -> Seen<'a> {
        let Facts { question, part } = facts;
        let item = question.item.item();
        match self {
            Self::Scope => only(matches!(part.part, Part::Scope(_)), part.name),
            Self::Action => only(matches!(part.part, Part::Action(_)), part.name),
            Self::Detail => only(matches!(part.part, Part::Detail(_)), part.name),
            Self::Access => Seen::Text(part.entry.access.as_str()),
            Self::Risk => Seen::Text(part.entry.risk.as_str()),
            Self::Env => Seen::Text(&part.entry.env),
            Self::Owner => Seen::Text(part.entry.owner.as_str()),
            Self::Client => Seen::Text(&question.request.client.id),
            Self::ClientTrust => Seen::Text(question.client_trust.as_str()),
            Self::Requester => match &question.requester.person {
                Some(person) => Seen::Text(person.as_str()),
                None => Seen::NotKnown,
            },
            Self::RequesterGroup => Seen::Groups {
                known: &question.requester.groups,
                unknown: &question.requester.unknown_groups,
            },
            Self::RequesterTrust => Seen::Text(question.requester.trust.as_str()),
            Self::ResourceType => Seen::Text(&item.resource.kind),
            Self::ResourceId => Seen::Text(&item.resource.id),
            Self::BreakGlass => Seen::Flag(item.requested.urgency == Urgency::Emergency),
            Self::Calendar(calendar) => Seen::Text(calendar.state(question.request.opened_at)),
            Self::Param(name) => match part.params.get(name.as_str()) {
                Some(Param::Number(number)) => Seen::Number(*number),
                Some(Param::Text(text)) => Seen::Text(text),
                Some(Param::Flag(flag)) => Seen::Flag(*flag),
                None => Seen::NotHere,
            },
        }
    }
}

/// How much of a value from outside is quoted.
const QUOTED_CHARS: usize = 60;

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                let quoted =
                    text.char_indices().nth(QUOTED_CHARS).and_then(|(end, _)| text.get(..end));
                f.write_str("`")?;
                f.write_str(quoted.unwrap_or(text))?;
                f.write_str(if quoted.is_some() { "…`" } else { "`" })
            }
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Groups { known, .. } if known.is_empty() => f.write_str("none"),
            Self::Groups { known, .. } => {
                let names: Vec<_> = known.iter().map(Group::as_str).collect();
                write!(f, "`{}`", names.join("`, `"))
            }
            Self::NotHere => f.write_str("not here"),
            Self::NotKnown => f.write_str("not known"),
        }
    }
}

fn only(applies: bool, name: &str) -> Seen<'_> {
    if applies { Seen::Text(name) } else { Seen::NotHere }
}
