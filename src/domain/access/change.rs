//! One change of one request: what every use-case needs to write it down.

use std::sync::Arc;

use countersign_port::access::Identity;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    effects::{Effects, NewAnswer, NewCallback, NewCard, NewDelegation, Reader},
    review,
    slice::{Loaded, Slice, View},
};
use crate::domain::{
    approval::{Approval, later},
    audit::{Entry, Event, Kind},
    brake::Counted,
    client::Mode,
    decide::{ItemState, Standing},
    delegation::Delegation,
    id::{ApprovalId, CardId, EntryId, EventId, RequestId},
    ids::Ids,
    outcome::{ItemOutcome, Outcome},
    plan::{Ask, Channel, Step},
    review::Review,
    task,
    vote::Vote,
};

/// A request that is being changed.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) loaded: &'a mut Loaded,
    effects: &'a mut Effects,
    public_url: &'a str,
    ids: &'a mut Ids,
    pub(super) now: Timestamp,
    overdue: Overdue,
}

/// Whether this change has done what came due by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overdue {
    Waits,
    SeenTo,
}

impl<'a> Change<'a> {
    /// Begins to change a request that was loaded.
    pub(super) fn of(
        slice: &'a mut Slice,
        request: &RequestId,
        ids: &'a mut Ids,
        now: Timestamp,
    ) -> Option<Self> {
        let Slice { requests, effects, public_url, .. } = slice;
        let loaded = requests.get_mut(request)?;
        Some(Self { loaded, effects, public_url, ids, now, overdue: Overdue::Waits })
    }

    pub(super) fn view(&self) -> &View {
        &self.loaded.view
    }

    /// The rows that belong to this request and nothing else.
    pub(super) fn effects(&mut self) -> &mut Effects {
        self.effects
    }

    /// Writes an entry of the audit log.
    pub(super) fn log(&mut self, event: Event) {
        self.loaded.seq += 1;
        let id = EntryId::from_ulid(self.ids.ulid());
        let request = self.view().request.id.clone();
        let entry = Entry::new(event, request, self.loaded.seq, self.now, id, self.ids.bytes());
        self.effects.entries.push(entry);
    }

    /// Keeps a vote in the place of the one that the same person has cast before.
    pub(super) fn keep(&mut self, vote: Vote) {
        let request = self.view().request.id.clone();
        self.effects.votes.insert((request, vote.item, vote.person.to_string()), vote.clone());
        let votes = &mut self.loaded.view.votes;
        votes.retain(|old| (old.item, &old.person) != (vote.item, &vote.person));
        votes.push(vote);
    }

    /// Writes an outcome if there is one by now; otherwise asks whoever is to be asked.
    pub(super) fn settle(&mut self) {
        let states = self.view().states(self.now);
        match self.loaded.outcome(&states, self.now) {
            Some(outcome) => self.finish(outcome),
            None => self.ask(&states),
        }
    }

