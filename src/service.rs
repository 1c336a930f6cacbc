//! The service: what the doors (HTTP, chat adapters, command line) ask for, in one place. It looks
//! things up, hands a command to the ledger and words the answer.

mod away;
pub mod bind;
mod clicks;
mod consent;
pub mod credential;
pub(crate) mod delegation;
pub mod evaluate;
mod follow;
mod glance;
mod intake;
mod news;
mod people;
mod renew;
mod review;
pub mod scim;
mod sign_in;
mod waiting;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use arc_swap::ArcSwap;
use countersign_port::{auth_server::AuthServer, chat::Chat, delegation::Delegator};

use crate::{
    clock::{Clock, Seeds},
    config::client::TokenSubject,
    directory::Doubts,
    domain::{
        access::{Act, Command, slice::View},
        client::Client,
        id::{ClientId, RequestId},
        task::{TaskResponse, task},
    },
    law::Law,
    ledger::Ledger,
    refusal::Refusal,
    seal::KeyRing,
    signing::SigningKeys,
    store::Store,
};

use self::{glance::Glances, people::Turn};

/// Everything that a service is made of.
#[derive(Clone)]
pub struct Parts {
    pub store: Store,
    pub ledger: Ledger,
    pub clock: Clock,
    pub seeds: Seeds,
    pub signing: SigningKeys,
    pub law: Arc<ArcSwap<Law>>,
    /// Groups that a directory is to be asked about anew.
    pub doubts: Arc<Doubts>,
    /// The clicks that wait to be told of their card.
    pub glances: Arc<Glances>,
    /// Whose turn it is to load what was changed of people.
    pub people: Arc<Turn>,
    /// The public address, without a slash at its end.
    pub public_url: Arc<str>,
    /// The page on which people sign in to link their accounts, where there is one.
    pub sign_in: Option<Arc<str>>,
    pub chats: BTreeMap<&'static str, Arc<dyn Chat>>,
    pub auth_server: Arc<dyn AuthServer>,
    pub delegating: Delegating,
    pub registered: Registered,
}

/// Who may ask, and what credentials can be meant for, as the configuration says now.
#[derive(Debug, Clone, Default)]
pub struct Registered {
    pub clients: HashMap<ClientId, Arc<Client>>,
    /// The ids of the resource servers.
    pub servers: BTreeSet<String>,
}

/// What serves the servers that hand decisions over.
#[derive(Clone, Default)]
pub struct Delegating {
    /// What answers them, where there are some.
    pub delegator: Option<Arc<dyn Delegator>>,
    /// Who is registered for the OAuth clients of other servers.
    pub speakers: HashMap<TokenSubject, Arc<Client>>,
    /// What their bearers are sealed with.
    pub keys: Arc<KeyRing>,
}

/// The handle to everything. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) parts: Arc<Parts>,
}

impl Service {
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// The law in force at this moment.
    pub fn law(&self) -> Arc<Law> {
        self.parts.law.load_full()
    }

    /// Lets the outbox look for work now.
    pub fn wake_outbox(&self) {
        self.parts.ledger.written.notify_one();
    }

    /// A command with a fresh seed.
    pub(crate) fn command(&self, act: Act) -> Command {
        Command { seed: self.parts.seeds.seed(), act }
    }

    /// A request as its client sees it now.
    pub fn task(&self, view: &View) -> TaskResponse {
        task(view, &self.parts.public_url, self.parts.clock.now())
    }

    /// A request of a client. One that belongs to somebody else is as unknown as one that is not.
    pub async fn view(&self, client: &Client, id: &RequestId) -> Result<View, Refusal> {
        let mut connection = self.parts.store.read.acquire().await?;
        let view = crate::store::load::read_one(&mut connection, id).await?;
        view.filter(|view| view.request.integrator == client.id).ok_or(Refusal::UnknownTask)
    }
}

impl std::fmt::Debug for Delegating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Delegating")
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}
