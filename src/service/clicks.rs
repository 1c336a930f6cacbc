//! Clicks: the driving port that chat adapters call.

use async_trait::async_trait;
use countersign_port::{
    access::{Access, Ballot, Identity, Refusal, RefusalKind},
    card::Card,
    text::Untrusted,
};

use super::Service;
use crate::{
    domain::{
        access::{
            Act, Refused,
            slice::View,
            vote::{Membership, Vote, Voter},
        },
        button::{Meaning, press},
        card::{self, Scene, refusal},
        id::{CardId, PersonId},
    },
    law::Law,
    store::card::{PostedCard, find},
};

#[async_trait]
impl Access for Service {
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal> {
        let (posted, meaning) = self.pressed(&ballot.button).await?;
        let law = self.law();
        let person = known(&law, &ballot.voter)?;
        let voter = self.voter(&law, &person, &ballot.voter);
        let vote = Vote {
            request: posted.request.clone(),
            item: posted.item,
            step: meaning.step,
            platform: posted.platform.clone(),
            address: posted.address.clone(),
            voter,
            choice: ballot.choice,
            comment: ballot.comment,
            number: ballot.number,
            payload_sha256: ballot.payload_sha256,
        };
        let command = self.command(Act::Vote(Box::new(vote)));
        match self.parts.ledger.submit(command).await {
            Ok(view) => Ok(self.draw(&law, &view, &posted)),
            Err(refused) => Err(self.refused(&law, &posted, refused, &person).await),
        }
    }

    async fn show(&self, button: &str, viewer: &Identity) -> Result<Card, Refusal> {
        let (posted, _) = self.pressed(button).await?;
        let law = self.law();
        known(&law, viewer)?;
        let view = self.posted_view(&posted).await?;
        Ok(self.draw(&law, &view, &posted))
    }
}

impl Service {
    /// The card and the meaning behind a button, if it is one of ours and still live.
    async fn pressed(&self, button: &str) -> Result<(PostedCard, Meaning), Refusal> {
        let unknown = || refusal::plain(RefusalKind::UnknownButton);
        let pressed = press(button).ok_or_else(unknown)?;
        let posted = find(&self.parts.store, &pressed.card).await.map_err(|error| {
            tracing::error!(%error, "a card could not be looked up");
            refusal::plain(RefusalKind::Unavailable)
        })?;
        let posted = posted.ok_or_else(unknown)?;
        let meaning = pressed.verify(&posted.secret, posted.steps);
        let meaning = meaning.ok_or_else(|| refusal::plain(RefusalKind::Superseded))?;
        Ok((posted, meaning))
    }

    fn voter(&self, law: &Law, person: &PersonId, identity: &Identity) -> Voter {
        let name = law.people.get(person).map_or(person.as_str(), |person| &person.name);
        let groups = law.people.groups_of(person).to_vec();
        Voter {
            person: person.clone(),
            name: Untrusted::new(name),
            identity: identity.clone(),
            membership: Membership::Known { groups, seen_at: self.parts.clock.now() },
        }
    }

    async fn posted_view(&self, posted: &PostedCard) -> Result<View, Refusal> {
        let unavailable = || refusal::plain(RefusalKind::Unavailable);
        let mut connection = self.parts.store.read.acquire().await.map_err(|_| unavailable())?;
        let view = crate::store::load::read_one(&mut connection, &posted.request).await;
        view.map_err(|_| unavailable())?.ok_or_else(|| refusal::plain(RefusalKind::UnknownButton))
    }

    /// The card of a view, with the buttons of the message that it is drawn in.
    pub(crate) fn draw(&self, law: &Law, view: &View, posted: &PostedCard) -> Card {
        let now = self.parts.clock.now();
        let scene = Scene { view, item: posted.item, people: &law.people, now };
        let mut card = card::card(scene);
        card::buttons::add(&mut card, scene, &posted.id, &posted.secret);
        card
    }

    async fn refused(
        &self,
        law: &Law,
        posted: &PostedCard,
        refused: Refused,
        person: &PersonId,
    ) -> Refusal {
        let kind = match refused {
            Refused::Vote(kind) => kind,
            Refused::Unknown => RefusalKind::UnknownButton,
            Refused::Over(_) => RefusalKind::Over,
            Refused::KeyReused | Refused::TooManyPending { .. } | Refused::Unavailable => {
                return refusal::plain(RefusalKind::Unavailable);
            }
        };
        match self.posted_view(posted).await {
            Ok(view) => {
                let now = self.parts.clock.now();
                let scene = Scene { view: &view, item: posted.item, people: &law.people, now };
                refusal::refusal(scene, kind, person)
            }
            Err(refusal) => refusal,
        }
    }
}

fn known(law: &Law, identity: &Identity) -> Result<PersonId, Refusal> {
    let person = law.people.by_identity(identity);
    person.map(|person| person.id.clone()).ok_or_else(|| refusal::plain(RefusalKind::NotLinked))
}

impl PostedCard {
    /// The id whose tokens its buttons carry.
    pub fn card_id(&self) -> &CardId {
        &self.id
    }
}
