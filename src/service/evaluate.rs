//! Whether access is there already. Looks up and never waits; writes nothing.

use jiff::Timestamp;

use super::Service;
use crate::{
    domain::{
        access::slice::View,
        binding::{self, Tuple},
        client::{Client, Mode},
        denial::{self, Evaluated},
        evaluation::{self, Approved, Decision, Standing, Way, Why},
        id::{ApprovalId, EvaluationId},
        plan::{Justification, Plan},
        request::{AccessRequest, Draft},
        right::Right,
        task::arap,
    },
    law::{Law, planning::Asking},
    refusal::Refusal,
};

/// What is evaluated: what would be asked for, and how it was sent.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub draft: Draft,
    pub tuple: Tuple,
    pub reference: Option<Reference>,
}

/// The approval that a client in the mode of the profile refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub id: String,
    pub state: Option<String>,
}

/// A denial that people can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requestable {
    pub id: EvaluationId,
    pub token: String,
    pub expires_at: Timestamp,
    /// Whether the request must say why.
    pub justification: Justification,
}

/// The answer, and what to ask with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub decision: Decision,
    pub requestable: Option<Requestable>,
}

impl Service {
    /// Evaluates what a client wants to know.
    pub async fn evaluate(
        &self,
        client: &Client,
        evaluation: Evaluation,
    ) -> Result<Answer, Refusal> {
        let Evaluation { draft, tuple, reference } = evaluation;
        let request = self.request(client, draft);
        self.hear_providers().await?;
        let law = self.law();
        let asking = Asking { client, request: &request, platforms: &self.platforms() };
        let (way, justification) = way(&asking, &law);
        let standing = match (client.mode, reference) {
            (Mode::Direct, _) => self.found(client, &request).await?,
            (Mode::Arap, None) => Standing::None,
            (Mode::Arap, Some(reference)) => {
                self.referred(client, &request, &tuple, &reference).await?
            }
        };
        let decision = evaluation::judge(standing, way);
        let requestable = match &decision {
            Decision::No(why) if why.is_requestable() => {
                self.requestable(client, &request, &tuple, justification).await?
            }
            Decision::Yes(_) | Decision::No(_) => None,
        };
        Ok(Answer { decision, requestable })
    }

    /// A client in direct mode cannot carry a reference: what it was granted is found by what it
    /// asks.
    async fn found(&self, client: &Client, request: &AccessRequest) -> Result<Standing, Refusal> {
        let Some(frame) = binding::frame(request) else { return Ok(Standing::None) };
        let views = self.parts.store.approved_for(&frame).await?;
        let own = views.iter().filter(|view| view.request.integrator == client.id);
        let now = self.parts.clock.now();
        let mut standing = Standing::None;
        for view in own {
            match standing_of(request, view, 0, now) {
                Standing::Covers(approved) => return Ok(Standing::Covers(approved)),
                Standing::Over => standing = Standing::Over,
                Standing::None | Standing::OutOfScope | Standing::Unverifiable => {}
            }
        }
        Ok(standing)
    }

    /// A reference is no right of whoever holds it: everything is checked against what was written
    /// down, whatever was sent.
    async fn referred(
        &self,
        client: &Client,
        request: &AccessRequest,
        tuple: &Tuple,
        reference: &Reference,
    ) -> Result<Standing, Refusal> {
        let (id, item) = split(&reference.id);
        let Some(view) = self.approved(&id).await? else { return Ok(Standing::Unverifiable) };
        let was = &view.request;
        let same_subject =
            (&was.subject.kind, &was.subject.id) == (&request.subject.kind, &request.subject.id);
        let same_actor = was.client.actor == request.client.actor;
        if was.integrator != client.id || !same_subject || !same_actor {
            return Ok(Standing::Unverifiable);
        }
        if !self.vouches(reference, &view, &id).await? {
            return Ok(Standing::Unverifiable);
        }
        let single = was.items.len() == 1;
        let item = match item {
            None if single => 0,
            Some(number) if !single && number < was.items.len() => number,
            None | Some(_) => return Ok(Standing::Unverifiable),
        };
        if was.binding.frames.get(item) != Some(&tuple.frame()) {
            return Ok(Standing::OutOfScope);
        }
        Ok(standing_of(request, &view, item, self.parts.clock.now()))
    }

