//! The door between outside words and policy: every scope, action, detail type and parameter of a
//! request is looked up and typed here, so that a missing attribute cannot occur in evaluation.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Catalogue, Entry, ParamType, did_you_mean};
use crate::domain::{
    decimal,
    request::{AccessRequest, Item, Part},
};

/// An item of a request of which every part is known. Only [`Catalogue::resolve`] makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedItem<'a> {
    item: &'a Item,
    parts: Vec<ResolvedPart<'a>>,
}

/// A part with its catalogue entry and typed parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedPart<'a> {
    pub part: Part<'a>,
    /// The scope, the action's name or the detail's type, as it came.
    pub name: &'a str,
    pub entry: &'a Entry,
    pub params: BTreeMap<&'a str, Param<'a>>,
}

/// A parameter that a condition can look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    Number(Decimal),
    Text(&'a str),
    Flag(bool),
}

/// Something in a request that the catalogue does not know, or knows otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Unknown {
    /// Which item, from 0.
    pub item: usize,
    /// What is wrong, and what would be right.
    pub sentence: String,
}

impl<'a> ResolvedItem<'a> {
    pub fn item(&self) -> &'a Item {
        self.item
    }

    /// In the order of [`Item::parts`]; never empty.
    pub fn parts(&self) -> &[ResolvedPart<'a>] {
        &self.parts
    }
}

impl Catalogue {
    /// Looks up everything that a request names, or says everything that is wrong with it.
    pub fn resolve<'a>(
        &'a self,
        request: &'a AccessRequest,
    ) -> Result<Vec<ResolvedItem<'a>>, Vec<Unknown>> {
        let mut faults = Vec::new();
        let mut items = Vec::new();
        for (number, item) in request.items.iter().enumerate() {
            let mut sentences = Vec::new();
            let parameters = &request.context.parameters;
            let found =
                item.parts().into_iter().map(|part| self.look_up(part, parameters, &mut sentences));
            let parts: Vec<_> = found.flatten().collect();
            items.push(ResolvedItem { item, parts });
            faults.extend(sentences.into_iter().map(|sentence| Unknown { item: number, sentence }));
        }
        faults.extend(undeclared_parameters(&items, &request.context.parameters));
        if faults.is_empty() { Ok(items) } else { Err(faults) }
    }

    fn look_up<'a>(
        &'a self,
        part: Part<'a>,
        parameters: &'a Map<String, Value>,
        faults: &mut Vec<String>,
    ) -> Option<ResolvedPart<'a>> {
        let (kind, name, section, holder) = match part {
            Part::Scope(scope) => ("scope", scope, &self.scopes, None),
            Part::Action(action) => {
                ("action", action.name.as_str(), &self.actions, Some(parameters))
            }
            Part::Detail(detail) => {
                let Some(name) = detail.get("type").and_then(Value::as_str) else {
                    faults.push("an authorization detail has no `type`".to_owned());
                    return None;
                };
                ("authorization detail type", name, &self.details, Some(detail))
            }
        };
        let Some(entry) = section.get(name) else {
            faults.push(format!("unknown {kind} `{name}`{}", did_you_mean(name, section.keys())));
            return None;
        };
        if let Part::Detail(detail) = part {
            undeclared_members(detail, "", &format!("`{name}`"), entry, faults);
        }
        let params = holder.map(|holder| typed(name, entry, holder, faults)).unwrap_or_default();
        Some(ResolvedPart { part, name, entry, params })
    }
}

/// The declared parameters with their values; what is missing or mistyped is a fault.
fn typed<'a>(
    name: &str,
    entry: &'a Entry,
    holder: &'a Map<String, Value>,
    faults: &mut Vec<String>,
) -> BTreeMap<&'a str, Param<'a>> {
    let mut params = BTreeMap::new();
    for (path, kind) in entry.params.iter().filter(|(_, kind)| **kind != ParamType::Any) {
        let Some(value) = at(holder, path) else {
            faults.push(format!("`{name}` needs the parameter `{path}`: {}", kind.noun()));
            continue;
        };
        match read(value, *kind) {
            Some(param) => _ = params.insert(path.as_str(), param),
            None => {
                faults.push(format!("the parameter `{path}` of `{name}` must be {}", kind.noun()));
            }
        }
    }
    params
}

/// The value at a dotted path.
fn at<'a>(holder: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => holder.get(path),
        Some((first, rest)) => at(holder.get(first)?.as_object()?, rest),
    }
}

