//! One running process: its parts, its workers, and the order in which they stop.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use countersign_port::{access::Access, auth_server::AuthServer, chat::Chat, directory::Directory};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::{Clock, Seeds},
    directory::Directories,
    keep_up::{PAUSE, keep_up},
    law::Law,
    ledger::Ledger,
    outbox::{Outbox, pace::Pace},
    service::{Delegating, Parts, Registered, Service},
    signing::SigningKeys,
    store::Store,
    timers::Timers,
};

/// Running work gets so long to come to its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a process is made of.
pub struct Deps {
    pub store: Store,
    pub clock: Clock,
    pub seeds: Seeds,
    pub signing: SigningKeys,
    pub law: Law,
    /// The public address, without a slash at its end.
    pub public_url: String,
    /// The page on which people sign in to link their accounts, where there is one.
    pub sign_in: Option<String>,
    pub chats: Vec<Arc<dyn Chat>>,
    pub directories: Vec<Arc<dyn Directory>>,
    pub auth_server: Arc<dyn AuthServer>,
    pub delegating: Delegating,
    pub registered: Registered,
    pub pace: Pace,
}

/// A process, put together.
#[derive(Debug)]
pub struct App {
    pub service: Service,
    pub outbox: Outbox,
    pub timers: Timers,
    pub directories: Directories,
    store: Store,
    /// No new work from outside.
    stop: CancellationToken,
    workers: TaskTracker,
    /// The ledger outlives the workers: they write down what they have done.
    close: CancellationToken,
    lanes: TaskTracker,
}

impl App {
    /// Puts a process together. Only the ledger runs; the workers wait for [`App::work`].
    pub fn new(deps: Deps) -> Self {
        let (stop, close) = (CancellationToken::new(), CancellationToken::new());
        let (workers, lanes) = (TaskTracker::new(), TaskTracker::new());
        let ledger = Ledger::start(&deps.store, &deps.clock, &deps.public_url, &lanes, &close);
        let chats: BTreeMap<&'static str, Arc<dyn Chat>> =
            deps.chats.into_iter().map(|chat| (chat.platform(), chat)).collect();
        let store = deps.store.clone();
        let service = Service::new(Parts {
            store: deps.store,
            ledger,
            clock: deps.clock,
            seeds: deps.seeds,
            signing: deps.signing,
            law: Arc::new(ArcSwap::from_pointee(deps.law)),
            doubts: Arc::default(),
            glances: Arc::default(),
            people: Arc::default(),
            public_url: deps.public_url.into(),
            sign_in: deps.sign_in.map(Into::into),
            chats,
            auth_server: deps.auth_server,
            delegating: deps.delegating,
            registered: deps.registered,
        });
        let outbox = Outbox::new(service.clone(), deps.pace, stop.clone());
        let timers = Timers::new(service.clone(), stop.clone());
        let directories = Directories::new(service.clone(), deps.directories, stop.clone());
        Self { service, outbox, timers, directories, store, stop, workers, close, lanes }
    }

    /// Starts the outbox, the timers and what the chat products need done.
    pub fn work(&self) {
        for (platform, chat) in &self.service.parts.chats {
            let chat = Arc::clone(chat);
            let access: Arc<dyn Access> = Arc::new(self.service.clone());
            let stop = self.stop.clone();
            self.keep_up(platform, move || {
                let (chat, access, stop) = (Arc::clone(&chat), Arc::clone(&access), stop.clone());
                async move { chat.work(access, stop).await }
            });
        }
        let outbox = self.outbox.clone();
        self.keep_up("outbox", move || outbox.clone().run());
        let timers = self.timers.clone();
        self.keep_up("timers", move || timers.clone().run());
        let directories = self.directories.clone();
        self.keep_up("directories", move || directories.clone().run());
    }

    fn keep_up<F: Future<Output = ()> + Send + 'static>(
        &self,
        what: &'static str,
        begin: impl Fn() -> F + Send + Sync + 'static,
    ) {
        self.workers.spawn(keep_up(what, PAUSE, self.stop.clone(), begin));
    }

    /// Has something more done until the process stops.
    pub fn also(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.workers.spawn(work);
    }

    /// The database.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Told when the process is to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Stops in order: no new work, running work comes to its end, leases go back, the database
    /// is closed.
    pub async fn stop(self) {
        self.stop.cancel();
        ended(&self.workers).await;
        self.close.cancel();
        ended(&self.lanes).await;
        if tokio::time::timeout(PATIENCE, self.store.close()).await.is_err() {
            tracing::warn!("the database was not given back in time");
        }
    }
}

async fn ended(tasks: &TaskTracker) {
    tasks.close();
    if tokio::time::timeout(PATIENCE, tasks.wait()).await.is_err() {
        tracing::warn!("some work did not come to its end in time; its leases will run out");
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deps")
    }
}