    /// The one transition out of pending.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        let id = ApprovalId::from_handle(self.ids.handle());
        let approval = Approval::of(id, &self.view().request, &self.view().plans, &outcome);
        let request = Arc::clone(&self.view().request);
        let event = decided(&outcome, approval.as_ref(), &request.binding.evaluations);
        self.log(event);
        review::open(self, &outcome);
        let request = self.view().request.id.clone();
        if let Some(approval) = &approval {
            self.effects.approvals.insert(request.clone(), approval.clone());
        }
        self.count_denials(&outcome);
        self.effects.outcomes.insert(request, outcome.clone());
        self.loaded.view.approval = approval;
        let event = format!("access_request.{}", outcome.status.as_str());
        self.loaded.view.outcome = Some(outcome);
        self.call_back(&event);
        for delegation in std::mem::take(&mut self.loaded.delegations) {
            self.answer(delegation);
        }
    }

    /// Has a server wait for the decision; it is answered at once where that has fallen.
    pub(super) fn wait(&mut self, new: NewDelegation) {
        let request = self.view().request.id.clone();
        let delegation = new.delegation.clone();
        self.effects.delegations.push((request, new));
        match self.view().outcome {
            None => self.loaded.delegations.push(delegation),
            Some(_) => self.answer(delegation),
        }
    }

    /// Fixes the word that a server is answered with; one that has given up waiting gets none.
    fn answer(&mut self, delegation: Delegation) {
        if delegation.expires_at <= self.now {
            self.effects.forgotten.push(delegation.id);
            return;
        }
        self.effects.answers.push(NewAnswer {
            request: self.view().request.id.clone(),
            verdict: delegation.verdict(self.view(), self.now),
            due_at: delegation.answerable_at().max(self.now),
            delegation,
        });
    }

    /// A denial counts where the plan has a brake for it.
    fn count_denials(&mut self, outcome: &Outcome) {
        // One no on a shared card is one denial.
        if self.view().sharing.card_of.is_some() {
            return;
        }
        let View { request, plans, .. } = self.view().clone();
        for (item, (plan, ended)) in plans.iter().zip(&outcome.items).enumerate() {
            let mut brakes = plan.brakes.iter();
            let brake = brakes.find(|brake| brake.counts == Counted::Denials);
            if let (Some(brake), ItemOutcome::Denied(_)) = (brake, ended) {
                let name = brake.name(&request, item);
                self.effects.marks.insert((name, outcome.at, request.id.clone()));
            }
        }
    }

    /// Posts a card in every channel of the open steps that has none yet, and reminds of what has
    /// waited.
    fn ask(&mut self, states: &[ItemState]) {
        self.overdue = Overdue::SeenTo;
        let plans = self.view().plans.clone();
        for (item, (state, plan)) in states.iter().zip(plans.iter()).enumerate() {
            let ItemState::Pending(standing) = state else { continue };
            let Some(step) = plan.steps.get(standing.step) else { continue };
            for ask in &step.asks {
                self.post(item, &ask.channel);
                self.escalate(item, ask, standing);
            }
            self.remind(item, step, standing);
        }
    }

    /// Posts a card where an ask has waited long enough, or where it cannot be answered otherwise.
    fn escalate(&mut self, item: usize, ask: &Ask, standing: &Standing) {
        let Some(escalation) = &ask.escalate else { return };
        let is_lost = self.is_lost(item, &ask.channel);
        if !is_lost && later(standing.opened_at, escalation.after_seconds) > self.now {
            return;
        }
        if self.post(item, &escalation.to) == Posted::New {
            let why = if is_lost { "lost" } else { "silence" };
            let facts = facts(json!({ "item": item, "step": standing.step, "why": why }));
            let payload = json!({ "channel": escalation.to.name }).into();
            self.log(Event { kind: Kind::Escalated, actor: SYSTEM.to_owned(), facts, payload });
        }
    }

    /// Whether every card that a channel had was taken back.
    fn is_lost(&self, item: usize, channel: &Channel) -> bool {
        channel.addresses.iter().all(|(platform, address)| {
            self.loaded.withdrawn.contains(&(item, platform.clone(), address.clone()))
        })
    }

    /// Notes that people are to be reminded. What fell due before the last time that this request
    /// was looked after was noted then; what was missed since is noted once.
    fn remind(&mut self, item: usize, step: &Step, standing: &Standing) {
        let Some(looked_after) = self.loaded.next_at else { return };
        let Some(just_before) = looked_after.checked_sub(SignedDuration::from_micros(1)).ok()
        else {
            return;
        };
        let open = step.asks.iter().zip(&standing.filled).filter(|(ask, have)| **have < ask.count);
        let is_due = |ask: &Ask| {
            ask.next_reminder(standing.opened_at, just_before).is_some_and(|due| due <= self.now)
        };
        if open.into_iter().any(|(ask, _)| is_due(ask)) {
            let facts = facts(json!({ "item": item, "step": standing.step }));
            let payload = json!({}).into();
            self.log(Event { kind: Kind::Reminded, actor: SYSTEM.to_owned(), facts, payload });
        }
    }

    pub(super) fn post(&mut self, item: usize, channel: &Channel) -> Posted {
        let mut posted = Posted::Already;
        for (platform, address) in &channel.addresses {
            if self.loaded.cards.insert((item, platform.clone(), address.clone())) {
                let card = self.card(item, Reader::Approvers, platform, address);
                self.effects.cards.push(card);
                posted = Posted::New;
            }
        }
        posted
    }

    /// Shows the requester how it stands, from now to its end.
    pub(super) fn show_requester(&mut self, account: &Identity) {
        let address = account.address();
        for item in 0..self.view().plans.len() {
            let card = self.card(item, Reader::Requester, &account.provider, &address);
            self.effects.cards.push(card);
        }
    }

    fn card(&mut self, item: usize, reader: Reader, platform: &str, address: &str) -> NewCard {
        NewCard {
            id: CardId::from_ulid(self.ids.ulid()),
            reader,
            request: self.view().request.id.clone(),
            item,
            platform: platform.to_owned(),
            address: address.to_owned(),
            secret: self.ids.bytes(),
            want: self.view().version,
            due_at: self.now,
        }
    }

    /// Fixes the bytes of an event, if the client wants it.
    pub(super) fn call_back(&mut self, event: &str) {
        let request = self.view().request.clone();
        let Some(callback) = &request.callback else { return };
        // The profile knows the end of a task, and nothing after it.
        if request.binding.mode == Mode::Arap && event.starts_with("approval.") {
            return;
        }
        let short = event.trim_start_matches("access_request.");
        let wanted = callback.events.iter().any(|name| name == event || name == short);
        if !callback.events.is_empty() && !wanted {
            return;
        }
        self.loaded.sequence += 1;
        // The version that this change will have when it is done.
        let mut view = self.view().clone();
        view.version += 1;
        let body = task::event(&view, event, self.loaded.sequence, self.public_url, self.now);
        self.effects.callbacks.push(NewCallback {
            id: EventId::from_ulid(self.ids.ulid()),
            request: request.id.clone(),
            client: request.integrator.clone(),
            endpoint: callback.endpoint.clone(),
            sequence: self.loaded.sequence,
            body,
            due_at: self.now,
        });
    }

    /// Ends a change that everybody is to see: the version rises and the cards are drawn anew.
    pub(super) fn done(mut self) -> View {
        self.loaded.view.version += 1;
        let version = self.view().version;
        let request = self.view().request.id.clone();
        for card in self.effects.cards.iter_mut().filter(|card| card.request == request) {
            card.want = version;
        }
        self.effects.redraws.insert(request, version);
        self.recorded()
    }

    /// Ends a change that only the log shows.
    pub(super) fn recorded(&mut self) -> View {
        // INVARIANT: what has come due stays due until it is seen to, whoever clicks in between.
        let waits = self.overdue == Overdue::Waits
            && self.view().outcome.is_none()
            && self.loaded.next_at.is_some_and(|due| due <= self.now);
        if !waits {
            self.loaded.next_at = next_at(self.view(), self.now);
        }
        self.effects.touches.insert(self.view().request.id.clone(), self.loaded.touch());
        self.view().clone()
    }
}

