//! From a request to its plans: catalogue, policy, routing. The same for a request that is opened,
//! for one that only asks what would happen, and for one that is asked about long after.

use countersign_port::text::Untrusted;

use super::{Law, asking};
use crate::{
    domain::{
        catalogue::resolve::{ResolvedItem, Unknown},
        client::Client,
        plan::{Justification, Plan, TraceLine},
        policy::{Detail, Question, Refused, Requester},
        request::AccessRequest,
    },
    refusal::Refusal,
};

/// A request, who sends it, and where people can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    pub client: &'a Client,
    pub request: &'a AccessRequest,
    /// The chat products that are set up.
    pub platforms: &'a [&'a str],
}

/// What would become of one item, and why.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Every guardrail and rule that was looked at.
    pub trace: Vec<TraceLine>,
    pub verdict: Result<Plan, Refusal>,
    /// Who could approve now, by name, for each step and each of its asks.
    pub deciders: Vec<Vec<Vec<String>>>,
}

impl Law {
    /// One plan for each item. A bundle ends at one time: the earliest of its items.
    pub fn plans(&self, asking: &Asking<'_>) -> Result<Vec<Plan>, Refusal> {
        let items = self.resolve(asking.request)?;
        self.refuse_barred(asking.request)?;
        let requester = asking::requester(self, asking.client, asking.request);
        let plan = |item| self.plan(asking, &requester, item, Detail::Matches);
        let mut plans = items.iter().map(plan).collect::<Result<Vec<Plan>, _>>()?;
        end_together(plans.iter_mut());
        Ok(plans)
    }

    /// What would become of each item; an error where the request itself is none.
    pub fn explain(&self, asking: &Asking<'_>) -> Result<Vec<Explained>, Refusal> {
        let items = self.resolve(asking.request)?;
        self.refuse_barred(asking.request)?;
        let requester = asking::requester(self, asking.client, asking.request);
        let explain = |item| {
            let verdict = self.plan(asking, &requester, item, Detail::Everything);
            let question = self.question(asking, &requester, item);
            let trace = match &verdict {
                Ok(plan) => plan.trace.clone(),
                Err(_) => self.policy.trace(&question),
            };
            Explained { trace, verdict, deciders: Vec::new() }
        };
        let mut explained: Vec<Explained> = items.iter().map(explain).collect();
        end_together(explained.iter_mut().filter_map(|item| item.verdict.as_mut().ok()));
        for item in &mut explained {
            item.deciders = item.verdict.iter().flat_map(|plan| self.deciders(plan)).collect();
        }
        Ok(explained)
    }

    fn resolve<'a>(&'a self, request: &'a AccessRequest) -> Result<Vec<ResolvedItem<'a>>, Refusal> {
        refuse_past(request)?;
        self.catalogue.resolve(request).map_err(|unknown| invalid_scope(&unknown))
    }

    /// For somebody who was switched off nothing is asked, and nothing that was granted is good.
    fn refuse_barred(&self, request: &AccessRequest) -> Result<(), Refusal> {
        match self.people.who_is(&request.subject) {
            Some(person) if self.barred().contains(person) => {
                let detail = format!(
                    "`{person}` is not active at the provider of people: nothing is asked for them until they are switched on again"
                );
                Err(Refusal::NoMatchingRule { detail })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn question<'a>(
        &'a self,
        asking: &Asking<'a>,
        requester: &'a Requester,
        item: &'a ResolvedItem<'a>,
    ) -> Question<'a> {
        Question {
            request: asking.request,
            item,
            requester,
            client_trust: asking.client.trust,
            client_owner: asking.client.owner.as_ref(),
            agent_owner: None,
            people: &self.people,
        }
    }

    fn plan(
        &self,
        asking: &Asking<'_>,
        requester: &Requester,
        item: &ResolvedItem<'_>,
        detail: Detail,
    ) -> Result<Plan, Refusal> {
        let question = self.question(asking, requester, item);
        let plan = self.policy.plan(&question, asking.request.opened_at, detail);
        let mut plan = plan.map_err(|refused| self::refused(&refused))?;
        keep_known_platforms(&mut plan, asking.platforms)?;
        self.staff(&plan, asking.request.opened_at)?;
        // Last: nobody is asked for a reason that would not help.
        refuse_unjustified(&plan, asking.request)?;
        Ok(plan)
    }

    fn deciders(&self, plan: &Plan) -> Vec<Vec<Vec<String>>> {
        let names = |from| {
            let members = self.people.members_of(from).into_iter();
            let eligible = members.filter(|person| !plan.excluded.contains(&person.id));
            let mut names: Vec<String> = eligible.map(|person| person.name.clone()).collect();
            names.sort();
            names
        };
        let steps = plan.steps.iter();
        steps.map(|step| step.asks.iter().map(|ask| names(&ask.from)).collect()).collect()
    }
}

fn end_together<'a>(plans: impl Iterator<Item = &'a mut Plan>) {
    let plans: Vec<&mut Plan> = plans.collect();
    let Some(expires_at) = plans.iter().map(|plan| plan.expires_at).min() else { return };
    for plan in plans {
        plan.expires_at = expires_at;
    }
}

/// A channel on a platform that is not set up here cannot be asked; one ask without any channel
/// left is refused now rather than never answered.
fn keep_known_platforms(plan: &mut Plan, platforms: &[&str]) -> Result<(), Refusal> {
    let is_set_up = |platform: &str| platforms.contains(&platform);
    for ask in plan.steps.iter_mut().flat_map(|step| &mut step.asks) {
        ask.channel.addresses.retain(|platform, _| is_set_up(platform));
        if let Some(escalation) = &mut ask.escalate {
            escalation.to.addresses.retain(|platform, _| is_set_up(platform));
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

fn refuse_unjustified(plan: &Plan, request: &AccessRequest) -> Result<(), Refusal> {
    let said = request.context.justification.as_ref().map(Untrusted::as_received);
    match plan.justification {
        Justification::Required if said.is_none_or(|said| said.trim().is_empty()) => {
            Err(Refusal::Unjustified)
        }
        Justification::Required | Justification::NotNeeded => Ok(()),
    }
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
        Refused::StepUp { wanted, .. } => Refusal::StepUp { detail, wanted: wanted.clone() },
        Refused::Unsatisfiable { .. } | Refused::Unroutable { .. } => {
            Refusal::Unroutable { detail }
        }
    }
}