fn read(value: &Value, kind: ParamType) -> Option<Param<'_>> {
    match kind {
        ParamType::Decimal => decimal::from_json(value).map(Param::Number),
        ParamType::Integer if value.is_number() => {
            decimal::from_json(value).filter(Decimal::is_integer).map(Param::Number)
        }
        ParamType::Text => value.as_str().map(Param::Text),
        ParamType::Boolean => value.as_bool().map(Param::Flag),
        ParamType::Integer | ParamType::Any => None,
    }
}

/// Parameters that no action of the request declares. The actions of a bundle share them.
fn undeclared_parameters(
    items: &[ResolvedItem<'_>],
    parameters: &Map<String, Value>,
) -> Vec<Unknown> {
    let actions = || {
        let parts = items.iter().flat_map(|item| &item.parts);
        parts.filter(|part| matches!(part.part, Part::Action(_)))
    };
    let undeclared = parameters
        .keys()
        .filter(|name| !actions().any(|part| part.entry.params.contains_key(*name)));
    undeclared
        .map(|name| {
            let declared = actions().flat_map(|part| part.entry.params.keys());
            let sentence = format!("unknown parameter `{name}`{}", did_you_mean(name, declared));
            Unknown { item: 0, sentence }
        })
        .collect()
}

/// The common members of RFC 9396, section 2.2: every type may have them.
const COMMON: [&str; 6] = ["type", "locations", "actions", "datatypes", "identifier", "privileges"];

/// Members of a detail that its type does not declare: RFC 9396, section 5, has them refused.
fn undeclared_members(
    object: &Map<String, Value>,
    above: &str,
    name: &str,
    entry: &Entry,
    faults: &mut Vec<String>,
) {
    for (member, value) in object {
        let path = format!("{above}{member}");
        let declared = entry.params.contains_key(&path);
        if declared || (above.is_empty() && COMMON.contains(&member.as_str())) {
            continue;
        }
        if let Some(inner) = value.as_object().filter(|inner| !inner.is_empty()) {
            undeclared_members(inner, &format!("{path}."), name, entry, faults);
        } else {
            let help = did_you_mean(&path, entry.params.keys());
            faults.push(format!("{name} has no parameter `{path}`{help}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::{
        Action, AskingClient, Bound, Context, RequestedAccess, Resource, SignIn, Subject,
    };

    const FILE: &str = "actions:
  pay: { title: Pay, risk: high, owner: shop, env: prod, access: write, params: { amount: decimal } }
  call: { title: Call, risk: low, owner: shop, env: prod, access: write, params: { number: text } }
";

    fn bundle(actions: &[&str], parameters: Value) -> AccessRequest {
        let item = |name: &&str| Item {
            action: Action { name: (*name).to_owned(), properties: None },
            resource: Resource { kind: "api".to_owned(), id: "1".to_owned(), properties: None },
            requested: RequestedAccess::default(),
        };
        let Value::Object(parameters) = parameters else { panic!("not an object") };
        AccessRequest {
            id: crate::domain::id::RequestId::from_handle(crate::domain::ids::Handle::from_parts(
                1, 1,
            )),
            integrator: "idp".into(),
            client: AskingClient {
                id: "web".to_owned(),
                name: None,
                actor: None,
                source: Map::new(),
            },
            subject: Subject {
                kind: "user".to_owned(),
                id: "u-1".to_owned(),
                name: None,
                email: None,
                groups: Vec::new(),
                proven: Vec::new(),
                sign_in: SignIn::default(),
                roles: Vec::new(),
                sid: None,
            },
            items: actions.iter().map(item).collect(),
            context: Context { parameters, ..Context::default() },
            login_hint: None,
            binding: Bound::default(),
            binding_message: None,
            renews: None,
            transaction: None,
            acr_values: None,
            delegated: None,
            requested_expiry_seconds: None,
            callback: None,
            credential: None,
            opened_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_actions_of_a_bundle_share_the_parameters() {
        let catalogue = Catalogue::parse(FILE).unwrap();
        let request =
            bundle(&["pay", "call"], serde_json::json!({ "amount": "1.50", "number": "112" }));
        let items = catalogue.resolve(&request).unwrap();
        let params: Vec<_> = items.iter().map(|item| item.parts()[0].params.clone()).collect();
        assert_eq!(params[0], BTreeMap::from([("amount", Param::Number(Decimal::new(150, 2)))]));
        assert_eq!(params[1], BTreeMap::from([("number", Param::Text("112"))]));
    }

    #[test]
    fn a_fault_says_which_item_it_is_in() {
        let catalogue = Catalogue::parse(FILE).unwrap();
        let request = bundle(&["pay", "cal"], serde_json::json!({ "amount": 1 }));
        let unknown = catalogue.resolve(&request).unwrap_err();
        let sentence = "unknown action `cal`; did you mean `call`?".to_owned();
        assert_eq!(unknown, [Unknown { item: 1, sentence }]);
    }
}
