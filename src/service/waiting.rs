//! What waits for a person, and the card of a request that they know by its id.

use std::cmp::Reverse;

use countersign_port::{
    access::{Identity, Refusal, RefusalKind, Waiting},
    card::Card,
    chat::MessageRef,
};

use super::Service;
use crate::{
    domain::{
        access::slice::View,
        card::{self, Scene, refusal},
        id::{PersonId, RequestId},
    },
    law::Law,
    store::{card::posted, load, upkeep::PENDING_MAX},
};

/// How many requests a list shows.
const LIST: usize = 20;

impl Service {
    /// What waits for the owner of an account, the most urgent first.
    pub(super) async fn waiting_for(&self, viewer: &Identity) -> Result<Vec<Waiting>, Refusal> {
        let law = self.law_now().await.map_err(|error| unavailable(&error))?;
        let person = known(&law, viewer)?;
        let mut waiting = Vec::new();
        for view in self.pending_views().await.map_err(|error| unavailable(&error))? {
            let items = 0..view.request.items.len();
            for item in
                items.filter(|item| card::waits_for(self.scene(&law, &view, *item), &person))
            {
                waiting.push((
                    view.expires_at(),
                    Reverse(view.request.opened_at),
                    view.clone(),
                    item,
                ));
            }
        }
        for view in self.unreviewed_views().await.map_err(|error| unavailable(&error))? {
            let owed = view.reviews.iter().filter(|review| {
                card::review::waits_for(self.scene(&law, &view, review.item), &person)
            });
            waiting.extend(owed.map(|review| {
                (review.due_at, Reverse(view.request.opened_at), view.clone(), review.item)
            }));
        }
        waiting.sort_by_key(|(expires_at, opened_at, ..)| (*expires_at, *opened_at));
        waiting.truncate(LIST);
        let mut list = Vec::new();
        for (expires_at, _, view, item) in waiting {
            let message = posted(&self.parts.store, &view.request.id, item, &viewer.provider).await;
            list.push(Waiting {
                card: card::card(self.scene(&law, &view, item)),
                expires_at,
                message: message.map_err(|error| unavailable(&error))?.map(MessageRef),
            });
        }
        Ok(list)
    }

    /// The card of a request, without buttons, for whoever was asked, may be asked or asked
    /// themselves. To everybody else it is as unknown as one that is not.
    pub(super) async fn card_for(&self, request: &str, viewer: &Identity) -> Result<Card, Refusal> {
        let unknown = || refusal::plain(RefusalKind::UnknownRequest);
        let law = self.law_now().await.map_err(|error| unavailable(&error))?;
        let person = known(&law, viewer)?;
        let id: RequestId = request.parse().map_err(|_| unknown())?;
        let mut connection =
            self.parts.store.read.acquire().await.map_err(|error| unavailable(&error))?;
        let view = load::read_one(&mut connection, &id).await;
        let view = view.map_err(|error| unavailable(&error))?.ok_or_else(unknown)?;
        let stands_in = card::waits_for(self.scene(&law, &view, 0), &person);
        if !stands_in && !concerns(&law, &view, &person) {
            return Err(unknown());
        }
        Ok(card::card(self.scene(&law, &view, 0)))
    }

    async fn unreviewed_views(&self) -> Result<Vec<View>, sqlx::Error> {
        let ids = self.parts.store.unreviewed(PENDING_MAX).await?;
        let mut connection = self.parts.store.read.acquire().await?;
        load::read_many(&mut connection, ids).await
    }

    async fn pending_views(&self) -> Result<Vec<View>, sqlx::Error> {
        let ids = self.parts.store.pending(PENDING_MAX).await?;
        let mut connection = self.parts.store.read.acquire().await?;
        load::read_many(&mut connection, ids).await
    }

    pub(crate) fn scene<'a>(&self, law: &'a Law, view: &'a View, item: usize) -> Scene<'a> {
        Scene { view, item, people: &law.people, now: self.parts.clock.now() }
    }
}

/// Whoever asked, and whoever is in a group that is asked or has to review it.
fn concerns(law: &Law, view: &View, person: &PersonId) -> bool {
    let groups = law.people.groups_of(person);
    let asks = view.plans.iter().flat_map(|plan| &plan.steps).flat_map(|step| &step.asks);
    let mut added = asks.clone().filter_map(|ask| ask.escalate.as_ref()).map(|up| &up.add);
    let is_member = |all: &Vec<_>| !all.is_empty() && all.iter().all(|one| groups.contains(one));
    law.people.who_may_be(&view.request.subject).contains(person)
        || view.votes.iter().any(|vote| vote.person == *person)
        || view.reviews.iter().any(|review| groups.contains(&review.by))
        || asks.map(|ask| &ask.from).any(is_member)
        || added.any(is_member)
}

fn known(law: &Law, identity: &Identity) -> Result<PersonId, Refusal> {
    let person = law.people.by_identity(identity);
    person.map(|person| person.id.clone()).ok_or_else(|| refusal::plain(RefusalKind::NotLinked))
}

fn unavailable(error: &sqlx::Error) -> Refusal {
    tracing::error!(%error, "what waits could not be looked up");
    refusal::plain(RefusalKind::Unavailable)
}
