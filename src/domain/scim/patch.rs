//! Patches (RFC 7644 §3.5.2) as Okta and Entra really send them: `op` in capitals, patches without
//! a path whose members are paths, `active` as text, members removed by filter or by list.

use serde_json::{Map, Value};

use super::{
    Fault, FaultKind,
    filter::{Filter, Operator, Target},
    member, spelt,
};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Ours to say. Some providers send them back in a patch without a path, and mean nothing by it.
const READ_ONLY: [&str; 4] = ["id", "meta", "schemas", "groups"];

/// What holds elements rather than one value.
const LISTS: [&str; 2] = ["emails", "members"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// Applies all operations to a resource; one that fails leaves nothing of the others, because the
/// caller throws the document away.
pub fn apply(document: &mut Map<String, Value>, body: &Value) -> Result<(), Fault> {
    let syntax = |detail: &str| Fault::new(FaultKind::InvalidSyntax, detail);
    let body = body.as_object().ok_or_else(|| syntax("a patch is a JSON object"))?;
    let schemas = member(body, "schemas").and_then(Value::as_array);
    if !schemas.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(PATCH))) {
        return Err(syntax(&format!("`schemas` of a patch names `{PATCH}`")));
    }
    let operations = member(body, "Operations").and_then(Value::as_array);
    for operation in operations.ok_or_else(|| syntax("`Operations` is missing"))? {
        let operation = operation.as_object();
        operate(document, operation.ok_or_else(|| syntax("an operation is a JSON object"))?)?;
    }
    Ok(())
}

fn operate(document: &mut Map<String, Value>, operation: &Map<String, Value>) -> Result<(), Fault> {
    let verb = verb(member(operation, "op"))?;
    let value = member(operation, "value");
    match (member(operation, "path").and_then(Value::as_str), verb) {
        (None | Some(""), Verb::Remove) => {
            Err(Fault::new(FaultKind::NoTarget, "what is removed is named by a `path`"))
        }
        (None | Some(""), Verb::Add | Verb::Replace) => {
            let members = value.and_then(Value::as_object).ok_or_else(|| {
                Fault::new(FaultKind::InvalidValue, "without a `path` the `value` is an object")
            })?;
            for (path, value) in members {
                let target = Target::parse(path)?;
                if !is_read_only(&target) {
                    change(document, &target, verb, Some(value))?;
                }
            }
            Ok(())
        }
        (Some(path), _) => {
            let target = Target::parse(path)?;
            if is_read_only(&target) {
                let detail = format!("`{path}` is not yours to change");
                return Err(Fault::new(FaultKind::Mutability, detail));
            }
            change(document, &target, verb, value)
        }
    }
}

fn verb(op: Option<&Value>) -> Result<Verb, Fault> {
    match op.and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Ok(Verb::Add),
        Some("replace") => Ok(Verb::Replace),
        Some("remove") => Ok(Verb::Remove),
        _ => Err(Fault::new(FaultKind::InvalidSyntax, "`op` is one of `add`, `replace`, `remove`")),
    }
}

fn is_read_only(target: &Target) -> bool {
    READ_ONLY.iter().any(|name| target.name.eq_ignore_ascii_case(name))
}

fn change(
    document: &mut Map<String, Value>,
    target: &Target,
    verb: Verb,
    value: Option<&Value>,
) -> Result<(), Fault> {
    let name = spelt(document, &target.name);
    let is_list = LISTS.iter().any(|list| list.eq_ignore_ascii_case(&name));
    // Nothing is what some providers set to take something away.
    let value = value.filter(|value| !value.is_null());
    let verb = if value.is_none() { Verb::Remove } else { verb };
    match (is_list, value) {
        (true, _) => {
            let mut elements = match document.remove(&name) {
                Some(Value::Array(elements)) => elements,
                Some(one) if one.is_object() => vec![one],
                Some(_) | None => Vec::new(),
            };
            change_list(&mut elements, target, verb, value)?;
            document.insert(name, Value::Array(elements));
            Ok(())
        }
        (false, Some(value)) => {
            set(document, &name, target.sub.as_deref(), value);
            Ok(())
        }
        (false, None) => {
            unset(document, &name, target.sub.as_deref());
            Ok(())
        }
    }
}

