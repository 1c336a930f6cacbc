//! What a batch works on: the rows that were loaded, and the rows that are to be written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_port::access::RefusalKind;
use jiff::Timestamp;

use super::{
    Refused, Reply,
    effects::{Effects, Touch},
    share::Sharing,
};
use crate::domain::{
    approval::Approval,
    brake::Mark,
    credential::Credential,
    decide::{ItemState, Standing, decide},
    delegation::Delegation,
    id::{ClientId, RequestId},
    outcome::Outcome,
    plan::{Ask, Plan},
    request::AccessRequest,
    review::Review,
    vote::Vote,
};

/// Everything that the commands of one batch need to know, and what they have changed.
#[derive(Debug)]
pub struct Slice {
    pub requests: BTreeMap<RequestId, Loaded>,
    /// Idempotency keys that were used before: (client, key) to (request, digest of the body).
    pub keys: BTreeMap<(ClientId, String), (RequestId, String)>,
    /// Presses that were judged before, by digest, and why they did not count.
    pub presses: BTreeMap<String, Option<RefusalKind>>,
    /// What brakes have counted, by the name that it is counted under.
    pub marks: BTreeMap<String, Vec<Mark>>,
    /// How many requests of a client are pending.
    pub pending: BTreeMap<ClientId, u64>,
    /// The public address of this service, for the links in callbacks.
    pub public_url: Arc<str>,
    /// Whether the batch was run before: what it wrote then may stand.
    pub is_rerun: bool,
    pub effects: Effects,
}

/// A request with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub view: View,
    /// How many entries of the audit log are about it.
    pub seq: i64,
    /// How many events were called back for it.
    pub sequence: i64,
    /// The earliest instant at which something comes due by itself.
    pub next_at: Option<Timestamp>,
    /// Which cards exist: item, platform, address.
    pub cards: BTreeSet<(usize, String, String)>,
    /// Which of them a channel has taken.
    pub posted: BTreeSet<(usize, String, String)>,
    /// Which of them were taken back.
    pub withdrawn: BTreeSet<(usize, String, String)>,
    /// Wrong numbers typed, by person.
    pub wrong_numbers: BTreeMap<String, u32>,
    /// Servers that wait for the decision.
    pub delegations: Vec<Delegation>,
    /// The counters as they were loaded; none of a request that is being opened.
    pub stored: Option<Touch>,
}

/// A request as anybody outside the ledger may see it: a value, never changed in place.
#[derive(Debug, Clone)]
pub struct View {
    pub request: Arc<AccessRequest>,
    /// One plan for each item.
    pub plans: Arc<Vec<Plan>>,
    pub version: i64,
    /// The two digits on the requester's screen.
    pub number: u8,
    pub votes: Vec<Vote>,
    pub outcome: Option<Outcome>,
    pub approval: Option<Approval>,
    /// Oldest first. Empty but for commands and questions about credentials.
    pub credentials: Vec<Credential>,
    /// When the asking server acknowledged the outcome.
    pub told_at: Option<Timestamp>,
    /// What is owed, or was, for items that were granted in an emergency.
    pub reviews: Vec<Review>,
    /// Whose card it shares.
    pub sharing: Sharing,
    /// The request that asks for the same again, where this one came to nothing.
    pub renewed_by: Option<RequestId>,
}

impl Slice {
    /// A request as it is now.
    pub fn view(&self, request: &RequestId) -> Reply {
        self.requests.get(request).map(|loaded| loaded.view.clone()).ok_or(Refused::Unknown)
    }
}

impl View {
    /// Where each item stands.
    pub fn states(&self, now: Timestamp) -> Vec<ItemState> {
        let items = self.request.items.iter().enumerate();
        items
            .zip(self.plans.iter())
            .map(|((number, item), plan)| {
                let votes: Vec<Vote> =
                    self.votes.iter().filter(|vote| vote.item == number).cloned().collect();
                decide(plan, item.parts().len(), &votes, self.request.opened_at, now)
            })
            .collect()
    }

    /// The instant at which a pending request is over.
    pub fn expires_at(&self) -> Timestamp {
        self.plans.iter().map(|plan| plan.expires_at).min().unwrap_or(Timestamp::MIN)
    }
}

impl Loaded {
    /// A request that is being opened.
    pub fn new(request: Arc<AccessRequest>, plans: Arc<Vec<Plan>>, number: u8) -> Self {
        let view = View {
            request,
            plans,
            version: 0,
            number,
            votes: Vec::new(),
            outcome: None,
            approval: None,
            credentials: Vec::new(),
            told_at: None,
            reviews: Vec::new(),
            sharing: Sharing::default(),
            renewed_by: None,
        };
        Self {
            view,
            seq: 0,
            sequence: 0,
            next_at: None,
            cards: BTreeSet::new(),
            posted: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            wrong_numbers: BTreeMap::new(),
            delegations: Vec::new(),
            stored: None,
        }
    }

    /// The outcome of these states, if they make one.
    pub fn outcome(&self, states: &[ItemState], now: Timestamp) -> Option<Outcome> {
        Outcome::of(states, |item, standing| self.was_asked(item, standing), now)
    }

    /// Whether a card of the open step was posted anywhere, at once or when it was escalated.
    fn was_asked(&self, item: usize, standing: &Standing) -> bool {
        let step = self.view.plans.get(item).and_then(|plan| plan.steps.get(standing.step));
        let mut channels = step.into_iter().flat_map(|step| &step.asks).flat_map(Ask::channels);
        channels.any(|channel| {
            let mut addresses = channel.addresses.iter();
            addresses.any(|(platform, address)| {
                self.posted.contains(&(item, platform.clone(), address.clone()))
            })
        })
    }

    /// The counters, as they are to be written.
    pub fn touch(&self) -> Touch {
        Touch {
            version: self.view.version,
            seq: self.seq,
            sequence: self.sequence,
            next_at: self.next_at,
            settled_at: self.view.outcome.as_ref().map(|outcome| outcome.at),
            told_at: self.view.told_at,
            card_of: self.view.sharing.card_of.clone(),
            asked_again: self.view.sharing.asked_again,
            renewed_by: self.view.renewed_by.clone(),
        }
    }
}
