//! The adapter itself: posts, redraws and tells, and hands what Slack says to the service.

use std::{fmt, sync::Arc, time::Duration};

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
    address::{self, Spot},
    blocks,
    core::Core,
    dispatch::Dispatch,
    doctor::Doctor,
    failure::{Failure, Twice},
    install::{self, Installer},
    moves::Moves,
    private::{self, Errands},
    rooms::{Reach, Rooms},
    routes,
    settings::Settings,
    socket::SocketMode,
    token::Tokens,
    web::Web,
    who::{Accounts, PLATFORM},
};

/// How often tokens are looked at, whether they are to be renewed.
const RENEWAL: Duration = Duration::from_mins(1);

/// The chat product.
#[derive(Debug)]
pub struct Slack {
    core: Arc<Core>,
    installer: Option<Arc<Installer>>,
    socket: Option<SocketMode>,
    doctor: Doctor,
}

/// What the adapter is made of.
pub struct Parts {
    pub settings: Settings,
    pub egress: Egress,
    pub memory: Arc<dyn Memory>,
    pub now: Now,
    /// The installations.
    pub tokens: Arc<Tokens>,
    /// Takes operators through an installation, where there may be further ones.
    pub installer: Option<Arc<Installer>>,
}

impl Slack {
    /// Puts the parts together; calls nobody.
    pub fn new(parts: Parts) -> Self {
        let Parts { settings, egress, memory, now, tokens, installer } = parts;
        let socket = SocketMode::new(egress.clone(), &settings);
        let web = Arc::new(Web::new(egress.clone(), settings.api_url.clone(), Arc::clone(&tokens)));
        let core = Core {
            rooms: Rooms::sharing(settings.shared_channels.iter().cloned(), Arc::clone(&memory)),
            moves: Moves::new(Arc::clone(&memory)),
            settings,
            tokens,
            web,
            memory,
            now,
            accounts: Accounts::default(),
            errands: Errands::default(),
        };
        let core = Arc::new(core);
        let doctor = Doctor { core: Arc::clone(&core), egress };
        Self { core, installer, socket, doctor }
    }

    /// The Web API, for directories and checks.
    pub fn web(&self) -> Arc<Web> {
        Arc::clone(&self.core.web)
    }

    /// Renews tokens in time. What Slack answers is kept before the stop is heard.
    async fn renew(&self, access: &Arc<dyn Access>, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.core.tokens.refresh_due().await;
            self.core.leave_the_dead(access).await;
            let _ = stop.run_until_cancelled(tokio::time::sleep(RENEWAL)).await;
        }
    }

    async fn listen(&self, access: Arc<dyn Access>, stop: &CancellationToken) {
        if let Some(socket) = &self.socket {
            let dispatch = Dispatch::new(Arc::clone(&self.core), access);
            socket.run(&dispatch, stop).await;
        }
    }

    async fn place(&self, address: &str) -> Result<(String, String), SendError> {
        let (installation, channel) = address::channel(address);
        let installation = match installation {
            Some(installation) => Some(installation.to_owned()),
            None => self.core.tokens.only().await,
        };
        match installation {
            Some(installation) => {
                let now = self.core.now.get();
                let channel = self.core.moves.present(&installation, channel, now).await;
                Ok((installation, channel))
            }
            None => Err(nowhere(format!(
                "write the channel as `T…/{channel}`: the app is not installed in exactly one place"
            ))),
        }
    }

    /// Where a message is now.
    async fn spot(&self, message: &MessageRef) -> Result<Spot, SendError> {
        let unreadable = || nowhere(format!("this is no message of Slack's: `{}`", message.0));
        let spot = Spot::read(message).ok_or_else(unreadable)?;
        let (core, now) = (&self.core, self.core.now.get());
        let channel = core.moves.present(&spot.installation, &spot.channel, now).await;
        Ok(Spot { channel, ..spot })
    }

    /// Nothing has been posted when this fails.
    async fn admit(&self, address: &str, place: (&str, &str)) -> Result<(), SendError> {
        let core = &self.core;
        match core.rooms.reach(&core.web, address, place, core.now.get()).await {
            Ok(Reach::Inside) => Ok(()),
            Ok(Reach::Outside) => Err(nowhere(format!(
                "the channel `{address}` is shared with another company, whose people would read \
                 what is asked for"
            ))),
            Err(failure) => Err(failure.send_error(Twice::Same)),
        }
    }

    /// Slack refuses a whole message for one block. Then a plain one goes out, and we are told.
    async fn post_to(
        &self,
        installation: &str,
        channel: &str,
        card: &Card,
    ) -> Result<Spot, Failure> {
        match self.core.web.post(installation, channel, blocks::message(card)).await {
            Err(failure) if failure.is_our_fault() => {
                alert(card, &failure);
                self.core.web.post(installation, channel, blocks::plain_message(card)).await
            }
            result => result,
        }
    }
}

