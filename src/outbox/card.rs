//! Cards: levels, not events. The worker draws the present state, whatever it was when the row
//! was written.

mod fate;

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use countersign_port::{
    access::Identity,
    card::Card,
    chat::{Chat, MessageRef},
    error::{GiveUp, SendError},
};
use jiff::SignedDuration;

use self::fate::Fate;
use super::Outbox;
use crate::{
    domain::{
        access::{effects::Reader, slice::View},
        card::{self, story},
    },
    store::outbox::{Claimed, Lease, Parcel, Picture, Thread},
    store::{card::PostedCard, entries, load},
};

/// Between the tries of a card.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// What became of a card.
pub(super) enum Sent {
    Shown(Picture),
    Failed(SendError),
    /// Nobody can say what it should show.
    Unreadable(sqlx::Error),
}

impl Outbox {
    pub(super) async fn send_card(&self, row: &Claimed) -> Sent {
        let Parcel::Card { message, reader, withdrawn, .. } = &row.parcel else {
            return unknown_platform(row);
        };
        // It was taken back before anybody knew where it is, or after it had gone.
        if withdrawn.is_some() && message.is_none() {
            let cause = "there is nothing to take back".to_owned();
            return Sent::Failed(SendError::GiveUp { why: GiveUp::Message, cause });
        }
        let Some(chat) = self.service.parts.chats.get(row.target.as_str()).cloned() else {
            return unknown_platform(row);
        };
        let (view, card) = match self.draw(row).await {
            Ok(drawn) => drawn,
            Err(error) => return Sent::Unreadable(error),
        };
        let sent = match message {
            Some(message) => redraw(&chat, message, &card).await,
            None => post(&chat, row, *reader, &card).await,
        };
        match sent {
            Ok(message) => match self.tell(row, &*chat, &view, &message).await {
                Ok((told, thread)) => Sent::Shown(Picture {
                    version: card.version,
                    message: message.0,
                    told,
                    thread,
                    withdrawn: *withdrawn,
                }),
                Err(error) => Sent::Unreadable(error),
            },
            Err(error) => Sent::Failed(error),
        }
    }

    /// Brings the thread up to date. What was so before the card was posted stands on the card.
    ///
    /// INVARIANT: a line is written down before it is sent, and sent again only where it surely did
    /// not arrive. No chat product knows a message again that comes twice, or lets us look for it,
    /// so a process that dies in between leaves one line out rather than two of it in.
    async fn tell(
        &self,
        row: &Claimed,
        chat: &dyn Chat,
        view: &View,
        message: &MessageRef,
    ) -> Result<(i64, Thread), sqlx::Error> {
        let Parcel::Card { id, reader, item, message: before, told, withdrawn, .. } = &row.parcel
        else {
            return Err(sqlx::Error::RowNotFound);
        };
        if withdrawn.is_some() {
            return Ok((*told, Thread::Told));
        }
        let mut connection = self.service.parts.store.read.acquire().await?;
        let news = entries::story(&mut connection, &row.request, *told).await?;
        drop(connection);
        let law = self.service.law();
        let mut told = *told;
        for (leaf, payload) in news {
            let scene = self.service.scene(&law, view, *item);
            let told_to = before.as_ref().map(|_| *reader);
            let line = told_to.and_then(|reader| story::line(scene, reader, &leaf, &payload));
            if let Some(line) = line {
                let store = &self.service.parts.store;
                if store.telling(id, row.fence, leaf.seq).await? == Lease::Lost {
                    return Ok((told, Thread::Behind));
                }
                self.paces.spent(&row.lane, 1);
                if !noted(chat.note(message, &line).await) {
                    return Ok((told, Thread::Behind));
                }
            }
            told = leaf.seq;
        }
        Ok((told, Thread::Told))
    }

    pub(super) async fn settle_card(&self, row: &Claimed, sent: Sent) -> Result<(), sqlx::Error> {
        let Parcel::Card { id, message: posted, .. } = &row.parcel else {
            return Ok(());
        };
        let store = &self.service.parts.store;
        match sent {
            Sent::Shown(picture) => {
                let wait = match picture.thread {
                    Thread::Told => Duration::ZERO,
                    Thread::Behind => back_off(row.attempt),
                };
                let wait_us = i64::try_from(wait.as_micros()).unwrap_or(0);
                let lease = store.shown(id, row.fence, &picture, self.now_us() + wait_us).await?;
                // Somebody else has drawn it meanwhile, and this picture may be the older one.
                if lease == Lease::Lost { store.redraw(id).await } else { Ok(()) }
            }
            Sent::Unreadable(error) => {
                self.later(row, None, &format!("cannot read the request: {error}")).await
            }
            Sent::Failed(SendError::Retry { after, cause }) => self.later(row, after, &cause).await,
            Sent::Failed(SendError::Unknown { cause }) => {
                if posted.is_none() {
                    store.renew_secret(row, self.service.parts.seeds.seed().0).await?;
                }
                self.later(row, None, &cause).await
            }
            Sent::Failed(SendError::GiveUp { why, cause }) => self.end(row, why, &cause).await,
        }
    }

