//! From the words of the profile to those of a request: which members stand together, and what lies
//! within that which was denied.

use serde_json::{Map, Value, json};

use super::wire::{ArapCallback, ArapItemBody, ArapRequest};
use crate::{
    domain::{binding::Tuple, client::Client},
    http::{
        authzen::{
            plain::{self, chosen},
            wire::entity,
        },
        submit::{
            draft::is_event,
            scope,
            wire::{DenialBody, unbound},
        },
    },
    refusal::Refusal,
    service::bind::Denied,
};

type Object = Map<String, Value>;
type Checked<T> = Result<T, Refusal>;

const OAUTH: &str = "urn:countersign:oauth";
const CREDENTIAL: &str = "urn:countersign:credential";
pub(in crate::http) const JUSTIFICATION: &str = "urn:countersign:justification";
/// Stands in the examples of the profile.
pub(in crate::http) const BUSINESS_JUSTIFICATION: &str = "business_justification";
const CIBA: &str = "urn:countersign:ciba";

/// Members of a context that have their own place in a request.
const PLACED: [&str; 7] = [
    "scope",
    "authorization_details",
    "approval",
    "justification",
    JUSTIFICATION,
    CIBA,
    "client_id",
];

/// A request that has the right shape: in the words of this API, and what each of its items answers.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) plain: Value,
    pub(super) denied: Vec<Denied>,
}

/// One thing that is asked for, as it was sent.
struct Part {
    tuple: Tuple,
    requested: Object,
    denial: Option<DenialBody>,
}

pub(super) fn asked(request: ArapRequest, client: &Client) -> Checked<Asked> {
    let ArapRequest { subject, resource, action, items, context, denial, callback, .. } = request;
    let whole = Tuple {
        subject: entity("subject", subject, &["type", "id"])?,
        context: context.unwrap_or_default(),
        ..Tuple::default()
    };
    let requested = request.requested_access.unwrap_or_default();
    let is_bundle = items.is_some();
    let parts = match (items, resource, action) {
        (None, resource, action) => {
            let item = ArapItemBody { resource, action, requested_access: None, denial };
            vec![part(item, &whole, &requested)?]
        }
        (Some(items), None, None) => {
            refuse_common(denial.as_ref())?;
            let part = |item| part(item, &whole, &requested);
            items.into_iter().map(part).collect::<Checked<_>>()?
        }
        (Some(_), ..) => {
            return Err(invalid(
                "`items` stands instead of `resource` and `action`: give one or the other",
            ));
        }
    };
    let own = request.client.unwrap_or_default();
    let mut plain = plain_of(&whole, &parts, &own, client)?;
    if !is_bundle && let Some(credential) = requested.get(CREDENTIAL) {
        plain.insert("credential".to_owned(), credential.clone());
    }
    if let Some(callback) = callback.and_then(wanted) {
        plain.insert("callback".to_owned(), callback);
    }
    plain.extend(items_of(&parts, is_bundle)?);
    let denied = parts.into_iter().map(Part::denied).collect::<Checked<_>>()?;
    Ok(Asked { plain: Value::Object(plain), denied })
}

/// One denial for several things would be that of one evaluation of all of them, and none is given.
fn refuse_common(denial: Option<&DenialBody>) -> Checked<()> {
    match denial {
        None => Ok(()),
        Some(_) => Err(unbound(
            "no denial here is about several things: give each of `items` its own `denial`",
        )),
    }
}

fn part(item: ArapItemBody, whole: &Tuple, requested: &Object) -> Checked<Part> {
    let mut own = requested.clone();
    own.extend(item.requested_access.unwrap_or_default());
    let tuple = Tuple {
        resource: entity("resource", item.resource, &["type", "id"])?,
        action: entity("action", item.action, &["name"])?,
        ..whole.clone()
    };
    Ok(Part { tuple, requested: own, denial: item.denial })
}

impl Part {
    fn denied(self) -> Checked<Denied> {
        let denial = self.denial.ok_or_else(|| {
            unbound("`denial` is missing: have it evaluated, and send what the denial says")
        })?;
        Ok(Denied { tuple: self.tuple, presented: denial.presented()? })
    }

    /// The item in the words of this API. Less than was evaluated may be asked for, never more.
    fn plain(&self) -> Checked<Object> {
        let mut plain = plain::item(&self.tuple);
        let mut access = chosen(&self.tuple.context, &["scope", "authorization_details"]);
        if let Some(narrower) = self.requested.get(OAUTH) {
            let narrower = chosen(
                narrower.as_object().unwrap_or(&Object::new()),
                &["scope", "authorization_details"],
            );
            refuse_wider(&access, &narrower)?;
            access = narrower;
        }
        access.extend(chosen(&self.requested, &["requested_until", "emergency"]));
        plain.insert("requested_access".to_owned(), Value::Object(access));
        Ok(plain)
    }
}

