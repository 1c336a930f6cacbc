//! Reads the request of a case: few words for what a client sends.

use countersign_port::text::Untrusted;
use jiff::Timestamp;
use serde_json::{Map, Number, Value as Json};

use super::{CLIENT, Reader, START};
use crate::{
    domain::{
        approval::later,
        catalogue::{Entry as Known, ParamType},
        id::{ClientId, RequestId},
        ids::Handle,
        policy::Trust,
        request::{
            AccessRequest, Action, AskingClient, Bound, Context, GRANT_SCOPE, Item,
            RequestedAccess, Resource, SignIn, Subject, Urgency,
        },
        yaml::{
            Entry, Node, Value,
            read::{self, Members},
        },
    },
    law::rehearsal::Asked,
};

const REQUEST: [&str; 17] = [
    "when",
    "subject",
    "email",
    "claims",
    "acr",
    "signed_in",
    "client",
    "trust",
    "owner",
    "scopes",
    "action",
    "resource",
    "parameters",
    "details",
    "emergency",
    "justification",
    "valid_for",
];

impl Reader<'_> {
    pub(super) fn asked(&mut self, node: &Node) -> Option<Asked> {
        let members = Members::of(node, &REQUEST, &mut self.faults)?;
        let subject = self.subject(&members)?;
        let client = self.optional(&members, "client").unwrap_or_else(|| CLIENT.to_owned());
        let trust = members.get("trust");
        let trust = trust.and_then(|node| read::choice(node, &Trust::CHOICES, &mut self.faults));
        let owner = members.get("owner").map(|node| self.people(node)).unwrap_or_default();
        let item = self.item(&members, &client);
        let parameters = self.parameters(&members, &item.action.name);
        let justification = self.optional(&members, "justification").map(Untrusted::new);
        let request = AccessRequest {
            id: RequestId::from_handle(Handle::from_parts(0, 1)),
            integrator: ClientId::from(CLIENT),
            client: AskingClient { id: client, name: None, actor: None, source: Map::new() },
            subject,
            items: vec![item],
            context: Context { justification, parameters, ..Context::default() },
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
            opened_at: self.when(&members),
        };
        let owner = owner.into_iter().next().map(|(person, _)| person);
        Some(Asked { request, trust: trust.unwrap_or_default(), owner, span: node.span })
    }

    /// When it is asked: only calendars care.
    fn when(&mut self, members: &Members<'_>) -> Timestamp {
        let Some(node) = members.get("when") else { return START };
        let text = read::text(node, &mut self.faults);
        let when = text.and_then(|text| text.parse().ok());
        let what = "an instant such as `2026-12-24T18:00:00Z` or `2026-12-24T19:00:00+01:00`";
        when.or_else(|| read::expected(what, node, &mut self.faults)).unwrap_or(START)
    }

    fn subject(&mut self, members: &Members<'_>) -> Option<Subject> {
        let id = members.need("subject", &mut self.faults);
        let id = id.and_then(|node| read::text(node, &mut self.faults))?.to_owned();
        let claims = members.get("claims").map(|node| self.names(node)).unwrap_or_default();
        let (roles, groups): (Vec<String>, Vec<String>) =
            claims.into_iter().partition(|claim| claim.starts_with("role:"));
        let role = |claim: &String| claim.trim_start_matches("role:").to_owned();
        Some(Subject {
            kind: "user".to_owned(),
            name: Some(Untrusted::new(&id)),
            email: self.optional(members, "email"),
            id,
            groups,
            proven: Vec::new(),
            sign_in: self.sign_in(members),
            roles: roles.iter().map(role).collect(),
            sid: None,
        })
    }

    /// How long before the request they signed in, and how.
    fn sign_in(&mut self, members: &Members<'_>) -> SignIn {
        let ago = members.get("signed_in").and_then(|node| read::seconds(node, &mut self.faults));
        let when = self.when(members);
        SignIn { acr: self.optional(members, "acr"), at: ago.map(|ago| later(when, -ago)) }
    }

    fn optional(&mut self, members: &Members<'_>, key: &str) -> Option<String> {
        let node = members.get(key)?;
        read::text(node, &mut self.faults).map(str::to_owned)
    }

    fn item(&mut self, members: &Members<'_>, client: &str) -> Item {
        let scopes = members.get("scopes").map(|node| read::texts(node, &mut self.faults));
        let scopes = scopes.flatten().unwrap_or_default();
        let resource = self.optional(members, "resource");
        let (kind, id) = match resource
            .as_deref()
            .map(|text| text.split_once(':').unwrap_or(("resource", text)))
        {
            Some((kind, id)) => (kind.to_owned(), id.to_owned()),
            None => ("oauth_client".to_owned(), client.to_owned()),
        };
        let emergency = members.get("emergency").and_then(|node| {
            let words = [("true", Urgency::Emergency), ("false", Urgency::Normal)];
            read::choice(node, &words, &mut self.faults)
        });
        let valid_for = members.get("valid_for");
        let action = self.optional(members, "action").unwrap_or_else(|| GRANT_SCOPE.to_owned());
        Item {
            action: Action { name: action, properties: None },
            resource: Resource { kind, id, properties: None },
            requested: RequestedAccess {
                authorization_details: self.details(members),
                duration_seconds: valid_for.and_then(|node| read::seconds(node, &mut self.faults)),
                scopes: scopes.into_iter().map(|text| text.text.to_owned()).collect(),
                until: None,
                urgency: emergency.unwrap_or_default(),
            },
        }
    }

    fn parameters(&mut self, members: &Members<'_>, action: &str) -> Map<String, Json> {
        let declared = self.law.catalogue.actions.get(action);
        members.get("parameters").map(|node| self.object(node, "", declared)).unwrap_or_default()
    }

    fn details(&mut self, members: &Members<'_>) -> Vec<Map<String, Json>> {
        let Some(node) = members.get("details") else { return Vec::new() };
        let nodes = read::list(node, &mut self.faults).unwrap_or_default();
        let detail = |node: &Node| {
            let kind =
                read::entries(node, &mut self.faults)?.iter().find(|one| one.key.text == "type");
            let kind = kind.and_then(|entry| read::text(&entry.node, &mut self.faults));
            let declared = kind.and_then(|kind| self.law.catalogue.details.get(kind));
            Some(self.object(node, "", declared))
        };
        nodes.iter().filter_map(detail).collect()
    }

    fn object(&mut self, node: &Node, above: &str, known: Option<&Known>) -> Map<String, Json> {
        let entries = read::entries(node, &mut self.faults).unwrap_or_default();
        let mut object = Map::new();
        for Entry { key, node } in entries {
            let path = format!("{above}{}", key.text);
            object.insert(key.text.clone(), self.json(node, &path, known));
        }
        object
    }

    /// A value as JSON has it, by the type that the catalogue declares for it.
    fn json(&mut self, node: &Node, path: &str, known: Option<&Known>) -> Json {
        match &node.value {
            Value::Nothing => Json::Null,
            Value::Map(_) => Json::Object(self.object(node, &format!("{path}."), known)),
            Value::List(nodes) => {
                Json::Array(nodes.iter().map(|node| self.json(node, path, known)).collect())
            }
            Value::Scalar(text) => match known.and_then(|entry| entry.params.get(path)) {
                Some(ParamType::Boolean) => {
                    text.parse().map_or_else(|_| text.clone().into(), Json::Bool)
                }
                Some(ParamType::Integer) => {
                    text.parse::<Number>().map_or_else(|_| text.clone().into(), Json::Number)
                }
                Some(ParamType::Decimal | ParamType::Text | ParamType::Any) | None => {
                    text.clone().into()
                }
            },
        }
    }
}
