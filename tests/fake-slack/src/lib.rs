//! A Slack that remembers, for tests: real HTTP on 127.0.0.1, a clock from outside, people who
//! click, and a bad temper on demand. It says of itself what nobody looked at: [`FakeSlack::leftovers`].
//!
//! It behaves like Slack as Slack's own SDKs for Node and Python see it; tests/peers/slack-fake asks
//! them.
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
pub mod delivery;
pub mod fault;
pub mod form;
pub mod message;
pub mod seed;
pub mod state;
pub mod world;

mod act;
mod api;
mod blocks;
mod consent;
mod control;
mod follow;
mod install;
mod pace;
mod payload;
mod read;
mod respond;
mod response_url;
mod serve;
mod socket;
mod trigger;

use crate::{state::State, world::App};

/// Tells this Slack what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A running fake Slack; clones are the same one.
#[derive(Clone)]
pub struct FakeSlack {
    core: Arc<Core>,
}

pub(crate) struct Core {
    clock: Clock,
    state: Mutex<State>,
    client: reqwest::Client,
    authority: String,
    /// How far this Slack's clock is ahead of the one from outside.
    ahead_ms: AtomicI64,
    server: OnceLock<AbortHandle>,
}

impl FakeSlack {
    /// Starts on a free port of 127.0.0.1 with nobody in it.
    pub async fn start(app: App, clock: Clock) -> std::io::Result<Self> {
        Self::start_at(0, app, clock).await
    }

    /// Starts on this port of 127.0.0.1.
    pub async fn start_at(port: u16, app: App, clock: Clock) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let core = Arc::new(Core {
            clock,
            state: Mutex::new(State::new(app)),
            client: client().map_err(std::io::Error::other)?,
            authority: listener.local_addr()?.to_string(),
            ahead_ms: AtomicI64::new(0),
            server: OnceLock::new(),
        });
        let serving = serve::serve(listener, core.clone());
        #[expect(clippy::disallowed_methods, reason = "ends at `stop` or with the test's runtime")]
        let server = tokio::spawn(serving).abort_handle();
        core.server.get_or_init(|| server);
        Ok(Self { core })
    }

    /// `http://127.0.0.1:PORT`, below which consent screens and response URLs lie as well.
    pub fn url(&self) -> String {
        self.core.url("")
    }

    /// The base of the Web API, without a slash at its end.
    pub fn api_url(&self) -> String {
        self.core.url("/api")
    }

    /// Closes the door and every open connection.
    pub fn stop(&self) {
        self.core.server.get().into_iter().for_each(AbortHandle::abort);
    }

    /// Puts this Slack's clock ahead of the one from outside, or further ahead.
    pub fn advance(&self, seconds: i64) {
        self.core.ahead_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)() + SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// A story that panicked while it held the state has said enough; the others go on.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    pub(crate) fn socket_url(&self, ticket: &str) -> String {
        format!("ws://{}/link/?ticket={ticket}", self.authority)
    }
}

#[expect(clippy::disallowed_methods, reason = "it plays Slack: the service's egress is not ours")]
fn client() -> reqwest::Result<reqwest::Client> {
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(none).build()
}

impl fmt::Debug for FakeSlack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeSlack").field("url", &self.url()).finish_non_exhaustive()
    }
}
