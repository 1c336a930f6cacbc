//! What happens on the platforms: channels and workspaces that are lost, groups that change.

use std::collections::BTreeSet;

use countersign_port::access::{Loss, News, Unheard};

use super::Service;
use crate::{
    directory::doubt_name,
    domain::{
        access::{Act, Refused, withdraw::Withdraw},
        id::RequestId,
    },
    store::{
        card::{open_cards, unposted_cards},
        outbox::Claimed,
    },
};

impl Service {
    /// Does what follows from the news.
    pub(super) async fn heard(&self, news: &News) -> Result<(), Unheard> {
        match news {
            News::Lost { platform, messages, channels, why } => {
                let lost = self.lost_cards(platform, messages, channels).await;
                let lost = lost.map_err(|error| {
                    tracing::error!(%error, "lost cards could not be looked up");
                    Unheard
                })?;
                self.lose(platform, lost, *why).await
            }
            News::GroupChanged { source, groups } => {
                self.doubt(source, groups).await.map_err(|error| {
                    tracing::error!(%error, "it could not be written down that a group changed");
                    Unheard
                })
            }
        }
    }

    /// Every card of an open request among these messages, and those on their way into these
    /// channels: they are there by now, and nobody has said yet where.
    async fn lost_cards(
        &self,
        platform: &str,
        messages: &str,
        channels: &[String],
    ) -> Result<BTreeSet<(RequestId, String)>, sqlx::Error> {
        let store = &self.parts.store;
        let mut lost: BTreeSet<_> =
            open_cards(store, platform, messages).await?.into_iter().collect();
        for channel in channels {
            lost.extend(unposted_cards(store, platform, channel).await?);
        }
        Ok(lost)
    }

    async fn lose(
        &self,
        platform: &str,
        lost: BTreeSet<(RequestId, String)>,
        why: Loss,
    ) -> Result<(), Unheard> {
        if lost.is_empty() {
            return Ok(());
        }
        let cards = lost.len();
        tracing::error!(platform, cards, why = why.as_str(), "cards are taken back from a channel");
        for (request, address) in lost {
            let platform = platform.to_owned();
            self.withdraw(Withdraw { request, platform, address, why }).await?;
        }
        Ok(())
    }

    /// A channel has not taken a card: it is asked elsewhere. `false` where that could not be
    /// written down.
    pub(crate) async fn card_refused(&self, row: &Claimed) -> bool {
        let lost = Withdraw {
            request: row.request.clone(),
            platform: row.target.clone(),
            address: row.address.clone(),
            why: Loss::Refused,
        };
        self.withdraw(lost).await.is_ok()
    }

    async fn withdraw(&self, lost: Withdraw) -> Result<(), Unheard> {
        match self.parts.ledger.submit(self.command(Act::Withdraw(lost))).await {
            Err(Refused::Unavailable) => Err(Unheard),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What a directory has said of these groups counts no longer, here and at every other replica,
    /// until it has said it again.
    async fn doubt(&self, source: &str, groups: &[String]) -> Result<(), sqlx::Error> {
        let law = self.law();
        let kept = law.kept_elsewhere().map(|(_, kept)| kept);
        let changed = kept.filter(|kept| kept.kind == source && groups.contains(&kept.value));
        let changed: BTreeSet<String> = changed.map(doubt_name).collect();
        for name in &changed {
            self.parts.store.raise_doubt(name).await?;
        }
        if changed.is_empty() { Ok(()) } else { self.hear_doubts().await }
    }
}
