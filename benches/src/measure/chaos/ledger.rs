//! What was acknowledged, kept outside of the service: every entry is a promise.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{
    database::{Database, PostedCard},
    failure::Failure,
    payload::{self, Wish, wish_of},
};

/// Everything that the service has said yes to.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) kills: u64,
    /// Keys whose answers named two different requests.
    pub(super) doubled: u64,
    /// Idempotency key to request.
    requests: BTreeMap<String, String>,
    /// Requests on which a vote was acknowledged.
    votes: BTreeSet<String>,
    /// Requests whose one vote decides them.
    decided: BTreeSet<String>,
    /// Numbers that were sent and got no answer; they are sent again.
    pub(super) open: BTreeSet<u64>,
    /// Clicks that got no answer, by request; they are made again.
    pub(super) unclicked: BTreeMap<String, PostedCard>,
    pub(super) next: u64,
}

/// How the database compares.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) lost_requests: u64,
    pub(super) lost_votes: u64,
    /// Requests that have a vote; nobody votes twice on one.
    pub(super) voted_on: u64,
    /// Requests that were decided by an acknowledged vote.
    pub(super) decided: BTreeSet<String>,
}

impl Ledger {
    /// The service said that a number is this request.
    pub(super) fn acknowledge(&mut self, number: u64, request: String) {
        self.open.remove(&number);
        match self.requests.entry(payload::key(number)) {
            Entry::Vacant(place) => _ = place.insert(request),
            Entry::Occupied(before) if *before.get() != request => self.doubled += 1,
            Entry::Occupied(_) => {}
        }
    }

    /// The service said that a click was taken.
    pub(super) fn acknowledge_vote(&mut self, card: &PostedCard) {
        self.unclicked.remove(&card.request);
        self.votes.insert(card.request.clone());
        if wish_of(card) == Wish::Transfer {
            self.decided.insert(card.request.clone());
        }
    }

    pub(super) fn opened(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn voted(&self) -> usize {
        self.votes.len()
    }

    /// Looks for every promise in the database.
    pub(super) async fn audit(&self, database: &Database) -> Result<Audit, Failure> {
        let by_key = database.requests_by_key().await?;
        let votes = database.votes().await?;
        let kept = |(key, request): &(&String, &String)| by_key.get(*key) == Some(*request);
        let lost = self.requests.iter().filter(|pair| !kept(pair)).count();
        let lost_votes = self.votes.iter().filter(|request| !votes.contains_key(*request)).count();
        Ok(Audit {
            lost_requests: u64::try_from(lost)?,
            lost_votes: u64::try_from(lost_votes)?,
            voted_on: u64::try_from(votes.len())?,
            decided: self.decided.clone(),
        })
    }
}
