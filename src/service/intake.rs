//! From a draft to an open request: policy, then ledger.

use std::collections::BTreeMap;

use countersign_port::access::Identity;

use super::{
    Service,
    bind::{self, Denied},
};
use crate::{
    domain::{
        access::{
            Act,
            open::{KeyUse, Once, Open, Proof},
            slice::View,
        },
        brake,
        client::{Client, Requester},
        denial,
        id::RequestId,
        plan::Plan,
        request::{AccessRequest, Draft},
        transaction,
    },
    law::planning::{Asking, Explained},
    refusal::Refusal,
    store::brake::marks,
};

impl Service {
    /// Opens a request, or finds the one that its key was used for. It is durable when this returns.
    pub async fn open(
        &self,
        client: &Client,
        draft: Draft,
        key: Option<KeyUse>,
    ) -> Result<View, Refusal> {
        self.open_denied(client, draft, &[], key).await
    }

    /// Opens a request about what was denied, if it is that.
    pub async fn open_denied(
        &self,
        client: &Client,
        draft: Draft,
        denied: &[Denied],
        key: Option<KeyUse>,
    ) -> Result<View, Refusal> {
        let mut request = self.request(client, draft);
        let challenge = once(&request);
        let (held, plans) = self.planned(client, &request, denied).await?;
        request.binding.evaluations = held.iter().map(|one| one.evaluation_id.clone()).collect();
        let requester = self.requester(client, &request, &plans);
        let mut open = Open::new(request, plans, key, client.pending_limit).showing(requester);
        let denial = |until| Once { what: Proof::Denial, until };
        let marks = held.into_iter();
        open.once =
            marks.map(|one| (denial::mark(&one.evaluation_id), denial(one.until))).collect();
        open.once.extend(challenge);
        let command = self.command(Act::Open(Box::new(open)));
        Ok(self.parts.ledger.submit(command).await?)
    }

    /// Says what would happen to a request about what was denied, and stores nothing.
    pub async fn preview_denied(
        &self,
        client: &Client,
        draft: Draft,
        denied: &[Denied],
    ) -> Result<Vec<Plan>, Refusal> {
        let request = self.request(client, draft);
        let (_, plans) = self.planned(client, &request, denied).await?;
        self.held_back(&request, &plans).await?;
        Ok(plans)
    }

    /// The denials that hold, and what the policy makes of the request.
    async fn planned(
        &self,
        client: &Client,
        request: &AccessRequest,
        denied: &[Denied],
    ) -> Result<(Vec<bind::Held>, Vec<Plan>), Refusal> {
        let held = self.held(client, request, denied).await?;
        self.hear_providers().await?;
        match self.plans(client, request) {
            Err(refusal) if !held.is_empty() => Err(not_requestable(refusal)),
            plans => Ok((held, plans?)),
        }
    }

    /// The account at which the requester is told, where the client leaves that to us: on a platform
    /// of those who are asked, if they have one there.
    pub(super) fn requester(
        &self,
        client: &Client,
        request: &AccessRequest,
        plans: &[Plan],
    ) -> Option<Identity> {
        if client.requester == Requester::Untold {
            return None;
        }
        let law = self.law();
        let person = law.people.get(law.people.who_is(&request.subject)?)?;
        let asks = plans.iter().flat_map(|plan| &plan.steps).flat_map(|step| &step.asks);
        let asked: Vec<&str> =
            asks.flat_map(|ask| ask.channel.addresses.keys()).map(String::as_str).collect();
        let accounts = || person.identities.iter();
        let among = |names: &[&str]| {
            accounts().find(|account| names.contains(&account.provider.as_str())).cloned()
        };
        among(&asked).or_else(|| among(&self.platforms()))
    }

    /// Says what would happen, and stores nothing.
    pub async fn preview(&self, client: &Client, draft: Draft) -> Result<Vec<Explained>, Refusal> {
        let request = self.request(client, draft);
        self.hear_providers().await?;
        let asking = Asking { client, request: &request, platforms: &self.platforms() };
        let explained = self.law().explain(&asking)?;
        let plans: Vec<Plan> =
            explained.iter().filter_map(|item| item.verdict.clone().ok()).collect();
        // A refusal of one item is told before any brake.
        if plans.len() == explained.len() {
            self.held_back(&request, &plans).await?;
        }
        Ok(explained)
    }

    /// Whether a guardrail holds the client back, as the ledger would find it.
    async fn held_back(&self, request: &AccessRequest, plans: &[Plan]) -> Result<(), Refusal> {
        let now = request.opened_at;
        let wanted = brake::of(request, plans).map(|(name, brake)| (name, brake.since(now)));
        let wanted: BTreeMap<_, _> = wanted.collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut connection = self.parts.store.read.acquire().await?;
        let marks = marks(&mut connection, &wanted).await?;
        let held = brake::of(request, plans)
            .filter_map(|(name, brake)| brake.held(marks.get(&name)?, now))
            .max_by_key(|held| held.until);
        held.map_or(Ok(()), |held| Err(Refusal::held_back(&held)))
    }

    pub(super) fn request(&self, client: &Client, draft: Draft) -> AccessRequest {
        let now = self.parts.clock.now();
        let id = RequestId::from_handle(self.parts.seeds.seed().ids(now).handle());
        draft.open(id, client.id.clone(), now)
    }

    pub(super) fn plans(
        &self,
        client: &Client,
        request: &AccessRequest,
    ) -> Result<Vec<Plan>, Refusal> {
        let law = self.law();
        let plans = law.plans(&Asking { client, request, platforms: &self.platforms() })?;
        for (group, source) in plans.iter().flat_map(|plan| law.silences(plan, request.opened_at)) {
            tracing::warn!(%group, source = source.kind, at = source.value,
                "a request waits for a group of which nobody can tell who is in it");
            let kind = source.kind.clone();
            metrics::counter!("countersign_requests_unstaffed_total", "source" => kind)
                .increment(1);
        }
        Ok(plans)
    }

    pub(super) fn platforms(&self) -> Vec<&'static str> {
        self.parts.chats.keys().copied().collect()
    }
}

/// The challenge that a request is about is good for one request.
fn once(request: &AccessRequest) -> Option<(String, Once)> {
    let transaction = request.transaction.as_ref()?;
    let once = Once { what: Proof::Challenge, until: transaction.until };
    Some((transaction::mark(transaction), once))
}

/// What was denied, and has no way to a yes today.
fn not_requestable(refusal: Refusal) -> Refusal {
    let hopeless = matches!(
        refusal,
        Refusal::NoMatchingRule { .. } | Refusal::Unroutable { .. } | Refusal::InvalidScope { .. }
    );
    if hopeless { Refusal::NotRequestable { detail: refusal.to_string() } } else { refusal }
}
