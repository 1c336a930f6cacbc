//! What follows from what happens in a workspace. All of it may be told twice, and is durable when
//! it returns; where it could not be, Slack is to tell it again.

use std::sync::Arc;

use countersign_port::access::{Access, Loss, News, Unheard};

use crate::{
    address::Spot, core::Core, failure::Failure, rooms::Reach, token::NoToken, usergroups::SOURCE,
    who::PLATFORM,
};

/// Something that has happened in the workspace or organisation of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub installation: String,
    pub what: What,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// The members of a user group may be others now. In an organisation, the group is of a team.
    GroupChanged { group: String, team: Option<String> },
    /// A channel is shared with another company, or with another workspace of the same one.
    ChannelShared { channel: String },
    /// A channel goes by another id.
    ChannelMoved { from: String, to: String },
}

impl Core {
    pub(crate) async fn hear(
        &self,
        access: &Arc<dyn Access>,
        notice: Notice,
    ) -> Result<(), Unheard> {
        let Notice { installation, what } = notice;
        match what {
            What::GroupChanged { group, team } => {
                let team = team.unwrap_or(installation);
                let groups = vec![format!("{team}/{group}"), group];
                access.hear(&News::GroupChanged { source: SOURCE, groups }).await
            }
            What::ChannelShared { channel } => self.shared(access, &installation, &channel).await,
            What::ChannelMoved { from, to } => self.moved(&installation, &from, &to).await,
        }
    }

    /// People of another company may read what is posted there from now on. Where Slack cannot say
    /// whether they do, they do.
    async fn shared(
        &self,
        access: &Arc<dyn Access>,
        installation: &str,
        channel: &str,
    ) -> Result<(), Unheard> {
        let place = (installation, channel);
        let former = self.moves.former(installation, channel, self.now.get()).await;
        let mut ids = vec![channel.to_owned()];
        ids.extend(former);
        let allowed = |id: &String| {
            self.rooms.may_share(id) || self.rooms.may_share(&format!("{installation}/{id}"))
        };
        if ids.iter().any(allowed) {
            return Ok(());
        }
        self.rooms.forget(place).await.map_err(|lost| {
            tracing::error!(%lost, "it could not be written down that a channel is shared");
            Unheard
        })?;
        let whole = format!("{installation}/{channel}");
        let reach = self.rooms.reach(&self.web, &whole, place, self.now.get()).await;
        if matches!(reach, Ok(Reach::Inside)) {
            return Ok(());
        }
        tracing::error!(installation, channel, "a channel is shared with another company now");
        metrics::counter!("countersign_slack_channels_shared_total").increment(1);
        for id in ids {
            let messages = Spot::beginning(installation, Some(&id));
            let channels = vec![format!("{installation}/{id}"), id];
            let why = Loss::Shared;
            access.hear(&News::Lost { platform: PLATFORM, messages, channels, why }).await?;
        }
        Ok(())
    }

    async fn moved(&self, installation: &str, from: &str, to: &str) -> Result<(), Unheard> {
        tracing::error!(
            installation,
            from,
            to,
            "a channel goes by another id: write it into the policy"
        );
        self.moves.keep(installation, from, to).await.map_err(|lost| {
            tracing::error!(%lost, "the new id of a channel could not be kept");
            Unheard
        })
    }

    /// The app was removed, says Slack. It tells so for minutes, and meanwhile it may have been
    /// installed anew.
    pub(crate) async fn removed(
        &self,
        access: &Arc<dyn Access>,
        installation: &str,
    ) -> Result<(), Failure> {
        self.tokens.uninstalled(installation).await;
        match self.web.test(installation).await {
            Err(failure) if failure.is_removal() => {}
            result => return result,
        }
        self.leave(access, installation).await;
        Ok(())
    }

    /// Takes back the cards of every installation that is dead. Repeated, because a process may have
    /// died between the death of one and this.
    pub(crate) async fn leave_the_dead(&self, access: &Arc<dyn Access>) {
        let Ok(all) = self.tokens.roll_call().await else { return };
        for (installation, token) in all {
            if matches!(token, Err(NoToken::Removed(_))) {
                self.leave(access, &installation).await;
            }
        }
    }

    async fn leave(&self, access: &Arc<dyn Access>, installation: &str) {
        let messages = Spot::beginning(installation, None);
        // What is yet to be posted there finds no token.
        let (channels, why) = (Vec::new(), Loss::Removed);
        let lost = News::Lost { platform: PLATFORM, messages, channels, why };
        if access.hear(&lost).await.is_err() {
            tracing::error!(installation, "cards of a dead installation are not taken back yet");
        }
    }
}
