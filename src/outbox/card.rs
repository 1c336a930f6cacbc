//! Cards: levels, not events. The worker draws the present state, whatever it was when the row
//! was written.

mod fate;
mod thread;

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use countersign_port::{
    access::Identity,
    card::Card,
    chat::{Chat, MessageRef},
    error::{GiveUp, SendError},
};

use self::fate::Fate;
use super::{
    Outbox,
    lane::{TRY, Term},
};
use crate::{
    domain::{
        access::{effects::Reader, slice::View},
        card,
    },
    store::{
        card::PostedCard,
        load,
        outbox::{Claimed, Lease, Parcel, Picture, Thread},
    },
};

/// Between the tries of a card.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// What became of a card.
pub(super) enum Sent {
    /// `after` is what the other side asked for, where the thread has to wait.
    Shown {
        picture: Picture,
        after: Option<Duration>,
    },
    Failed(SendError),
    /// Nobody can say what it should show.
    Unreadable(sqlx::Error),
}

impl Outbox {
    pub(super) async fn send_card(&self, row: &Claimed, term: Term) -> Sent {
        let Parcel::Card { message, withdrawn, .. } = &row.parcel else {
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
        let row = match self.with_its_own_buttons(row).await {
            Ok(Some(row)) => row,
            Ok(None) => {
                let cause = "another worker has it".to_owned();
                return Sent::Failed(SendError::Retry { after: None, cause });
            }
            Err(error) => return Sent::Unreadable(error),
        };
        let (view, card) = match self.draw(&row).await {
            Ok(drawn) => drawn,
            Err(error) => return Sent::Unreadable(error),
        };
        let message = match in_time(TRY, show(&chat, &row, &card)).await {
            Ok(message) => message,
            Err(error) => return Sent::Failed(error),
        };
        let thread = self.tell(&row, &*chat, &view, &message, term).await;
        Sent::Shown {
            picture: Picture {
                version: card.version,
                message: message.0,
                told: thread.up_to,
                thread: thread.state,
                withdrawn: *withdrawn,
            },
            after: thread.after,
        }
    }

    /// A card that is posted for another time has new buttons: whoever tried before may have posted
    /// it, and may not have lived to write that down. None where the lease is lost.
    async fn with_its_own_buttons(&self, row: &Claimed) -> Result<Option<Claimed>, sqlx::Error> {
        let mut row = row.clone();
        if let Parcel::Card { message: None, secret, .. } = &mut row.parcel
            && row.attempt > 1
        {
            *secret = self.service.parts.seeds.seed().0;
            let fresh = *secret;
            if self.service.parts.store.renew_secret(&row, fresh).await? == Lease::Lost {
                return Ok(None);
            }
        }
        Ok(Some(row))
    }

    pub(super) async fn settle_card(&self, row: &Claimed, sent: Sent) -> Result<(), sqlx::Error> {
        let Parcel::Card { id, message: posted, .. } = &row.parcel else {
            return Ok(());
        };
        let store = &self.service.parts.store;
        match sent {
            Sent::Shown { picture, after } => {
                let wait = match picture.thread {
                    Thread::Told => Duration::ZERO,
                    Thread::Behind => self.wait(row, after),
                };
                let due_us = self.now_us() + micros(wait);
                let lease = store.shown(id, row.fence, &picture, due_us).await?;
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
        let wait = self.wait(row, after);
        tracing::info!(
            card = row.id(),
            cause,
            wait_ms = wait.as_millis(),
            "a card will be tried again"
        );
        let due_us = self.now_us() + micros(wait);
        self.service.parts.store.postpone(row, due_us, cause).await.map(|_| ())
    }

    /// How long a card waits for its next try.
    fn wait(&self, row: &Claimed, after: Option<Duration>) -> Duration {
        let wait = after.unwrap_or_default().max(back_off(row.attempt));
        wait.saturating_add(wait.mul_f64(self.service.parts.seeds.fraction() / 4.0))
    }
}

/// Whatever a chat product makes of it, a try ends before its lease does.
pub(super) async fn in_time<T>(
    limit: Duration,
    sending: impl Future<Output = Result<T, SendError>>,
) -> Result<T, SendError> {
    let late = |_| Err(SendError::Unknown { cause: "no answer in time".to_owned() });
    tokio::time::timeout(limit, sending).await.unwrap_or_else(late)
}

async fn show(chat: &Arc<dyn Chat>, row: &Claimed, card: &Card) -> Result<MessageRef, SendError> {
    let Parcel::Card { message, reader, .. } = &row.parcel else {
        let cause = "not a card".to_owned();
        return Err(SendError::GiveUp { why: GiveUp::Refused, cause });
    };
    match message {
        Some(message) => redraw(chat, message, card).await,
        None => post(chat, row, *reader, card).await,
    }
}

fn micros(wait: Duration) -> i64 {
    i64::try_from(wait.as_micros()).unwrap_or(i64::MAX / 2)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chat_product_that_never_answers_may_have_done_it() {
        let never = std::future::pending::<Result<(), SendError>>();
        let sent = in_time(Duration::ZERO, never).await;
        assert!(matches!(sent, Err(SendError::Unknown { .. })), "{sent:?}");
    }

    #[test]
    fn a_wait_of_any_length_is_an_instant() {
        assert_eq!(micros(Duration::from_secs(1)), 1_000_000);
        assert!(micros(Duration::MAX).checked_add(i64::MAX / 2).is_some());
    }
}