fn refuse_wider(evaluated: &Object, asked: &Object) -> Checked<()> {
    let scopes = |own: &Object| match own.get("scope").map(Value::as_str) {
        None => Some(Vec::new()),
        Some(text) => scope::split(text?),
    };
    let details = |own: &Object| match own.get("authorization_details") {
        None => Some(Vec::new()),
        Some(details) => details.as_array().cloned(),
    };
    let within =
        |(bound, asked): (Vec<String>, Vec<String>)| asked.iter().all(|one| bound.contains(one));
    let scopes_fit = scopes(evaluated).zip(scopes(asked)).is_some_and(within);
    let details_fit = details(evaluated)
        .zip(details(asked))
        .is_some_and(|(bound, asked)| asked.iter().all(|one| bound.contains(one)));
    if scopes_fit && details_fit {
        return Ok(());
    }
    Err(unbound("more is asked for than was evaluated: have the rest evaluated too"))
}

fn items_of(parts: &[Part], is_bundle: bool) -> Checked<Object> {
    let mut items = parts.iter().map(Part::plain).collect::<Checked<Vec<Object>>>()?;
    if is_bundle {
        return Ok(Object::from_iter([("items".to_owned(), json!(items))]));
    }
    Ok(items.pop().unwrap_or_default())
}

/// Everything but what is asked for.
fn plain_of(whole: &Tuple, parts: &[Part], own: &Object, client: &Client) -> Checked<Object> {
    let mut plain = Object::from_iter([
        ("subject".to_owned(), Value::Object(plain::subject(&whole.subject, client))),
        ("context".to_owned(), Value::Object(context(&whole.context))),
        ("client".to_owned(), asking(whole, parts, own, client)?),
    ]);
    if let Some(Value::Object(ciba)) = whole.context.get(CIBA) {
        let names = ["login_hint", "binding_message", "requested_expiry", "acr_values"];
        plain.extend(chosen(ciba, &names));
    }
    Ok(plain)
}

fn context(own: &Object) -> Object {
    let mut context = own.clone();
    context.retain(|name, _| !PLACED.contains(&name.as_str()));
    let said = [JUSTIFICATION, BUSINESS_JUSTIFICATION].iter().find_map(|name| own.get(*name));
    if let Some(said @ Value::String(_)) = said {
        context.insert("justification".to_owned(), said.clone());
    }
    context
}

/// The OAuth client that wants it: the one that the scopes are for, otherwise the caller.
fn asking(whole: &Tuple, parts: &[Part], own: &Object, client: &Client) -> Checked<Value> {
    if own.get("id").is_some_and(|id| id.as_str() != Some(client.id.as_str())) {
        return Err(forbidden("`client.id` is not yours: leave it out, or send your own"));
    }
    let mut asking = match parts {
        [Part { tuple, .. }] => plain::asking(tuple, client, None),
        _ => None,
    };
    let named = asking.get_or_insert_with(|| json!({ "id": client.id, "name": client.name }));
    let beside = own.get("actor").map(beside);
    let within = whole.subject.get("properties").and_then(|own| own.get("act")).map(plain::actor);
    if let (Some(actor), Value::Object(members)) = (beside.or(within), &mut *named) {
        members.insert("actor".to_owned(), actor);
    }
    if let (Some(Value::Object(source)), Value::Object(members)) = (own.get("source"), &mut *named)
    {
        let source = chosen(source, &["session_id", "external_url", "integration_id"]);
        members.insert("source".to_owned(), Value::Object(source));
    }
    Ok(named.clone())
}

/// Who acts, as the profile has it beside the subject: with what is known of actors.
fn beside(actor: &Value) -> Value {
    let Value::Object(own) = actor else { return actor.clone() };
    let mut known = chosen(own, &["id", "issuer", "act"]);
    if let Some(next) = known.get_mut("act") {
        *next = plain::link(next);
    }
    Value::Object(known)
}

/// The callback, with the events that there are; none where only others are wanted.
fn wanted(callback: ArapCallback) -> Option<Value> {
    let ArapCallback { endpoint, state, events } = callback;
    let known = events.as_ref().map(|all| all.iter().filter(|name| is_event(name)));
    let known: Vec<&String> = known.into_iter().flatten().collect();
    if known.is_empty() && events.as_ref().is_some_and(|all| !all.is_empty()) {
        return None;
    }
    Some(json!({ "endpoint": endpoint, "state": state, "events": known }))
}

fn invalid(detail: &str) -> Refusal {
    Refusal::InvalidRequest { detail: detail.to_owned() }
}

fn forbidden(detail: &str) -> Refusal {
    Refusal::ForbiddenClaim { detail: detail.to_owned() }
}
