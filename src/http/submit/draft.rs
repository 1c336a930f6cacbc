//! From the wire to a draft: what a body of the right shape may still not say, and what this client
//! may not ask for.

mod asking;
mod challenge;
mod credential;

use self::asking::{asking_client, itself, refuse_unproven};
pub(in crate::http) use self::credential::is_thumbprint;

use std::collections::BTreeSet;

use countersign_port::text::Untrusted;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{
    scope,
    wire::{
        ActionBody, CallbackBody, ItemBody, RequestedAccessBody, ResourceBody, SubjectBody,
        SubjectProperties, SubmitRequest,
    },
};
use crate::{
    domain::{
        client::{Claims, Client},
        request::{
            Action, AskingClient, Bound, Callback, ClaimKind, Context, Draft, GRANT_SCOPE, Item,
            RequestedAccess, Resource, SignIn, Subject, Urgency,
        },
    },
    http::caller::{challenge::Challenge, token::SubjectClaims},
    refusal::Refusal,
};

const MAX_ITEMS: usize = 20;
const MAX_SCOPES: usize = 256;
const MAX_DETAILS: usize = 64;
const MAX_CLAIMS: usize = 256;
const MAX_EVENTS: usize = 16;
const MAX_ID_CHARS: usize = 512;
const MAX_WORD_CHARS: usize = 64;
const MAX_URL_CHARS: usize = 2048;
const MAX_MESSAGE_CHARS: usize = 150;
pub(in crate::http) const MAX_JUSTIFICATION_CHARS: usize = 4000;
const MAX_SECONDS: u32 = 31_536_000;

/// The resource of a request that names none.
const OAUTH_CLIENT: &str = "oauth_client";

/// What a callback can be about; the part before the dot may be left out of the first six.
const EVENTS: [&str; 9] = [
    "access_request.approved",
    "access_request.denied",
    "access_request.expired",
    "access_request.cancelled",
    "access_request.failed",
    "access_request.partial",
    "approval.lapsed",
    "approval.revoked",
    "approval.used",
];

/// Who asks, and what an identity provider says of the subject.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    pub(super) client: &'a Client,
    pub(super) claims: Option<SubjectClaims>,
    /// What a resource server wants approved.
    pub(super) challenge: Option<Challenge>,
}

impl<'a> Asker<'a> {
    /// A client of which nobody else has said anything.
    pub(super) fn alone(client: &'a Client) -> Self {
        Self { client, claims: None, challenge: None }
    }
}

type Checked<T> = Result<T, Refusal>;

/// Checks a body against the rules for all and those for this client. `servers` are the resource
/// servers that a credential can be meant for.
pub(super) fn draft(
    mut body: SubmitRequest,
    Asker { client, claims, challenge }: Asker<'_>,
    servers: &BTreeSet<String>,
    now: Timestamp,
) -> Checked<Draft> {
    let mut asking = match body.client.take() {
        Some(body) => asking_client(body)?,
        None => itself(client),
    };
    let transaction = match challenge {
        // Whoever acts has been named by the resource server, and not by the client.
        Some(challenge) if challenge.actor.is_some() => {
            Some(challenge::take(challenge, &mut body, &mut asking)?)
        }
        challenge => {
            refuse_unproven(&asking, client)?;
            challenge
                .map(|challenge| challenge::take(challenge, &mut body, &mut asking))
                .transpose()?
        }
    };
    let items = match (body.items, body.action, body.resource, body.requested_access) {
        (Some(items), None, None, None) => bundle(items, now)?,
        (Some(_), ..) => {
            return Err(invalid(
                "`items` stands instead of `action`, `resource` and `requested_access`: give one or the other",
            ));
        }
        (None, action, resource, requested) => {
            vec![single(action, resource, requested.unwrap_or_default(), &asking, now)?]
        }
    };
    check_scopes(&items, client)?;
    let context = Context {
        justification: text(
            "context.justification",
            body.context.justification,
            MAX_JUSTIFICATION_CHARS,
        )?,
        environment: plain("context.environment", body.context.environment, MAX_WORD_CHARS)?,
        parameters: body.context.parameters,
        rest: body.context.rest,
    };
    let credential = body.credential.map(|body| credential::wish(body, &items, servers));
    Ok(Draft {
        subject: subject(body.subject, client, claims)?,
        client: asking,
        items,
        context,
        credential: credential.transpose()?,
        delegated: None,
        login_hint: text("login_hint", body.login_hint, MAX_ID_CHARS)?,
        binding: Bound { mode: client.mode, ..Bound::default() },
        binding_message: text("binding_message", body.binding_message, MAX_MESSAGE_CHARS)?,
        acr_values: plain("acr_values", body.acr_values, MAX_ID_CHARS)?,
        requested_expiry_seconds: seconds("requested_expiry", body.requested_expiry)?,
        callback: body.callback.map(|body| callback(body, client)).transpose()?,
        transaction,
    })
}

