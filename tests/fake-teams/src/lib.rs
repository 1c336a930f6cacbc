//! A Microsoft Teams that remembers, for tests: login, signing keys, Bot Connector and people who
//! click, over real HTTP on 127.0.0.1, with a clock from outside and a bad temper on demand. It says
//! of itself what nobody looked at: [`FakeTeams::leftovers`].
//!
//! README.md beside this crate shows a story and the control door of the program.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use tokio::{net::TcpListener, task::AbortHandle};

pub mod answer;
pub mod build;
pub mod card;
pub mod delivery;
pub mod fault;
pub mod message;
pub mod seed;
pub mod state;
pub mod token;
pub mod world;

mod act;
mod activity;
mod connector;
mod control;
mod login;
mod pace;
mod read;
mod reply;
mod roster;
mod serve;
mod talk;

use crate::{state::State, world::Bot};

/// Tells this Teams what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A running fake Teams; clones are the same one.
#[derive(Clone)]
pub struct FakeTeams {
    core: Arc<Core>,
}

pub(crate) struct Core {
    clock: Clock,
    ahead_s: AtomicI64,
    state: Mutex<State>,
    client: reqwest::Client,
    authority: String,
    server: OnceLock<AbortHandle>,
}

impl FakeTeams {
    /// Starts on a free port of 127.0.0.1 with nobody in it.
    pub async fn start(bot: Bot, clock: Clock) -> std::io::Result<Self> {
        Self::start_at(0, bot, clock).await
    }

    /// Starts on this port of 127.0.0.1.
    pub async fn start_at(port: u16, bot: Bot, clock: Clock) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let core = Arc::new(Core {
            clock,
            ahead_s: AtomicI64::new(0),
            state: Mutex::new(State::new(bot)),
            client: client().map_err(std::io::Error::other)?,
            authority: listener.local_addr()?.to_string(),
            server: OnceLock::new(),
        });
        let serving = serve::serve(listener, core.clone());
        #[expect(clippy::disallowed_methods, reason = "ends at `stop` or with the test's runtime")]
        let server = tokio::spawn(serving).abort_handle();
        core.server.get_or_init(|| server);
        Ok(Self { core })
    }

    /// Where activities say that the connector is.
    pub fn service_url(&self) -> String {
        self.core.service_url()
    }

    /// Says where the keys are.
    pub fn openid_metadata_url(&self) -> String {
        self.core.url("/v1/.well-known/openidconfiguration")
    }

    /// Gives the bot its token.
    pub fn token_url(&self) -> String {
        let tenant = self.core.state().bot.tenant.clone();
        self.core.url(&format!("/{tenant}/oauth2/v2.0/token"))
    }

    /// Puts Microsoft's clocks ahead of the one from outside, or further ahead.
    pub fn advance(&self, seconds: i64) {
        self.core.ahead_s.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Closes the door and every open connection.
    pub fn stop(&self) {
        self.core.server.get().into_iter().for_each(AbortHandle::abort);
    }
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)() + SignedDuration::from_secs(self.ahead_s.load(Ordering::Relaxed))
    }

    /// A story that panicked while it held the state has said enough; the others go on.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    pub(crate) fn service_url(&self) -> String {
        self.url(&format!("/{}/", self.state().region))
    }
}

#[expect(clippy::disallowed_methods, reason = "it plays Teams: the service's egress is not ours")]
fn client() -> reqwest::Result<reqwest::Client> {
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(none).build()
}

impl fmt::Debug for FakeTeams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeTeams").field("url", &self.core.url("")).finish_non_exhaustive()
    }
}
