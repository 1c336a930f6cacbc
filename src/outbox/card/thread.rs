//! The thread below a card: brought up to date, one line after the other.

use std::time::Duration;

use countersign_port::{
    card::Line,
    chat::{Chat, MessageRef},
    error::SendError,
};

use super::in_time;
use crate::{
    domain::{access::slice::View, card::story},
    outbox::{
        Outbox,
        lane::{TRY, Term},
    },
    store::{
        entries,
        outbox::{Claimed, Lease, Parcel, Thread},
    },
};

/// How far a thread has come.
pub(super) struct Told {
    /// The last entry of the log that it tells.
    pub(super) up_to: i64,
    pub(super) state: Thread,
    /// How long it has to wait, where the other side said so.
    pub(super) after: Option<Duration>,
}

/// What became of a line.
enum Noted {
    /// It needs no other try.
    Done,
    NotYet {
        after: Option<Duration>,
    },
}

impl Told {
    fn behind(&mut self, after: Option<Duration>) {
        self.state = Thread::Behind;
        self.after = after;
    }
}

impl Outbox {
    /// Brings the thread up to date. The card is there, whatever comes of this: an error leaves
    /// the thread behind and does not have the card posted again.
    pub(super) async fn tell(
        &self,
        row: &Claimed,
        chat: &dyn Chat,
        view: &View,
        message: &MessageRef,
        term: Term,
    ) -> Told {
        let Parcel::Card { told, withdrawn, .. } = &row.parcel else {
            return Told { up_to: 0, state: Thread::Told, after: None };
        };
        let mut told = Told { up_to: *told, state: Thread::Told, after: None };
        if withdrawn.is_some() {
            return told;
        }
        if let Err(error) = self.go_on(&mut told, row, (chat, message), view, term).await {
            tracing::error!(%error, card = row.id(), "a thread could not be brought up to date");
            told.behind(None);
        }
        told
    }

    /// What was so before the card was posted stands on the card.
    ///
    /// INVARIANT: a line is written down before it is sent, and sent again only where it surely did
    /// not arrive. No chat product knows a message again that comes twice, or lets us look for it,
    /// so a process that dies in between leaves one line out rather than two of it in.
    async fn go_on(
        &self,
        told: &mut Told,
        row: &Claimed,
        (chat, message): (&dyn Chat, &MessageRef),
        view: &View,
        term: Term,
    ) -> Result<(), sqlx::Error> {
        let Parcel::Card { id, reader, item, message: before, .. } = &row.parcel else {
            return Ok(());
        };
        let store = &self.service.parts.store;
        let mut connection = store.read.acquire().await?;
        let news = entries::story(&mut connection, &row.request, told.up_to).await?;
        drop(connection);
        let law = self.service.law();
        for (leaf, payload) in news {
            let scene = self.service.scene(&law, view, *item);
            let told_to = before.as_ref().map(|_| *reader);
            let line = told_to.and_then(|reader| story::line(scene, reader, &leaf, &payload));
            if let Some(line) = line {
                if term.is_late() || store.telling(id, row.fence, leaf.seq).await? == Lease::Lost {
                    told.behind(None);
                    return Ok(());
                }
                self.paces.spent(&row.lane, 1);
                if let Noted::NotYet { after } = note(chat, message, &line).await {
                    told.behind(after);
                    return Ok(());
                }
            }
            told.up_to = leaf.seq;
        }
        Ok(())
    }
}

/// A line that may have come is not sent twice: the card itself says all that matters.
async fn note(chat: &dyn Chat, message: &MessageRef, line: &Line) -> Noted {
    match in_time(TRY, chat.note(message, line)).await {
        Ok(()) => Noted::Done,
        Err(SendError::Retry { after, cause }) => {
            tracing::info!(cause, "a line of a thread will be tried again");
            Noted::NotYet { after }
        }
        Err(error @ (SendError::Unknown { .. } | SendError::GiveUp { .. })) => {
            tracing::warn!(%error, "a line of a thread was given up");
            Noted::Done
        }
    }
}