fn subject(body: SubjectBody, client: &Client, claims: Option<SubjectClaims>) -> Checked<Subject> {
    let mut properties = body.properties;
    let (proven, sign_in) = match claims {
        Some(claims) => proven(&body.id, &mut properties, claims)?,
        None => (believed(&properties, client)?, sign_in(&properties)?),
    };
    if properties.groups.len() + properties.roles.len() > MAX_CLAIMS {
        return Err(invalid(format!("a subject has at most {MAX_CLAIMS} groups and roles")));
    }
    Ok(Subject {
        kind: needed("subject.type", body.kind, MAX_WORD_CHARS)?,
        id: needed("subject.id", body.id, MAX_ID_CHARS)?,
        name: text("subject.properties.name", properties.name, MAX_ID_CHARS)?,
        email: plain("subject.properties.email", properties.email, MAX_ID_CHARS)?,
        groups: properties.groups,
        proven,
        roles: properties.roles,
        sid: plain("subject.properties.sid", properties.sid, MAX_ID_CHARS)?,
        sign_in,
    })
}

/// How they signed in, as the client says.
fn sign_in(properties: &SubjectProperties) -> Checked<SignIn> {
    let acr = plain("subject.properties.acr", properties.acr.clone(), MAX_ID_CHARS)?;
    let at = properties.auth_time.map(Timestamp::from_second).transpose();
    let at = at.map_err(|_| invalid("`subject.properties.auth_time` is no time of day or year"))?;
    Ok(SignIn { acr, at })
}

/// What the identity provider has signed goes for what the client says.
fn proven(
    id: &str,
    properties: &mut SubjectProperties,
    claims: SubjectClaims,
) -> Checked<(Vec<ClaimKind>, SignIn)> {
    if claimed(properties) > 0 {
        return Err(invalid(
            "groups, roles and sign-in stand in the `subject_token`: leave them out of `subject.properties`",
        ));
    }
    if claims.subject != id {
        let detail = "the `subject_token` is about somebody else than `subject.id`";
        return Err(Refusal::ForbiddenClaim { detail: detail.to_owned() });
    }
    let groups = claims.groups.as_ref().map(|_| ClaimKind::Groups);
    let roles = claims.roles.as_ref().map(|_| ClaimKind::Roles);
    properties.groups = claims.groups.unwrap_or_default();
    properties.roles = claims.roles.unwrap_or_default();
    Ok((groups.into_iter().chain(roles).collect(), claims.sign_in))
}

/// How much a client says that not every client may say.
fn claimed(properties: &SubjectProperties) -> usize {
    let sign_in =
        usize::from(properties.acr.is_some()) + usize::from(properties.auth_time.is_some());
    properties.groups.len() + properties.roles.len() + sign_in
}

/// A client that may not say so says nothing.
fn believed(properties: &SubjectProperties, client: &Client) -> Checked<Vec<ClaimKind>> {
    if claimed(properties) > 0 && client.claims == Claims::Ignored {
        return Err(Refusal::ForbiddenClaim {
            detail: format!(
                "client `{}` may not say which groups and roles a subject has, nor how they signed in: leave \
                 `subject.properties.groups`, `.roles`, `.acr` and `.auth_time` out, send a `subject_token`, or register it with `assert_claims: true`",
                client.id
            ),
        });
    }
    Ok(Vec::new())
}

fn bundle(bodies: Vec<ItemBody>, now: Timestamp) -> Checked<Vec<Item>> {
    if !(1..=MAX_ITEMS).contains(&bodies.len()) {
        return Err(invalid(format!(
            "`items` has 1 to {MAX_ITEMS} entries: ask in several requests"
        )));
    }
    let item = |body: ItemBody| item(body.action, body.resource, body.requested_access, now);
    bodies.into_iter().map(item).collect()
}

/// A request for scopes may leave out what is done to what.
fn single(
    action: Option<ActionBody>,
    resource: Option<ResourceBody>,
    requested: RequestedAccessBody,
    client: &AskingClient,
    now: Timestamp,
) -> Checked<Item> {
    let (action, resource) = match (action, resource) {
        (Some(action), Some(resource)) => (action, resource),
        (None, None) => (
            ActionBody { name: GRANT_SCOPE.to_owned(), properties: None },
            ResourceBody { kind: OAUTH_CLIENT.to_owned(), id: client.id.clone(), properties: None },
        ),
        (Some(_), None) | (None, Some(_)) => {
            return Err(invalid("give both `action` and `resource`, or neither to ask for scopes"));
        }
    };
    item(action, resource, requested, now)
}

