//! Clicks: the driving port that chat adapters call.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_port::{
    access::{
        Access, Ballot, Choice, DenyReason, Identity, Judgement, News, Place, Press, Refusal,
        RefusalKind, Unheard, Waiting, Word,
    },
    card::{Card, Verb},
    text::Untrusted,
};
use jiff::Timestamp;

use super::{Service, review};
use crate::{
    domain::{
        access::{
            Act, Refused,
            effects::Reader,
            slice::View,
            turn_away::TurnAway,
            vote::{Roster, Vote, Voter},
        },
        button::{self, Meaning},
        card::{
            self, Scene,
            refusal::{self, Silence},
        },
        decide::ItemState,
        id::{CardId, Group, PersonId},
        people::Person,
        policy::GroupSource,
    },
    law::Law,
    store::card::PostedCard,
};

/// A button that was pushed.
pub(super) struct Pressed {
    pub(super) posted: PostedCard,
    pub(super) meaning: Meaning,
    pub(super) law: Arc<Law>,
}

#[async_trait]
impl Access for Service {
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal> {
        let Ballot { press, choice, comment, number, seen_at } = ballot;
        let Pressed { posted, meaning, law } = self.pressed(&press).await?;
        if meaning.verb != choice.verb() {
            return Err(refusal::plain(RefusalKind::UnknownButton));
        }
        if posted.withdrawn.is_some() {
            return Err(self.turned_away(&posted, meaning, &press, RefusalKind::Withdrawn).await);
        }
        let Some(person) = law.people.by_identity(&press.by) else {
            return Err(self.nobodys(&law, &posted, meaning, &press).await);
        };
        if law.barred().contains(&person.id) {
            return Err(self.turned_away(&posted, meaning, &press, RefusalKind::NotAPerson).await);
        }
        if lacks_words(&choice, comment.as_ref()) {
            return Err(self.turned_away(&posted, meaning, &press, RefusalKind::Unexplained).await);
        }
        if let Choice::Review(judgement) = choice {
            let said = (judgement, comment);
            return self.reviewed((&law, person), &posted, press, said).await;
        }
        let vote = Vote {
            request: posted.request.clone(),
            item: posted.item,
            step: meaning.step,
            platform: posted.platform.clone(),
            address: posted.address.clone(),
            voter: voter(&law, person, &press.by),
            choice,
            comment,
            number,
            seen_at,
            payload_sha256: press.payload_sha256,
            once: press.once,
        };
        let command = self.command(Act::Vote(Box::new(vote)));
        match self.parts.ledger.submit(command).await {
            Ok(view) => Ok(self.draw(&law, &view, &posted)),
            Err(refused) => Err(self.refused(&law, &posted, refused, &person.id).await),
        }
    }

    async fn ask_again(&self, press: &Press) -> Result<Card, Refusal> {
        self.asked_again(press).await
    }

    async fn show(&self, press: &Press) -> Result<Card, Refusal> {
        let Pressed { posted, meaning, law } = self.pressed(press).await?;
        if posted.withdrawn.is_some() {
            return Err(self.turned_away(&posted, meaning, press, RefusalKind::Withdrawn).await);
        }
        if law.people.by_identity(&press.by).is_none() {
            return Err(self.nobodys(&law, &posted, meaning, press).await);
        }
        let view = self.posted_view(&posted).await?;
        match self.closed(&view, &posted, meaning) {
            Some(why) => Err(self.turned_away(&posted, meaning, press, why).await),
            None => Ok(self.draw(&law, &view, &posted)),
        }
    }

    async fn look_up(&self, request: &str, viewer: &Identity) -> Result<Card, Refusal> {
        self.card_for(request, viewer).await
    }

    async fn waiting(&self, viewer: &Identity) -> Result<Vec<Waiting>, Refusal> {
        self.waiting_for(viewer).await
    }

    async fn say(&self, word: &Word, by: &Identity) -> Result<String, Refusal> {
        self.said(word, by).await
    }

    async fn hear(&self, news: &News) -> Result<(), Unheard> {
        self.heard(news).await
    }

