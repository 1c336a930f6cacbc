//! Users and groups as they are kept: who somebody is and whether they are there, no more. What
//! else a provider sends (titles, addresses, managers) is dropped at the door.

use serde_json::{Map, Value, json};

use super::{Fault, FaultKind, GROUP, USER, member};

const MAX_CHARS: usize = 512;
const MAX_EMAILS: usize = 20;

/// The parts of a name, and of an e-mail address, that are kept.
const NAME_PARTS: [&str; 3] = ["formatted", "familyName", "givenName"];
const EMAIL_PARTS: [&str; 2] = ["value", "type"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    User,
    Group,
}

/// Whether somebody may act. Who was taken away is remembered, so that they do not come back by
/// their e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Active,
    Inactive,
    Deleted,
}

/// A user or a group, as a provider describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub kind: Kind,
    /// `userName`, or the `displayName` of a group.
    pub name: String,
    pub external_id: Option<String>,
    /// `None` where the provider does not say.
    pub active: Option<bool>,
    /// What is given back, without the members.
    pub attributes: Map<String, Value>,
    /// The ids of the users in a group, sorted, each once.
    pub members: Vec<String>,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub const fn schema(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    /// The last part of the address of all of them.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    const fn naming(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

impl State {
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Deleted];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
        }
    }
}

impl Resource {
    /// Reads a whole description.
    pub fn parse(kind: Kind, body: &Value) -> Result<Self, Fault> {
        let syntax = || Fault::new(FaultKind::InvalidSyntax, "a resource is a JSON object");
        let body = body.as_object().ok_or_else(syntax)?;
        let name = text(body, kind.naming())?.ok_or_else(|| {
            Fault::new(FaultKind::InvalidValue, format!("`{}` is missing", kind.naming()))
        })?;
        let external_id = text(body, "externalId")?;
        let active = flag(body, "active")?;
        let mut attributes = Map::new();
        attributes.insert(kind.naming().to_owned(), name.clone().into());
        attributes.extend(external_id.clone().map(|id| ("externalId".to_owned(), id.into())));
        if kind == Kind::User {
            attributes
                .extend(text(body, "displayName")?.map(|n| ("displayName".to_owned(), n.into())));
            attributes.extend(name_of(body)?.map(|parts| ("name".to_owned(), parts)));
            attributes.extend(emails(body)?.map(|all| ("emails".to_owned(), all)));
            attributes.extend(active.map(|active| ("active".to_owned(), active.into())));
        }
        let members = if kind == Kind::Group { members(body)? } else { Vec::new() };
        Ok(Self { kind, name, external_id, active, attributes, members })
    }

    /// The description, as a patch changes it.
    pub fn document(&self) -> Map<String, Value> {
        let mut document = self.attributes.clone();
        let members = self.members.iter().map(|id| json!({ "value": id }));
        if self.kind == Kind::Group {
            document.insert("members".to_owned(), members.collect());
        }
        document
    }

    /// Says whether the user may act, where the provider does not.
    pub fn set_active(&mut self, active: bool) {
        self.active = Some(active);
        self.attributes.insert("active".to_owned(), active.into());
    }

    /// Groups are always there. Of a user of whom it is not said nobody knows.
    pub fn state(&self) -> State {
        match (self.kind, self.active) {
            (Kind::Group, _) | (Kind::User, Some(true)) => State::Active,
            (Kind::User, Some(false) | None) => State::Inactive,
        }
    }

    /// What is left of somebody who was taken away: enough to know them again.
    pub fn remains(&self) -> Map<String, Value> {
        let kept = ["userName", "displayName", "externalId", "emails"];
        let kept = kept.iter().filter(|name| self.kind == Kind::User && **name != "displayName");
        kept.filter_map(|name| Some(((*name).to_owned(), self.attributes.get(*name)?.clone())))
            .collect()
    }
}

fn text(map: &Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    match member(map, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= MAX_CHARS => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, &format!("a text of at most {MAX_CHARS} characters"))),
    }
}

/// Entra writes `"False"` unless it is told otherwise.
fn flag(map: &Map<String, Value>, name: &str) -> Result<Option<bool>, Fault> {
    match member(map, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(wrong(name, "true or false")),
    }
}

fn name_of(body: &Map<String, Value>) -> Result<Option<Value>, Fault> {
    match member(body, "name") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => {
            let parts = kept(map, &NAME_PARTS)?;
            Ok((!parts.is_empty()).then_some(Value::Object(parts)))
        }
        Some(_) => Err(wrong("name", "an object")),
    }
}

fn emails(body: &Map<String, Value>) -> Result<Option<Value>, Fault> {
    let wanted = || wrong("emails", &format!("a list of at most {MAX_EMAILS} objects"));
    let all = match member(body, "emails") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(all)) if all.len() <= MAX_EMAILS => all,
        Some(_) => return Err(wanted()),
    };
    let mut emails = Vec::new();
    for email in all {
        let email = email.as_object().ok_or_else(wanted)?;
        let mut parts = kept(email, &EMAIL_PARTS)?;
        parts.extend(flag(email, "primary")?.map(|flag| ("primary".to_owned(), flag.into())));
        if !parts.is_empty() {
            emails.push(Value::Object(parts));
        }
    }
    Ok((!emails.is_empty()).then_some(Value::Array(emails)))
}

fn kept(map: &Map<String, Value>, names: &[&str]) -> Result<Map<String, Value>, Fault> {
    let mut parts = Map::new();
    for name in names {
        parts.extend(text(map, name)?.map(|text| ((*name).to_owned(), text.into())));
    }
    Ok(parts)
}

fn members(body: &Map<String, Value>) -> Result<Vec<String>, Fault> {
    let wanted = || wrong("members", "a list of objects with the id of a user as `value`");
    let all = match member(body, "members") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(all)) => all,
        Some(_) => return Err(wanted()),
    };
    let id = |one: &Value| match one.as_object() {
        Some(map) => text(map, "value").ok().flatten(),
        None => one.as_str().map(str::to_owned),
    };
    let mut members = all.iter().map(id).collect::<Option<Vec<String>>>().ok_or_else(wanted)?;
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

fn wrong(name: &str, expected: &str) -> Fault {
    Fault::new(FaultKind::InvalidValue, format!("`{name}` must be {expected}"))
}
