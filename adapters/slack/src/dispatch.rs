//! The one way in for what Slack says, after the envelope: over HTTP and over Socket Mode alike.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use countersign_port::access::{Access, Unheard};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{core::Core, socket::Entry};

/// Slack wants its answer within three seconds.
pub(crate) const WHOLE: Duration = Duration::from_millis(2500);

/// What Slack is answered; nothing is an answer too.
pub(crate) type Ack = Option<Value>;

/// Takes what Slack says and hands it to the service.
#[derive(Clone)]
pub(crate) struct Dispatch {
    pub(crate) core: Arc<Core>,
    pub(crate) access: Arc<dyn Access>,
}

impl Dispatch {
    pub(crate) fn new(core: Arc<Core>, access: Arc<dyn Access>) -> Self {
        Self { core, access }
    }
}

#[async_trait]
impl Entry for Dispatch {
    async fn interactive(&self, payload: &[u8]) -> Ack {
        self.interactive(payload).await
    }

    async fn command(&self, form: &[u8]) -> Ack {
        self.command(form).await
    }

    /// Slack asks nothing back over a connection.
    async fn event(&self, body: &[u8]) -> Result<(), Unheard> {
        self.event(body).await.map(|_| ())
    }
}

/// Counts what is not ours to handle. The kinds are a closed list.
pub(crate) fn ignored(kind: &'static str) {
    metrics::counter!("countersign_slack_ignored_total", "kind" => kind).increment(1);
}

/// What the audit log keeps of a payload.
pub(crate) fn evidence(payload: &[u8]) -> String {
    hex::encode(Sha256::digest(payload))
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatch")
    }
}