    async fn turn_away(&self, press: &Press, why: RefusalKind) -> Refusal {
        match self.pressed(press).await {
            Ok(Pressed { posted, meaning, .. }) => {
                self.turned_away(&posted, meaning, press, why).await
            }
            Err(refusal) => refusal,
        }
    }
}

impl Service {
    /// The card and the meaning behind a button, if it is one of ours, still live, and pressed
    /// where it was posted; and the law by which the press is judged.
    pub(super) async fn pressed(&self, press: &Press) -> Result<Pressed, Refusal> {
        let unknown = || refusal::plain(RefusalKind::UnknownButton);
        let pressed = button::press(&press.button).ok_or_else(unknown)?;
        let (posted, law) = self.glance(&pressed.card).await.map_err(|error| {
            tracing::error!(%error, "it could not be looked up who clicked on what");
            refusal::plain(RefusalKind::Unavailable)
        })?;
        let posted = posted.ok_or_else(unknown)?;
        // A card that was posted anew has another secret: the older one's buttons are dead.
        let meaning = pressed.verify(&posted.secret, posted.steps);
        let meaning = meaning.ok_or_else(|| refusal::plain(RefusalKind::Superseded))?;
        if is_at_home(&posted, press) {
            return Ok(Pressed { posted, meaning, law });
        }
        // It is genuine and stands where nobody put it: somebody has copied it there.
        Err(self.turned_away(&posted, meaning, press, RefusalKind::UnknownButton).await)
    }

    async fn glance(
        &self,
        card: &CardId,
    ) -> Result<(Option<PostedCard>, Arc<Law>), Arc<sqlx::Error>> {
        let (posted, marks) = self.parts.glances.look(&self.parts.store, card).await?;
        Ok((posted, self.law_as_of(&marks).await?))
    }

    /// Why nothing can be done any more with a button that asks for a decision.
    fn closed(&self, view: &View, posted: &PostedCard, meaning: Meaning) -> Option<RefusalKind> {
        if matches!(meaning.verb, Verb::Justified | Verb::NotJustified) {
            return review::closed(view, posted);
        }
        let states = view.states(self.parts.clock.now());
        match (meaning.verb, &view.outcome, states.get(posted.item)) {
            (Verb::Details | Verb::AskAgain, ..) => None,
            (_, None, Some(ItemState::Pending(standing))) if standing.step == meaning.step => None,
            (_, None, Some(ItemState::Pending(_))) => Some(RefusalKind::StepNotOpen),
            (_, _, _) => Some(RefusalKind::Over),
        }
    }

    /// Writes the press down and words the refusal.
    pub(super) async fn turned_away(
        &self,
        posted: &PostedCard,
        meaning: Meaning,
        press: &Press,
        why: RefusalKind,
    ) -> Refusal {
        let law = self.law();
        let person = law.people.by_identity(&press.by).map(|person| person.id.clone());
        let act = Act::TurnAway(TurnAway {
            request: posted.request.clone(),
            item: posted.item,
            step: meaning.step,
            by: press.by.clone(),
            person: person.clone(),
            why,
            payload_sha256: press.payload_sha256.clone(),
            once: press.once.clone(),
        });
        match self.parts.ledger.submit(self.command(act)).await {
            Ok(view) => {
                if matches!(meaning.verb, Verb::Justified | Verb::NotJustified) {
                    return self.not_reviewed(&law, &view, posted, (why, person.as_ref()));
                }
                let now = self.parts.clock.now();
                let scene = Scene { view: &view, item: posted.item, people: &law.people, now };
                refusal::refusal(scene, why, person.as_ref())
            }
            Err(_) => refusal::plain(RefusalKind::Unavailable),
        }
    }

    /// Turns away whoever pressed with an account of nobody, and says how it becomes somebody's.
    pub(super) async fn nobodys(
        &self,
        law: &Law,
        posted: &PostedCard,
        meaning: Meaning,
        press: &Press,
    ) -> Refusal {
        match self.turned_away(posted, meaning, press, RefusalKind::NotLinked).await {
            Refusal { kind: RefusalKind::NotLinked, .. } => self.unlinked(law, press).await,
            other => other,
        }
    }

