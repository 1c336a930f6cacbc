//! Socket Mode: what Slack would post to us comes over a connection that we open. Keeps one open,
//! and two while Slack replaces it. An envelope is acknowledged when its handler has returned; what
//! is not acknowledged comes again, and the handlers are those of HTTP, which do not mind.

use std::{
    iter::{Chain, Once, once},
    pin::pin,
    time::Duration,
};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use countersign_egress::Egress;
use countersign_port::access::Unheard;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::connection::{Connection, End};
use crate::{oauth::OAuthError, settings::Settings};

mod connection;
mod envelope;
mod handshake;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod tests;

/// What comes in, already unwrapped. The same code answers the routes of HTTP.
#[async_trait]
pub trait Entry: Send + Sync {
    /// The JSON that HTTP carries in the form field `payload`. Gives the body of the answer, where
    /// it has one.
    async fn interactive(&self, payload: &[u8]) -> Option<Value>;

    /// A slash command, as the form that HTTP carries.
    async fn command(&self, form: &[u8]) -> Option<Value>;

    /// An event, as the JSON body that HTTP carries. One that was not heard is to come again.
    async fn event(&self, body: &[u8]) -> Result<(), Unheard>;
}

/// Opens connections with the app-level token and serves what comes over them.
#[derive(Debug)]
pub struct SocketMode {
    egress: Egress,
    api_url: Url,
    app_token: SecretString,
    app_id: Option<String>,
    pace: Pace,
}

/// How long things take.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Between tries to connect.
    shortest: Duration,
    longest: Duration,
    /// A connection that lived so long was a good one.
    steady: Duration,
    /// Between our pings.
    ping: Duration,
    /// Without a sign of life for so long, the connection is given up.
    silence: Duration,
    /// How long a connection that is left may still bring something.
    drain: Duration,
}

/// At once at first, then ever later.
type Pauses = Chain<Once<Duration>, ExponentialBackoff>;

impl Default for Pace {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(1),
            longest: Duration::from_mins(1),
            steady: Duration::from_secs(30),
            ping: Duration::from_secs(15),
            silence: Duration::from_secs(45),
            drain: Duration::from_secs(10),
        }
    }
}

impl SocketMode {
    /// Absent where the configuration has no app-level token.
    pub fn new(egress: Egress, settings: &Settings) -> Option<Self> {
        Some(Self {
            egress,
            api_url: settings.api_url.clone(),
            app_token: settings.app_token.clone()?,
            app_id: settings.app_id.clone(),
            pace: Pace::default(),
        })
    }

    /// Whether Slack would open a connection. Opens none.
    pub async fn test(&self) -> Result<(), OAuthError> {
        handshake::address(self).await.map(|_| ())
    }

    /// Serves until it is told to stop, and lets what is being handled come to its end.
    pub async fn run(&self, entry: &dyn Entry, stop: &CancellationToken) {
        let mut leaving = FuturesUnordered::new();
        let mut pauses = self.pauses();
        loop {
            let opened = beside(self.open(entry, &mut pauses, stop), &mut leaving).await;
            let Some(mut connection) = opened else { break };
            let opened_at = Instant::now();
            let end = beside(connection.serve(stop), &mut leaving).await;
            if opened_at.elapsed() >= self.pace.steady {
                pauses = self.pauses();
            }
            match &end {
                End::Stop => {}
                End::Leave(reason) => tracing::info!(reason, "Slack replaces the connection"),
                End::Gone(cause) => tracing::warn!(cause, "the connection to Slack ended"),
            }
            leaving.push(connection.drain(end, stop));
        }
        while leaving.next().await.is_some() {}
    }

    /// A connection on which Slack has said hello. None if it is told to stop first.
    async fn open<'a>(
        &'a self,
        entry: &'a dyn Entry,
        pauses: &mut Pauses,
        stop: &CancellationToken,
    ) -> Option<Connection<'a>> {
        loop {
            let pause = pauses.next().unwrap_or(self.pace.longest);
            stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
            match stop.run_until_cancelled(Connection::open(self, entry)).await? {
                Ok(connection) => return Some(connection),
                Err(cause) => tracing::error!(cause, "cannot connect to Slack, trying again"),
            }
        }
    }

    fn pauses(&self) -> Pauses {
        let Pace { shortest, longest, .. } = self.pace;
        let later = ExponentialBuilder::default()
            .with_min_delay(shortest)
            .with_max_delay(longest)
            .with_jitter()
            .without_max_times();
        once(Duration::ZERO).chain(later.build())
    }
}

/// Drives the connections that are being left while something else is done.
async fn beside<T>(
    work: impl Future<Output = T>,
    leaving: &mut FuturesUnordered<BoxFuture<'_, ()>>,
) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            Some(()) = leaving.next() => {}
        }
    }
}