fn item(
    action: ActionBody,
    resource: ResourceBody,
    requested: RequestedAccessBody,
    now: Timestamp,
) -> Checked<Item> {
    let name = needed("action.name", action.name, MAX_ID_CHARS)?;
    let requested = requested_access(requested, now)?;
    let nothing = requested.scopes.is_empty() && requested.authorization_details.is_empty();
    if name == GRANT_SCOPE && nothing {
        return Err(invalid(
            "nothing is asked for: give `requested_access.scope`, `requested_access.authorization_details` or an `action`",
        ));
    }
    Ok(Item {
        action: Action { name, properties: action.properties },
        resource: Resource {
            kind: needed("resource.type", resource.kind, MAX_WORD_CHARS)?,
            id: needed("resource.id", resource.id, MAX_ID_CHARS)?,
            properties: resource.properties,
        },
        requested,
    })
}

fn requested_access(body: RequestedAccessBody, now: Timestamp) -> Checked<RequestedAccess> {
    let scopes = match body.scope {
        None => Vec::new(),
        Some(text) => scope::split(&text).ok_or_else(|| {
            invalid("`requested_access.scope` is no scope (RFC 6749): visible ASCII tokens with one space between two")
        })?,
    };
    if body.authorization_details.len() > MAX_DETAILS {
        return Err(invalid(format!(
            "there are more than {MAX_DETAILS} authorization details: ask in several requests"
        )));
    }
    if !body
        .authorization_details
        .iter()
        .all(|detail| detail.get("type").is_some_and(Value::is_string))
    {
        return Err(invalid("every one of `authorization_details` needs a `type` (RFC 9396)"));
    }
    if body.requested_until.is_some_and(|until| until <= now) {
        return Err(invalid("`requested_until` has passed: name a later time"));
    }
    Ok(RequestedAccess {
        scopes,
        authorization_details: body.authorization_details,
        until: body.requested_until,
        duration_seconds: seconds("requested_access.duration", body.duration)?,
        urgency: if body.emergency { Urgency::Emergency } else { Urgency::Normal },
    })
}

/// A client asks only for what it is registered for.
fn check_scopes(items: &[Item], client: &Client) -> Checked<()> {
    let scopes: usize = items.iter().map(|item| item.requested.scopes.len()).sum();
    if scopes > MAX_SCOPES {
        return Err(invalid(format!(
            "there are more than {MAX_SCOPES} scopes: nobody could judge them at once"
        )));
    }
    match client.may_not_ask_for(items) {
        None => Ok(()),
        Some(name) => Err(Refusal::InvalidScope {
            detail: format!(
                "client `{}` may not ask for `{}`: its `scopes` in the configuration say what it may",
                client.id,
                Untrusted::new(name).display(),
            ),
        }),
    }
}

/// The endpoint must be one of the registered ones, in serialised form.
fn callback(body: CallbackBody, client: &Client) -> Checked<Callback> {
    let endpoint = needed("callback.endpoint", body.endpoint, MAX_URL_CHARS)?;
    let endpoint = Url::parse(&endpoint).ok().map(String::from);
    let endpoint = endpoint.filter(|endpoint| client.callbacks.contains(endpoint)).ok_or_else(|| {
        Refusal::InvalidCallback {
            detail: format!(
                "`callback.endpoint` is not among the `callbacks` of client `{}`: register it, or use one that is",
                client.id
            ),
        }
    })?;
    if body.events.len() > MAX_EVENTS || !body.events.iter().all(|event| is_event(event)) {
        return Err(invalid(format!("`callback.events` are some of: {}", EVENTS.join(", "))));
    }
    let state = plain("callback.state", body.state, MAX_ID_CHARS)?;
    Ok(Callback { endpoint, state, events: body.events })
}

pub(super) fn is_event(name: &str) -> bool {
    EVENTS.iter().any(|event| *event == name || event.strip_prefix("access_request.") == Some(name))
}

fn seconds(name: &str, value: Option<u32>) -> Checked<Option<i64>> {
    match value {
        Some(seconds) if !(1..=MAX_SECONDS).contains(&seconds) => {
            Err(invalid(format!("`{name}` is a number of seconds from 1 to {MAX_SECONDS}")))
        }
        other => Ok(other.map(i64::from)),
    }
}

fn text(name: &str, value: Option<String>, most: usize) -> Checked<Option<Untrusted>> {
    Ok(plain(name, value, most)?.map(Untrusted::new))
}

fn plain(name: &str, value: Option<String>, most: usize) -> Checked<Option<String>> {
    match value {
        Some(text) if text.chars().count() > most => {
            Err(invalid(format!("`{name}` is longer than {most} characters: say it shorter")))
        }
        other => Ok(other),
    }
}

fn needed(name: &str, value: String, most: usize) -> Checked<String> {
    if value.trim().is_empty() {
        return Err(invalid(format!("`{name}` is empty: it is needed")));
    }
    Ok(plain(name, Some(value), most)?.unwrap_or_default())
}

fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::InvalidRequest { detail: detail.into() }
}

#[cfg(test)]
mod tests;