    async fn approved(&self, id: &str) -> Result<Option<View>, Refusal> {
        match id.parse::<ApprovalId>() {
            Ok(id) => Ok(self.parts.store.approved(&id).await?),
            Err(_) => Ok(None),
        }
    }

    /// Whether the `state` that came with a reference, if any, is ours and about the same.
    async fn vouches(&self, reference: &Reference, view: &View, id: &str) -> Result<bool, Refusal> {
        let Some(state) = &reference.state else { return Ok(true) };
        if !self.parts.signing.is_set_up() {
            return Ok(false);
        }
        let url = &*self.parts.public_url;
        let opened = self.parts.signing.open_approval(state).await?;
        Ok(opened.is_ok_and(|claims| {
            claims.approval_id == id
                && claims.request_id == view.request.id.as_str()
                && claims.iss == url
                && claims.aud == url
        }))
    }

    /// What is needed to ask people; nothing where this client may not, where it could not be proven
    /// later, or where no more requests are taken just now.
    async fn requestable(
        &self,
        client: &Client,
        request: &AccessRequest,
        tuple: &Tuple,
        justification: Justification,
    ) -> Result<Option<Requestable>, Refusal> {
        let signing = &self.parts.signing;
        let may_ask = client.may.has(Right::Request);
        if !may_ask || !signing.is_set_up() || self.parts.ledger.is_full() {
            return Ok(None);
        }
        let now = self.parts.clock.now();
        let expires_at = Timestamp::from_second(now.as_second())
            .and_then(|now| now.checked_add(denial::LIVES))
            .map_err(|_| Refusal::Unavailable)?;
        let evaluated = evaluated(client, request, tuple);
        let number = self.parts.seeds.seed().ids(now).ulid();
        let id = signing.evaluation_id(number, expires_at, &evaluated.vouched())?;
        let claims = evaluated.claims(&self.parts.public_url, &id, now, expires_at);
        let token = signing.denial(&claims).await?;
        Ok(Some(Requestable { id, token, expires_at, justification }))
    }
}

/// What today's law says, and whether whoever asks must say why: an evaluation never does. Evaluated
/// alone: an item of a bundle stands for itself.
fn way(asking: &Asking<'_>, law: &Law) -> (Way, Justification) {
    let way = match law.plans(asking) {
        Ok(plans) if plans.iter().all(Plan::is_pre_approved) => Way::Open,
        Ok(_) => Way::Ask,
        Err(Refusal::Unjustified) => return (Way::Ask, Justification::Required),
        Err(_) => Way::Closed,
    };
    (way, Justification::NotNeeded)
}

/// What a denial is bound to. Of a client in direct mode it is what was understood, since it asks in
/// other words than it evaluates.
pub(super) fn evaluated(client: &Client, request: &AccessRequest, tuple: &Tuple) -> Evaluated {
    let binding = match client.mode {
        Mode::Direct => binding::binding(request),
        Mode::Arap => tuple.binding(),
    };
    Evaluated { client: client.id.clone(), actor: request.client.actor.clone(), binding }
}

fn standing_of(asked: &AccessRequest, was: &View, number: usize, now: Timestamp) -> Standing {
    let Some((approval, granted)) = evaluation::live(was, number, now) else {
        return Standing::Over;
    };
    let (Some(asked), Some(approved)) = (asked.items.first(), was.request.items.get(number)) else {
        return Standing::OutOfScope;
    };
    if !evaluation::is_granted(asked, approved, granted) {
        return Standing::OutOfScope;
    }
    let id = arap::item_id(approval, was.request.items.len(), number);
    Standing::Covers(Approved { id, until: approval.approved_until })
}

/// The id of the whole, and the number of the item where it names one.
fn split(id: &str) -> (String, Option<usize>) {
    let whole = || (id.to_owned(), None);
    let Some((approval, number)) = id.split_once('.') else { return whole() };
    number.parse().map_or_else(|_| whole(), |number| (approval.to_owned(), Some(number)))
}

impl Answer {
    /// A plain no, for whatever has no way to a yes.
    pub fn no() -> Self {
        Self { decision: Decision::No(Why::PolicyDenied), requestable: None }
    }
}
