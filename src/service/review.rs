//! The word of a reviewer, said with a button.

use std::sync::Arc;

use countersign_port::{
    access::{Judgement, Press, Refusal, RefusalKind},
    card::Card,
    text::Untrusted,
};

use super::{Service, clicks::voter};
use crate::{
    domain::{
        access::{Act, Refused, review::SignOff, slice::View},
        card::{Scene, refusal, review},
        id::PersonId,
        people::Person,
    },
    law::Law,
    store::card::PostedCard,
};

impl Service {
    /// Hands the word of a reviewer on.
    pub(super) async fn reviewed(
        &self,
        (law, person): (&Arc<Law>, &Person),
        posted: &PostedCard,
        press: Press,
        (judgement, comment): (Judgement, Option<Untrusted>),
    ) -> Result<Card, Refusal> {
        let sign = SignOff {
            request: posted.request.clone(),
            item: posted.item,
            platform: posted.platform.clone(),
            address: posted.address.clone(),
            reviewer: voter(law, person, &press.by),
            judgement,
            comment,
            payload_sha256: press.payload_sha256,
            once: press.once,
        };
        match self.parts.ledger.submit(self.command(Act::Review(Box::new(sign)))).await {
            Ok(view) => Ok(self.draw(law, &view, posted)),
            Err(Refused::Vote(kind)) => {
                let view = self.posted_view(posted).await?;
                Err(self.not_reviewed(law, &view, posted, (kind, Some(&person.id))))
            }
            Err(_) => Err(refusal::plain(RefusalKind::Unavailable)),
        }
    }

    /// Says why the word of a reviewer is not taken.
    pub(super) fn not_reviewed(
        &self,
        law: &Law,
        view: &View,
        posted: &PostedCard,
        (why, person): (RefusalKind, Option<&PersonId>),
    ) -> Refusal {
        let now = self.parts.clock.now();
        let scene = Scene { view, item: posted.item, people: &law.people, now };
        review::refused(scene, why, person)
    }
}

/// Why nothing can be said any more of a review.
pub(super) fn closed(view: &View, posted: &PostedCard) -> Option<RefusalKind> {
    let mut reviews = view.reviews.iter();
    match reviews.find(|review| review.item == posted.item) {
        Some(review) if review.signed.is_none() => None,
        Some(_) => Some(RefusalKind::Over),
        None => Some(RefusalKind::UnknownButton),
    }
}