    pub(super) async fn posted_view(&self, posted: &PostedCard) -> Result<View, Refusal> {
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
        let place = (posted.platform.as_str(), posted.address.as_str());
        card::review::add(&mut card, scene, place, (&posted.id, &posted.secret));
        card
    }

    async fn refused(
        &self,
        law: &Law,
        posted: &PostedCard,
        refused: Refused,
        person: &PersonId,
    ) -> Refusal {
        let mut left = None;
        let kind = match refused {
            Refused::Vote(kind) => kind,
            Refused::WrongNumber { left: tries } => {
                left = Some(tries);
                RefusalKind::WrongNumber
            }
            Refused::Unknown => RefusalKind::UnknownButton,
            Refused::Over(_) => RefusalKind::Over,
            Refused::KeyReused
            | Refused::Spent(_)
            | Refused::TooManyPending { .. }
            | Refused::NotJoinable
            | Refused::HeldBack(_)
            | Refused::Claim(_)
            | Refused::NotActive
            | Refused::Unavailable => {
                return refusal::plain(RefusalKind::Unavailable);
            }
        };
        match self.posted_view(posted).await {
            Ok(view) => {
                let now = self.parts.clock.now();
                let scene = Scene { view: &view, item: posted.item, people: &law.people, now };
                if kind == RefusalKind::MembershipUnknown {
                    return refusal::silent(&silences(law, &view, posted.item, now));
                }
                match left {
                    Some(left) => refusal::tries_left(scene, left),
                    None => refusal::refusal(scene, kind, Some(person)),
                }
            }
            Err(refusal) => refusal,
        }
    }
}

/// The directories that would have to speak for this item.
fn silences(law: &Law, view: &View, item: usize, now: Timestamp) -> Vec<Silence> {
    let plan = view.plans.get(item);
    let silent = plan.into_iter().flat_map(|plan| law.silences(plan, now));
    let silence = |(group, source): (&Group, &GroupSource)| Silence {
        group: group.to_string(),
        place: format!("{} {}", source.kind, source.value),
        since: law.answered_at(group),
    };
    silent.map(silence).collect()
}

/// “Other” says nothing by itself, nor does “not justified”.
fn lacks_words(choice: &Choice, comment: Option<&Untrusted>) -> bool {
    let wants_words = matches!(
        choice,
        Choice::Deny { reason: DenyReason::Other } | Choice::Review(Judgement::NotJustified)
    );
    wants_words && comment.is_none_or(|words| words.as_received().trim().is_empty())
}

/// Whether a button was pressed on its own platform, in its own channel and message. A click may
/// overtake the answer that says which message it is.
fn is_at_home(posted: &PostedCard, press: &Press) -> bool {
    if posted.reader == Reader::Requester {
        return is_their_own(posted, press);
    }
    let Some(place) = &press.place else { return posted.platform == press.by.provider };
    let is_its_message = |message: &String| {
        std::iter::once(&place.message).chain(&place.former).any(|here| here.0 == *message)
    };
    posted.platform == press.by.provider
        && place.addresses.contains(&posted.address)
        && posted.message.as_ref().is_none_or(is_its_message)
}

/// The requester's own card hangs at their account, whatever the platform calls that place.
fn is_their_own(posted: &PostedCard, press: &Press) -> bool {
    let is_message =
        |place: &Place| posted.message.as_ref().is_none_or(|it| place.message.0 == *it);
    posted.platform == press.by.provider
        && posted.address == press.by.address()
        && press.place.as_ref().is_none_or(is_message)
}

pub(super) fn voter(law: &Arc<Law>, person: &Person, identity: &Identity) -> Voter {
    Voter {
        person: person.id.clone(),
        name: Untrusted::new(&person.name),
        identity: identity.clone(),
        level: law.people.level_of(identity),
        roster: Arc::clone(law) as Arc<dyn Roster>,
    }
}