/// Whether there was something to post.
#[derive(PartialEq, Eq)]
pub(super) enum Posted {
    New,
    Already,
}

/// The actor of entries that nobody clicked.
pub(super) const SYSTEM: &str = "system";

/// An account, as it stands in payloads.
pub(super) fn account(identity: &Identity) -> Value {
    json!({ "provider": identity.provider, "tenant": identity.tenant, "subject": identity.subject })
}

/// The members of an object.
pub(super) fn facts(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

fn decided(outcome: &Outcome, approval: Option<&Approval>, evaluations: &[String]) -> Event {
    let items: Vec<&str> = outcome.items.iter().map(|item| item.status().as_str()).collect();
    let mut facts = facts(json!({
        "status": outcome.status.as_str(),
        "items": items,
        "approval": approval.map(|approval| approval.id.as_str()),
        "approved_until": approval.map(|approval| approval.approved_until),
    }));
    if !evaluations.is_empty() {
        facts.insert("evaluations".to_owned(), json!(evaluations));
    }
    let actor = outcome
        .withdrawal
        .as_ref()
        .map_or_else(|| SYSTEM.to_owned(), |withdrawal| withdrawal.by.to_string());
    let payload = json!({ "outcome": outcome }).into();
    Event { kind: Kind::RequestDecided, actor, facts, payload }
}

/// The earliest instant after `now` at which something comes due by itself.
fn next_at(view: &View, now: Timestamp) -> Option<Timestamp> {
    if view.outcome.is_some() {
        let lapses_at = view.approval.as_ref().and_then(Approval::lapses_at);
        return view.reviews.iter().filter_map(Review::next_at).chain(lapses_at).min();
    }
    // It ends with the one whose card it shares.
    if view.sharing.card_of.is_some() {
        return None;
    }
    let states = view.states(now);
    let escalations = states.iter().zip(view.plans.iter()).flat_map(|(state, plan)| {
        let ItemState::Pending(standing) = state else { return Vec::new() };
        let asks = plan.steps.get(standing.step).map_or(&[][..], |step| &step.asks);
        let opened_at = standing.opened_at;
        let due = |ask: &Ask| {
            let escalation = ask.escalate.as_ref();
            let escalates = escalation.map(|one| later(opened_at, one.after_seconds));
            [escalates, ask.next_reminder(opened_at, now)]
        };
        asks.iter().flat_map(due).flatten().collect()
    });
    escalations.filter(|due| *due > now).chain([view.expires_at()]).min()
}
