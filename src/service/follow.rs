//! Follow and withdraw: what a client does with a request that it has.

use std::time::Duration;

use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};

use super::Service;
use crate::{
    domain::{
        access::{Act, Refused, cancel::Cancel, slice::View, told::TakeUp},
        approval::ApprovalStatus,
        client::Client,
        id::RequestId,
        right::Right,
    },
    refusal::Refusal,
};

/// How often a waiting client looks for itself: another replica may have made the change.
const LOOK: Duration = Duration::from_secs(1);

impl Service {
    /// Waits until a request has another version than `seen` (or than it has now), or has ended;
    /// at most for `wait`.
    pub async fn follow(
        &self,
        client: &Client,
        id: &RequestId,
        seen: Option<i64>,
        wait: Duration,
    ) -> Result<View, Refusal> {
        let deadline = Instant::now() + wait;
        let mut news = self.parts.ledger.changes();
        let mut view = self.view(client, id).await?;
        let seen = seen.unwrap_or(view.version);
        while view.version == seen && view.outcome.is_none() && Instant::now() < deadline {
            let look = (Instant::now() + LOOK).min(deadline);
            // Whether it changed or the time is up: look again.
            let _ = tokio::time::timeout_at(look, change_of(id, &mut news)).await;
            view = self.view(client, id).await?;
        }
        self.taken_up(client, view).await
    }

    /// Who fetches the result takes the approval up.
    async fn taken_up(&self, client: &Client, view: View) -> Result<View, Refusal> {
        // Who may not have the result has not fetched it.
        let fresh = client.may.has(Right::Result)
            && view.approval.as_ref().is_some_and(|approval| {
                approval.status == ApprovalStatus::Live && approval.taken_up_at.is_none()
            });
        if !fresh {
            return Ok(view);
        }
        let take_up = TakeUp { request: view.request.id.clone(), client: client.id.clone() };
        let command = self.command(Act::TakeUp(take_up));
        Ok(self.parts.ledger.submit(command).await?)
    }

    /// Withdraws a pending request of a client.
    pub async fn cancel(
        &self,
        client: &Client,
        id: &RequestId,
        reason: Option<String>,
    ) -> Result<View, Refusal> {
        let cancel = Cancel { request: id.clone(), client: client.id.clone(), reason };
        let reply = self.parts.ledger.submit(self.command(Act::Cancel(cancel))).await;
        match reply {
            Err(Refused::Unknown) => Err(Refusal::UnknownTask),
            other => Ok(other?),
        }
    }
}

/// Resolves when this process has changed the request, or may have.
async fn change_of(id: &RequestId, news: &mut Receiver<RequestId>) {
    loop {
        match news.recv().await {
            Ok(other) if other != *id => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending::<()>().await,
        }
    }
}
