//! A listening service: an [`App`] with its doors open.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::Router;
use countersign_port::{access::Access, chat::Chat, directory::Directory};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    adapters,
    app::{App, Deps},
    cli::Failure,
    config::{
        Config,
        client::{Integrator, ResourceServer, TokenSubject},
    },
    domain::client::Client,
    http::{self, AppState, caller::registry::Registry},
    law::Law,
    means::Means,
    outbox::pace::Pace,
    service::{Delegating, Registered, Service},
};

/// What a server is made of.
pub struct Setup {
    pub config: Config,
    pub means: Means,
    pub law: Law,
    pub chats: Vec<Arc<dyn Chat>>,
    pub directories: Vec<Arc<dyn Directory>>,
    pub pace: Pace,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    app: App,
    address: SocketAddr,
    door: JoinHandle<()>,
}

/// Puts a service and its routes together; nothing listens yet, and the workers wait. `more` adds
/// routes of one's own.
pub fn assemble(setup: Setup, more: impl FnOnce(&Service) -> Router) -> (App, Router) {
    let Setup { config, means, law, chats, directories, pace } = setup;
    let signing = means.signing();
    let mut clients = config.clients;
    let auth_server = adapters::auth_server(&mut clients, &means);
    let consent = config.hydra.as_ref().map(|hydra| adapters::hydra::door(hydra, &means));
    let sign_in = config.sign_in.as_ref();
    let link = sign_in.map(|settings| adapters::sign_in::door(settings, &means));
    let Means { store, egress, keys, clock, seeds } = means;
    let delegator = adapters::keycloak::delegator(&config.keycloak, &egress, &clock);
    let app = App::new(Deps {
        store,
        delegating: Delegating { delegator: delegator.clone(), speakers: speakers(&clients), keys },
        registered: registered(&clients, &config.resource_servers),
        auth_server,
        clock,
        seeds,
        signing,
        law,
        public_url: config.public_url,
        sign_in: sign_in.map(adapters::sign_in::address),
        chats: chats.clone(),
        directories,
        pace,
    });
    let registry = Registry::new(
        clients,
        config.auditors,
        config.resource_servers,
        config.providers,
        config.issuers,
        &egress,
    );
    let metrics = http::meter::recorder();
    let state = AppState::new(app.service.clone(), registry, metrics, app.stopping());
    let access: Arc<dyn Access> = Arc::new(app.service.clone());
    let ingress = chats
        .iter()
        .fold(more(&app.service), |routes, chat| routes.merge(chat.routes(access.clone())));
    let ingress = match delegator {
        Some(delegator) => ingress.merge(delegator.routes(Arc::new(app.service.clone()))),
        None => ingress,
    };
    let ingress = match consent {
        Some(door) => ingress.merge(door(Arc::new(app.service.clone()))),
        None => ingress,
    };
    let ingress = match link {
        Some(door) => ingress.merge(door(Arc::new(app.service.clone()))),
        None => ingress,
    };
    (app, http::router(&state, ingress))
}

/// Who is registered for the OAuth clients of other servers.
fn speakers(clients: &[Integrator]) -> HashMap<TokenSubject, Arc<Client>> {
    let all = clients.iter().flat_map(|client| {
        let shared = Arc::new(client.client.clone());
        client.tokens.iter().map(move |token| (token.clone(), Arc::clone(&shared)))
    });
    all.collect()
}

/// Who may ask, and for whom credentials are.
fn registered(clients: &[Integrator], servers: &[ResourceServer]) -> Registered {
    let client = |one: &Integrator| (one.client.id.clone(), Arc::new(one.client.clone()));
    Registered {
        clients: clients.iter().map(client).collect(),
        servers: servers.iter().map(|server| server.id.clone()).collect(),
    }
}

impl Server {
    /// Starts the workers, and then opens the port.
    pub async fn start(
        setup: Setup,
        more: impl FnOnce(&Service) -> Router,
    ) -> Result<Self, Failure> {
        let listen = setup.config.listen;
        let (app, router) = assemble(setup, more);
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| format!("cannot listen on `{listen}`: {error}"))?;
        let address = listener.local_addr()?;
        // Before anybody acts on it.
        app.timers.keep_time().await?;
        app.work();
        #[expect(clippy::disallowed_methods, reason = "joined in `stop`")]
        let door = tokio::spawn(http::serve::serve(listener, router, app.stopping()));
        Ok(Self { app, address, door })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Not ready, no new work, running work to its end, database closed.
    pub async fn stop(self) {
        self.app.stopping().cancel();
        if let Err(error) = self.door.await {
            tracing::error!(%error, "the door did not close by itself");
        }
        self.app.stop().await;
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Setup")
    }
}
