//! From a draft to an open request: catalogue, policy, routing, ledger.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Service, asking};
use crate::{
    domain::{
        access::{
            Act,
            open::{KeyUse, Open},
            slice::View,
        },
        catalogue::resolve::Unknown,
        client::Client,
        id::{Group, RequestId},
        plan::Plan,
        policy::{Detail, GroupSource, Policy, Question, Refused},
        request::{AccessRequest, Draft},
        task::TaskResponse,
    },
    law::Law,
    refusal::Refusal,
};

/// A request that was stored, or was stored before.
#[derive(Debug, Clone)]
pub struct Opened {
    pub view: View,
    pub response: TaskResponse,
}

/// What would happen to a request.
#[derive(Debug, Clone)]
pub struct Preview {
    /// One plan for each item.
    pub plans: Vec<Plan>,
    /// Who could approve now, by name, for each item and each of its asks.
    pub deciders: Vec<Vec<String>>,
}

impl Service {
    /// Opens a request. It is durable when this returns.
    pub async fn open(
        &self,
        client: &Client,
        draft: Draft,
        key: Option<KeyUse>,
    ) -> Result<Opened, Refusal> {
        let request = self.request(client, draft);
        let plans = self.plans(client, &request, Detail::Matches)?;
        let open = Open::new(request, plans, key, client.pending_limit);
        let command = self.command(Act::Open(Box::new(open)));
        let view = self.parts.ledger.submit(command).await?;
        let response = self.task(&view);
        Ok(Opened { view, response })
    }

    /// Says what would happen, and stores nothing.
    pub fn preview(&self, client: &Client, draft: Draft) -> Result<Preview, Refusal> {
        let request = self.request(client, draft);
        let plans = self.plans(client, &request, Detail::Everything)?;
        let people = &self.law().people;
        let deciders = plans
            .iter()
            .map(|plan| {
                let asks = plan.steps.iter().flat_map(|step| &step.asks);
                let members = asks.flat_map(|ask| people.members_of(&ask.from));
                let eligible = members.filter(|person| !plan.excluded.contains(&person.id));
                let mut names: Vec<String> = eligible.map(|person| person.name.clone()).collect();
                names.sort();
                names.dedup();
                names
            })
            .collect();
        Ok(Preview { plans, deciders })
    }

    fn request(&self, client: &Client, draft: Draft) -> AccessRequest {
        let now = self.parts.clock.now();
        let id = RequestId::from_ulid(self.parts.seeds.seed().ids(now).ulid());
        draft.open(id, client.id.clone(), now)
    }

    /// One plan for each item. A bundle ends at one time: the earliest of its items.
    pub(super) fn plans(
        &self,
        client: &Client,
        request: &AccessRequest,
        detail: Detail,
    ) -> Result<Vec<Plan>, Refusal> {
        let law = self.law();
        refuse_past(request)?;
        let items = law.catalogue.resolve(request).map_err(|unknown| invalid_scope(&unknown))?;
        let requester = asking::requester(&law, client, request);
        let mut plans = Vec::with_capacity(items.len());
        for item in &items {
            let question = Question {
                request,
                item,
                requester: &requester,
                client_trust: client.trust,
                client_owner: client.owner.as_ref(),
                agent_owner: None,
                people: &law.people,
            };
            plans.push(
                law.policy
                    .plan(&question, request.opened_at, detail)
                    .map_err(|refused| self::refused(&refused))?,
            );
        }
        for plan in &mut plans {
            self.keep_known_platforms(plan)?;
            staff(&law, plan, request.opened_at)?;
        }
        let expires_at = plans.iter().map(|plan| plan.expires_at).min();
        for plan in &mut plans {
            plan.expires_at = expires_at.unwrap_or(plan.expires_at);
        }
        Ok(plans)
    }

    /// A channel on a platform that is not set up here cannot be asked; one ask without any
    /// channel left is refused now rather than never answered.
    fn keep_known_platforms(&self, plan: &mut Plan) -> Result<(), Refusal> {
        let known = |platform: &String| self.parts.chats.contains_key(platform.as_str());
        for ask in plan.steps.iter_mut().flat_map(|step| &mut step.asks) {
            ask.channel.addresses.retain(|platform, _| known(platform));
            if let Some(escalation) = &mut ask.escalate {
                escalation.to.addresses.retain(|platform, _| known(platform));
            }
            if ask.channel.addresses.is_empty() {
                let detail = format!(
                    "channel `{}` is on no platform that is set up here; add one to the policy or connect it",
                    ask.channel.name
                );
                return Err(Refusal::Unroutable { detail });
            }
        }
        Ok(())
    }
}

/// What directories have said lately shows whether there are people enough; where one is silent the
/// request waits, because it may speak again before the time runs out, and nobody of the group
/// counts until it does.
fn staff(law: &Law, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
    let asks = plan.steps.iter().flat_map(|step| &step.asks);
    let groups: BTreeSet<&Group> = asks.flat_map(|ask| &ask.from).collect();
    for group in groups {
        let Some(source) = law.silent(group, plan.risk, now) else { continue };
        tracing::warn!(%group, source = source.kind, at = source.value,
            "a request waits for a group of which nobody can tell who is in it");
        let kind = source.kind.clone();
        metrics::counter!("countersign_requests_unstaffed_total", "source" => kind).increment(1);
    }
    let is_silent = |group: &Group| law.silent(group, plan.risk, now).is_some();
    let is_claimed = |group: &Group| law.is_claimed(group);
    Policy::staff(plan, |group| is_silent(group) || is_claimed(group), &law.people)
        .map_err(|refused| short(law, &refused))
}

/// Names who keeps the books of the group that has too few people in it.
fn short(law: &Law, short: &Refused) -> Refusal {
    let mut sentences = vec![short.to_string()];
    if let Refused::Unsatisfiable { from, .. } = short {
        let books = law.kept_elsewhere().filter(|(group, _)| from.contains(*group));
        sentences.extend(books.map(|(group, GroupSource { kind, value })| {
            format!("who is in `{group}` stands in the `{kind}` `{value}`")
        }));
    }
    Refusal::Unroutable { detail: sentences.join("; ") }
}

/// Access that would end before it begins.
fn refuse_past(request: &AccessRequest) -> Result<(), Refusal> {
    let ends = request.items.iter().filter_map(|item| item.requested.until);
    match ends.into_iter().find(|until| *until <= request.opened_at) {
        Some(until) => {
            let detail =
                format!("`requested_until` lies in the past: {until}; ask for a later end");
            Err(Refusal::InvalidRequest { detail })
        }
        None => Ok(()),
    }
}

fn invalid_scope(unknown: &[Unknown]) -> Refusal {
    let sentences: Vec<&str> = unknown.iter().map(|unknown| unknown.sentence.as_str()).collect();
    Refusal::InvalidScope { detail: sentences.join("; ") }
}

fn refused(refused: &Refused) -> Refusal {
    let detail = refused.to_string();
    match refused {
        Refused::NoRule { .. } | Refused::Guardrail { .. } => Refusal::NoMatchingRule { detail },
        Refused::Unsatisfiable { .. } | Refused::Unroutable { .. } => {
            Refusal::Unroutable { detail }
        }
    }
}