#[async_trait]
impl Chat for Slack {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    fn routes(&self, access: Arc<dyn Access>) -> axum::Router {
        let routes = routes::routes(Dispatch::new(Arc::clone(&self.core), access));
        match &self.installer {
            Some(installer) => routes.merge(install::routes(Arc::clone(installer))),
            None => routes,
        }
    }

    async fn post(&self, channel: &str, card: &Card) -> Result<MessageRef, SendError> {
        let address = channel;
        let (installation, channel) = self.place(address).await?;
        self.admit(address, (&installation, &channel)).await?;
        let posted = self.post_to(&installation, &channel, card).await;
        posted.map(|spot| spot.reference()).map_err(|failure| failure.send_error(Twice::Double))
    }

    async fn update(&self, message: &MessageRef, card: &Card) -> Result<(), SendError> {
        let spot = self.spot(message).await?;
        let drawn = match self.core.web.update(&spot, blocks::message(card)).await {
            Err(failure) if failure.is_our_fault() => {
                alert(card, &failure);
                self.core.web.update(&spot, blocks::plain_message(card)).await
            }
            result => result,
        };
        drawn.map_err(Failure::redraw_error)
    }

    async fn note(&self, message: &MessageRef, line: &Line) -> Result<(), SendError> {
        let spot = self.spot(message).await?;
        let answer = self.core.web.reply(&spot, blocks::note(line)).await;
        answer.map_err(|failure| failure.send_error(Twice::Double))
    }

    async fn tell(&self, person: &Identity, card: &Card) -> Result<MessageRef, SendError> {
        let unknown = || nowhere(format!("the app is not installed in `{}`", person.tenant));
        let installation = self.core.tokens.covers(None, Some(&person.tenant)).await;
        let installation = match installation {
            Some(installation) => installation,
            None => self.core.tokens.only().await.ok_or_else(unknown)?,
        };
        let direct = self.core.web.direct(&installation, &person.subject).await;
        let direct = direct.map_err(|failure| failure.send_error(Twice::Same))?;
        let posted = self.post_to(&installation, &direct, card).await;
        posted.map(|spot| spot.reference()).map_err(|failure| failure.send_error(Twice::Double))
    }

    async fn work(&self, access: Arc<dyn Access>, stop: CancellationToken) {
        let listen = self.listen(Arc::clone(&access), &stop);
        let answer = private::run(&self.core, &access, &stop);
        tokio::join!(listen, answer, self.renew(&access, &stop));
    }

    async fn examine(&self, channels: &[String]) -> Vec<Finding> {
        self.doctor.examine(channels, self.socket.as_ref()).await
    }

    async fn examine_accounts(&self, accounts: &[Identity]) -> Vec<Finding> {
        self.doctor.accounts(accounts).await
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn nowhere(cause: String) -> SendError {
    SendError::GiveUp { why: GiveUp::Channel, cause }
}

fn alert(card: &Card, failure: &Failure) {
    tracing::error!(request = card.request, %failure, "Slack takes none of our blocks");
    metrics::counter!("countersign_slack_blocks_refused_total").increment(1);
}

#[cfg(test)]
mod tests;
