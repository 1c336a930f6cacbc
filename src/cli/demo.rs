//! `countersign demo`: the whole product in a browser, with invented people and a sample OAuth
//! server. Nothing is kept: the database lies in a folder that goes away with the process.

mod files;
mod headless;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use axum::Router;
use clap::Args;
use countersign_egress::Egress;
use countersign_port::webhook_signature::key::Secret;
use countersign_sandbox::{
    clock::Clock as StageClock,
    demo as company,
    door::Key,
    oauth_server::{OauthServer, Settings},
    page,
    stage::Stage,
    workspace::Sandbox,
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use self::files::Files;
use super::{End, Failure, output};
use crate::{
    clock::{Clock, Seeds},
    config::Config,
    law::{Known, Law, Sources},
    logging,
    means::Means,
    outbox::pace::Pace,
    server::{Server, Setup},
    service::Service,
    signals,
    timers::Timers,
};

/// How to run the demo.
#[derive(Debug, Args)]
pub struct Demo {
    /// Play the guided tour without a browser, say what happened, and exit 1 if anything is not
    /// as expected.
    #[arg(long)]
    headless: bool,
    /// The port on this machine. Another free one is taken where it is in use.
    #[arg(long, default_value_t = 8717)]
    port: u16,
}

/// How long the clock waits for cards that are on their way.
const ON_THEIR_WAY: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// The clock of the demo: its buttons move time for everybody at once.
struct DemoClock {
    clock: Clock,
    service: Service,
    timers: Timers,
}

#[async_trait]
impl StageClock for DemoClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn advance(&self, by: SignedDuration) {
        // A card that has arrived and is not yet noted as shown would count as one that no channel
        // took, as soon as its request has expired.
        let _arrived_or_not = timeout(ON_THEIR_WAY, self.cards_arrive()).await;
        self.clock.advance(by);
        if let Err(error) = self.timers.sweep().await {
            tracing::error!(%error, "the timers could not do their round");
        }
        self.service.wake_outbox();
    }
}

impl DemoClock {
    async fn cards_arrive(&self) {
        while !matches!(self.service.parts.store.cards_under_way().await, Ok(0)) {
            sleep(LOOK).await;
        }
    }
}

/// Runs until ctrl-c, or until the tour has been played.
pub async fn run(demo: Demo) -> Result<End, Failure> {
    if !demo.headless {
        logging::start_quietly();
    }
    let callbacks = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = free_address(demo.port).await?;
    let files = Files::write(&Seeds::system(), address, callbacks.local_addr()?)?;
    let mut config = Config::load(&files.config)?;
    let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
    let known = Known { platforms: vec![company::PLATFORM], ..Known::default() };
    let law = Law::parse(&sources, &known).map_err(|faulty| output::law_faults(&faulty))?;
    let key = Key::new(&files.page_key)?;
    let url = format!("http://{address}{}", key.path());
    let sandbox = Sandbox::new(company::CHANNELS, key);
    let clock = Clock::system();
    let means = Means::open(&mut config, clock.clone(), Seeds::system()).await?;
    let setup = Setup {
        config,
        means,
        law,
        chats: vec![Arc::new(sandbox.clone())],
        directories: Vec::new(),
        // Nobody reads along: the tour need not wait for the pace of a chat product.
        pace: if demo.headless { Pace::Unlimited } else { Pace::Chat },
    };
    let egress = Egress::new(Files::egress()?)?;
    let webhook_secret = files.webhook_secret.parse()?;
    let mut stage = None;
    // A tour that nobody watches ends where it is interrupted.
    let stop = (!demo.headless).then(signals::stop).transpose()?;
    let server = Server::start(setup, |service| {
        let built = files.stage(sandbox, egress, service, clock, webhook_secret);
        let routes = page::routes(built.clone());
        stage = Some(built);
        routes
    })
    .await?;
    let stage = stage.ok_or("the stage was not built")?;
    let receiver = receive(callbacks, stage.server.routes());
    let end = match stop {
        None => headless::play(&stage, server.app()).await,
        Some(stop) => {
            invite(&url);
            stop.await;
            Ok(End::Yes)
        }
    };
    receiver.abort();
    server.stop().await;
    end
}

fn invite(url: &str) {
    output::data(&format!(
        "\n  Countersign demo: nothing here is real.\n  Open {url}\n  Ctrl-C to stop\n"
    ));
}

#[expect(clippy::disallowed_methods, reason = "aborted when the demo ends")]
fn receive(listener: TcpListener, routes: Router) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the sample OAuth server has stopped");
        }
    })
}

/// The wanted port, or another where it is in use.
async fn free_address(port: u16) -> Result<SocketAddr, Failure> {
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
    };
    Ok(listener.local_addr()?)
}

impl Files {
    fn stage(
        &self,
        sandbox: Sandbox,
        egress: Egress,
        service: &Service,
        clock: Clock,
        webhook_secret: Secret,
    ) -> Stage {
        let timers = Timers::new(service.clone(), CancellationToken::new());
        let clock: Arc<dyn StageClock> =
            Arc::new(DemoClock { clock, service: service.clone(), timers });
        let server = OauthServer::new(Settings {
            service: self.service_url.clone(),
            api_key: self.api_key.clone(),
            resource_key: self.resource_key.clone(),
            webhook_secret,
            callback_endpoint: self.callback_endpoint.clone(),
            egress,
            clock: clock.clone(),
            pulse: sandbox.pulse().clone(),
        });
        Stage { sandbox, server, clock }
    }
}