    /// Does what is to be done about a card that its channel did not take or keep.
    async fn end(&self, row: &Claimed, why: GiveUp, cause: &str) -> Result<(), sqlx::Error> {
        let store = &self.service.parts.store;
        match Fate::of(row, why) {
            Fate::Later => return self.later(row, None, cause).await,
            Fate::Anew => {
                store.post_anew(row, self.service.parts.seeds.seed().0).await?;
                return self.later(row, None, cause).await;
            }
            // It is due again when its lease runs out.
            Fate::Lost if !self.service.card_refused(row).await => return Ok(()),
            Fate::Untold => {
                tracing::warn!(request = %row.request, cause, "the requester could not be told");
            }
            Fate::Lost | Fate::Buried => {
                let (card, channel) = (row.id(), &row.lane);
                tracing::error!(card, channel, %why, cause, "a card was given up");
                metrics::counter!("countersign_cards_given_up_total").increment(1);
            }
        }
        store.bury(row, cause).await.map(|_| ())
    }

    /// The card as it should look now.
    async fn draw(&self, row: &Claimed) -> Result<(View, Card), sqlx::Error> {
        let Parcel::Card { id, reader, item, secret, message, withdrawn, .. } = &row.parcel else {
            return Err(sqlx::Error::RowNotFound);
        };
        let mut connection = self.service.parts.store.read.acquire().await?;
        let view = load::read_one(&mut connection, &row.request).await?;
        let view = view.ok_or(sqlx::Error::RowNotFound)?;
        if let Some(why) = withdrawn {
            let card = card::withdrawn(&view, *why);
            return Ok((view, card));
        }
        if *reader == Reader::Requester {
            let law = self.service.law();
            let scene = self.service.scene(&law, &view, *item);
            let mut card = card::for_requester(scene);
            card::buttons::add_ask_again(&mut card, scene, id, secret);
            return Ok((view, card));
        }
        let posted = PostedCard {
            id: id.clone(),
            reader: *reader,
            request: row.request.clone(),
            item: *item,
            platform: row.target.clone(),
            address: row.address.clone(),
            message: message.clone(),
            secret: *secret,
            withdrawn: None,
            steps: view.plans.get(*item).map_or(0, |plan| plan.steps.len()),
        };
        let card = self.service.draw(&self.service.law(), &view, &posted);
        Ok((view, card))
    }

    /// Tries a card again: when the other side said, or with growing distance.
    async fn later(
        &self,
        row: &Claimed,
        after: Option<Duration>,
        cause: &str,
    ) -> Result<(), sqlx::Error> {
        let wait = after.unwrap_or_default().max(back_off(row.attempt));
        let jitter = wait.mul_f64(self.service.parts.seeds.fraction() / 4.0);
        let wait = SignedDuration::try_from(wait + jitter).unwrap_or(SignedDuration::from_secs(60));
        let wait_us = i64::try_from(wait.as_micros()).unwrap_or(0);
        tracing::info!(
            card = row.id(),
            cause,
            wait_ms = wait.as_millis(),
            "a card will be tried again"
        );
        self.service.parts.store.postpone(row, self.now_us() + wait_us, cause).await.map(|_| ())
    }
}

/// Whether a line needs no other try. One that may have come is not sent twice: the card itself
/// says all that matters.
fn noted(sent: Result<(), SendError>) -> bool {
    match sent {
        Ok(()) => true,
        Err(SendError::Retry { cause, .. }) => {
            tracing::info!(cause, "a line of a thread will be tried again");
            false
        }
        Err(error @ (SendError::Unknown { .. } | SendError::GiveUp { .. })) => {
            tracing::warn!(%error, "a line of a thread was given up");
            true
        }
    }
}

async fn post(
    chat: &Arc<dyn Chat>,
    row: &Claimed,
    reader: Reader,
    card: &Card,
) -> Result<MessageRef, SendError> {
    match (reader, Identity::at(&row.target, &row.address)) {
        (Reader::Approvers, _) => chat.post(&row.address, card).await,
        (Reader::Requester, Some(account)) => chat.tell(&account, card).await,
        (Reader::Requester, None) => {
            let cause = format!("`{}` is no account", row.address);
            Err(SendError::GiveUp { why: GiveUp::Channel, cause })
        }
    }
}

async fn redraw(chat: &Arc<dyn Chat>, message: &str, card: &Card) -> Result<MessageRef, SendError> {
    let message = MessageRef(message.to_owned());
    chat.update(&message, card).await.map(|()| message)
}

fn back_off(attempt: i64) -> Duration {
    let tries = usize::try_from(attempt.saturating_sub(1)).unwrap_or(0);
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .without_max_times()
        .build();
    waits.nth(tries.min(16)).unwrap_or(LONGEST)
}

fn unknown_platform(row: &Claimed) -> Sent {
    let cause = format!("no adapter is set up for `{}`", row.target);
    Sent::Failed(SendError::GiveUp { why: GiveUp::Refused, cause })
}