fn change_list(
    elements: &mut Vec<Value>,
    target: &Target,
    verb: Verb,
    value: Option<&Value>,
) -> Result<(), Fault> {
    let Target { filter, sub, .. } = target;
    let is_meant = |element: &Value| filter.as_ref().is_none_or(|filter| filter.matches(element));
    match (verb, value) {
        (Verb::Remove, _) => {
            let listed = value.map(listed).unwrap_or_default();
            let goes = |element: &Value| {
                is_meant(element) && (listed.is_empty() || is_among(element, &listed))
            };
            match sub {
                None => elements.retain(|element| !goes(element)),
                Some(sub) => elements
                    .iter_mut()
                    .filter(|element| goes(element))
                    .filter_map(Value::as_object_mut)
                    .for_each(|element| unset(element, sub, None)),
            }
        }
        (Verb::Add | Verb::Replace, Some(value)) if filter.is_some() || sub.is_some() => {
            put(elements, target, value)?;
        }
        (Verb::Replace, Some(value)) => *elements = listed(value),
        (Verb::Add, Some(value)) => {
            for new in listed(value) {
                if !is_among(&new, elements) {
                    elements.push(new);
                }
            }
        }
        (Verb::Add | Verb::Replace, None) => {}
    }
    Ok(())
}

/// Changes the elements that are meant; one that is described exactly is made if it is not there.
fn put(elements: &mut Vec<Value>, target: &Target, value: &Value) -> Result<(), Fault> {
    let Target { filter, sub, name } = target;
    let is_meant = |element: &Value| filter.as_ref().is_none_or(|filter| filter.matches(element));
    if !elements.iter().any(is_meant) {
        let no_target =
            || Fault::new(FaultKind::NoTarget, format!("nothing in `{name}` fits the filter"));
        elements.push(Value::Object(described(filter.as_ref()).ok_or_else(no_target)?));
    }
    for element in elements.iter_mut().filter(|element| is_meant(element)) {
        let Some(element) = element.as_object_mut() else { continue };
        match (sub, value) {
            (Some(sub), _) => set(element, sub, None, value),
            (None, Value::Object(parts)) => element.extend(parts.clone()),
            (None, _) => set(element, "value", None, value),
        }
    }
    Ok(())
}

/// The element that `type eq "work"` describes.
fn described(filter: Option<&Filter>) -> Option<Map<String, Value>> {
    match filter {
        None => Some(Map::new()),
        Some(Filter::Compare { attribute, operator: Operator::Equal, value })
            if attribute.sub.is_none() =>
        {
            Some(Map::from_iter([(attribute.name.clone(), value.clone())]))
        }
        Some(Filter::Both(one, other)) => {
            let mut both = described(Some(one))?;
            both.extend(described(Some(other))?);
            Some(both)
        }
        Some(
            Filter::Compare { .. }
            | Filter::Present(_)
            | Filter::Within(..)
            | Filter::Either(..)
            | Filter::Not(_),
        ) => None,
    }
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Elements are known by their `value`.
fn is_among(element: &Value, others: &[Value]) -> bool {
    let key = |element: &Value| match element.as_object() {
        Some(map) => member(map, "value").cloned(),
        None => Some(element.clone()),
    };
    let own = key(element);
    own.is_some() && others.iter().any(|other| key(other) == own)
}

/// Of a value with parts, those that are not named stay.
fn set(map: &mut Map<String, Value>, name: &str, sub: Option<&str>, value: &Value) {
    let name = spelt(map, name);
    let parts = match (sub, value) {
        (None, Value::Object(parts)) => parts.clone(),
        (None, plain) => {
            map.insert(name, plain.clone());
            return;
        }
        (Some(sub), value) => Map::from_iter([(sub.to_owned(), value.clone())]),
    };
    let slot = map.entry(name).or_insert(Value::Null);
    let mut whole = slot.as_object().cloned().unwrap_or_default();
    for (part, value) in parts {
        let part = spelt(&whole, &part);
        whole.insert(part, value);
    }
    *slot = Value::Object(whole);
}

fn unset(map: &mut Map<String, Value>, name: &str, sub: Option<&str>) {
    let name = spelt(map, name);
    match sub {
        None => _ = map.remove(&name),
        Some(sub) => {
            if let Some(parts) = map.get_mut(&name).and_then(Value::as_object_mut) {
                unset(parts, sub, None);
            }
        }
    }
}
