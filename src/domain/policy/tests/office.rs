//! A small company to ask in: its catalogue, its people, and requests in few words.

use std::collections::BTreeSet;

use countersign_port::text::Untrusted;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::{
    catalogue::Catalogue,
    id::{ClientId, Group, PersonId, RequestId},
    ids::Handle,
    people::People,
    plan::Plan,
    policy::{
        Detail, Policy, Question, Refused, Requester, Trust, check::Surroundings, read::Vocabulary,
    },
    request::{
        AccessRequest, Action, AskingClient, Bound, Context, GRANT_SCOPE, Item, RequestedAccess,
        Resource, SignIn, Subject, Urgency,
    },
};

const KNOWN: &str = include_str!("../../../../tests/policies/example/vocabulary.yaml");

pub(super) struct Office {
    catalogue_text: String,
    catalogue: Catalogue,
    people: People,
    known: Known<'static>,
}

/// What the program around it can do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known<'a> {
    #[serde(borrow)]
    group_sources: Vec<&'a str>,
    #[serde(borrow)]
    platforms: Vec<&'a str>,
}

/// A request in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) subject: String,
    pub(super) email: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) action: Option<String>,
    pub(super) details: Vec<Map<String, Value>>,
    pub(super) parameters: Map<String, Value>,
    pub(super) resource: Option<String>,
    pub(super) emergency: bool,
    pub(super) duration: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) at: Option<Timestamp>,
    pub(super) expiry: Option<i64>,
    /// What the directory says of the requester, beside the people file.
    pub(super) groups: Vec<String>,
    pub(super) unknown_groups: Vec<String>,
    pub(super) client_trust: Trust,
    pub(super) client_owner: Option<String>,
    pub(super) agent_owner: Option<String>,
}

impl Office {
    pub(super) fn new(catalogue: &str, people: &str) -> Self {
        Self {
            catalogue_text: catalogue.to_owned(),
            catalogue: Catalogue::parse(catalogue).unwrap(),
            people: People::parse(people).unwrap(),
            known: serde_saphyr::from_str(KNOWN).unwrap(),
        }
    }

    pub(super) fn example() -> Self {
        Self::new(
            include_str!("../../../../tests/policies/example/catalogue.yaml"),
            include_str!("../../../../tests/policies/example/people.yaml"),
        )
    }

    pub(super) fn vocabulary(&self) -> Vocabulary<'_> {
        Vocabulary {
            catalogue: &self.catalogue,
            people: &self.people,
            group_sources: &self.known.group_sources,
            platforms: &self.known.platforms,
        }
    }

    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { catalogue: &self.catalogue, people: &self.people }
    }

    pub(super) fn catalogue_text(&self) -> &str {
        &self.catalogue_text
    }

    pub(super) fn policy(&self, text: &str) -> Policy {
        Policy::parse(text, &self.vocabulary()).unwrap()
    }

    /// The plan, or why there is none; faults of the request itself are told first.
    pub(super) fn plan(&self, policy: &Policy, asked: &Asked) -> Result<Plan, String> {
        self.ask(asked, |question| {
            policy
                .plan(question, asked.opened_at(), Detail::Everything)
                .map_err(|refused: Refused| refused.to_string())
        })?
    }

    pub(super) fn ask<T>(
        &self,
        asked: &Asked,
        answer: impl FnOnce(&Question<'_>) -> T,
    ) -> Result<T, String> {
        let request = asked.request();
        let items = self.catalogue.resolve(&request).map_err(|unknown| {
            unknown.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        })?;
        let person = self.people.who_is(&request.subject).cloned();
        let declared = person.iter().flat_map(|person| self.people.groups_of(person)).cloned();
        let groups = declared.chain(groups(&asked.groups)).collect();
        let requester = Requester {
            person,
            groups,
            unknown_groups: groups_of(&asked.unknown_groups),
            trust: Trust::Untrusted,
        };
        let owner = |name: &Option<String>| name.as_deref().map(PersonId::from);
        let (client_owner, agent_owner) = (owner(&asked.client_owner), owner(&asked.agent_owner));
        Ok(answer(&Question {
            request: &request,
            item: &items[0],
            requester: &requester,
            client_trust: asked.client_trust,
            client_owner: client_owner.as_ref(),
            agent_owner: agent_owner.as_ref(),
            people: &self.people,
        }))
    }
}

impl Asked {
    pub(super) fn opened_at(&self) -> Timestamp {
        self.at.unwrap_or_else(|| Timestamp::from_second(1_795_000_000).unwrap())
    }

    pub(super) fn request(&self) -> AccessRequest {
        let urgency = if self.emergency { Urgency::Emergency } else { Urgency::Normal };
        let requested = RequestedAccess {
            scopes: self.scopes.clone(),
            authorization_details: self.details.clone(),
            until: self.until.map(|seconds| self.opened_at() + SignedDuration::from_secs(seconds)),
            duration_seconds: self.duration,
            urgency,
        };
        let name = self.action.clone().unwrap_or_else(|| GRANT_SCOPE.to_owned());
        let id = self.resource.clone().unwrap_or_else(|| "orders".to_owned());
        AccessRequest {
            id: RequestId::from_handle(Handle::from_parts(1, 1)),
            integrator: ClientId::from("shop-idp"),
            client: AskingClient {
                id: "shop-web".to_owned(),
                name: Some(Untrusted::new("Shop")),
                actor: None,
                source: Map::new(),
            },
            subject: Subject {
                kind: "user".to_owned(),
                id: self.subject.clone(),
                name: None,
                email: self.email.clone(),
                groups: Vec::new(),
                proven: Vec::new(),
                sign_in: SignIn::default(),
                roles: Vec::new(),
                sid: None,
            },
            items: vec![Item {
                action: Action { name, properties: None },
                resource: Resource { kind: "api".to_owned(), id, properties: None },
                requested,
            }],
            context: Context { parameters: self.parameters.clone(), ..Context::default() },
            login_hint: None,
            binding: Bound::default(),
            binding_message: None,
            renews: None,
            transaction: None,
            acr_values: None,
            delegated: None,
            requested_expiry_seconds: self.expiry,
            callback: None,
            credential: None,
            opened_at: self.opened_at(),
        }
    }
}

fn groups(names: &[String]) -> impl Iterator<Item = Group> {
    names.iter().map(|name| Group::from(name.as_str()))
}

fn groups_of(names: &[String]) -> BTreeSet<Group> {
    groups(names).collect()
}
