//! The adapter itself: posts, redraws and tells, and hands what Teams says to the service.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use countersign_egress::Egress;
use countersign_port::{
    access::{Access, Identity},
    card::{Card, Line},
    chat::{Chat, MessageRef},
    clock::Now,
    error::{GiveUp, SendError},
    finding::Finding,
    memory::Memory,
};
use tokio_util::sync::CancellationToken;

use crate::{
    adaptive,
    address::Spot,
    connector::Member,
    core::Core,
    dispatch::{self, Dispatch},
    failure::{Failure, Twice},
    private,
    settings::{Auth, PLATFORM, Settings},
};

/// The chat product.
#[derive(Debug)]
pub struct Teams {
    core: Arc<Core>,
}

/// What the adapter is made of.
pub struct Parts {
    pub settings: Settings,
    pub egress: Egress,
    pub memory: Arc<dyn Memory>,
    pub now: Now,
}

impl Teams {
    /// Puts the parts together; calls nobody.
    pub fn new(parts: Parts) -> Self {
        let Parts { settings, egress, memory, now } = parts;
        if settings.auth == Auth::InsecureLocal {
            tracing::warn!("Teams: nobody's calls are checked (`auth: insecure-local`)");
        }
        Self { core: Arc::new(Core::new(settings, &egress, memory, &now)) }
    }

    /// A team in which Teams knows the person, with its service address: there is no other way
    /// from an object id to an id that a chat can be opened with.
    async fn find(&self, person: &Identity) -> Result<(String, Member), Failure> {
        let mut failure = Failure::NotInstalled(format!("no team has `{}`", person.subject));
        for (team, service_url) in self.core.registry.teams().await? {
            match self.core.connector.member(&service_url, &team, &person.subject).await {
                Ok(member) => return Ok((service_url, member)),
                Err(Failure::Refused { status: 403 | 404, .. }) => {}
                Err(other) => failure = other,
            }
        }
        Err(failure)
    }
}

#[async_trait]
impl Chat for Teams {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    fn routes(&self, access: Arc<dyn Access>) -> axum::Router {
        dispatch::routes(Dispatch { core: Arc::clone(&self.core), access })
    }

    async fn post(&self, channel: &str, card: &Card) -> Result<MessageRef, SendError> {
        let core = &self.core;
        let service_url = core.registry.route(channel).await;
        let service_url = service_url.map_err(|failure| failure.send_error(Twice::Same))?;
        let bot = core.bot(&service_url);
        let posted = core
            .drawn(card, async |activity| core.connector.post(bot, channel, activity).await)
            .await;
        posted.map(|spot| spot.reference()).map_err(|failure| failure.send_error(Twice::Double))
    }

    async fn update(&self, message: &MessageRef, card: &Card) -> Result<(), SendError> {
        let core = &self.core;
        let spot = spot(message)?;
        let drawn = async {
            let service_url = core.registry.route(spot.channel()).await?;
            let update =
                async |activity| core.connector.update(&service_url, &spot, activity).await;
            core.drawn(card, update).await
        };
        drawn.await.map_err(Failure::redraw_error)
    }

    async fn note(&self, message: &MessageRef, line: &Line) -> Result<(), SendError> {
        let core = &self.core;
        let spot = spot(message)?;
        let service_url = core.registry.route(spot.channel()).await;
        let service_url = service_url.map_err(|failure| failure.send_error(Twice::Same))?;
        let reply = adaptive::note(line);
        let sent = core.connector.send(&service_url, &spot.conversation, &reply).await;
        sent.map_err(|failure| failure.send_error(Twice::Double))
    }

    async fn tell(&self, person: &Identity, card: &Card) -> Result<MessageRef, SendError> {
        let core = &self.core;
        let found = self.find(person).await;
        let (service_url, member) = found.map_err(|failure| failure.send_error(Twice::Same))?;
        let chat = core.connector.direct(core.bot(&service_url), &member.id).await;
        let chat = chat.map_err(|failure| failure.send_error(Twice::Same))?;
        let told = core
            .drawn(card, async |activity| {
                core.connector.write(&service_url, &chat, &activity).await
            })
            .await
            .map_err(|failure| failure.send_error(Twice::Double))?;
        let (tenant, conversation) = (person.tenant.clone(), chat);
        Ok(Spot { tenant, conversation, activity: told }.reference())
    }

    async fn examine(&self, channels: &[String]) -> Vec<Finding> {
        self.core.examine(channels).await
    }

    async fn examine_accounts(&self, accounts: &[Identity]) -> Vec<Finding> {
        self.core.examine_accounts(accounts).await
    }

    async fn work(&self, access: Arc<dyn Access>, stop: CancellationToken) {
        private::run(&self.core, &access, &stop).await;
    }
}

fn spot(message: &MessageRef) -> Result<Spot, SendError> {
    Spot::read(message).ok_or_else(|| SendError::GiveUp {
        why: GiveUp::Channel,
        cause: format!("this is no message of Teams': `{}`", message.0),
    })
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}
