//! What is done after Slack has been answered: private answers to clicks, home tabs, and giving up
//! an installation. Kept in memory alone, because the addresses that answers go to are secrets;
//! what is not done within five minutes is dropped.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use countersign_port::access::Access;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    commands, core::Core, failure::Failure, kit, limit, payload::Claim, waiting, web::Message,
};

/// More than this waits only where Slack does not answer at all.
const QUEUE: usize = 1024;
/// So many are under way at once.
const AT_ONCE: usize = 16;
/// An answer that comes later answers nothing.
const USEFUL: SignedDuration = SignedDuration::from_mins(5);
/// What is left at the stop gets so long.
const DRAIN: Duration = Duration::from_secs(2);

/// Something to be done.
pub(crate) enum Errand {
    /// Tell somebody what became of their click.
    Say(Reply, String),
    /// Take the buttons from a message that is dead, and say so below it.
    Strip { response_url: String, remains: Vec<Value> },
    /// Draw somebody's home tab.
    Home(Claim),
    /// Give up an installation from which the app was removed.
    Bury(String),
}

/// The ways to one person, best first.
#[derive(Clone)]
pub(crate) struct Reply {
    pub claim: Claim,
    pub response_url: Option<String>,
    pub channel: Option<String>,
}

/// The queue.
pub(crate) struct Errands {
    sender: mpsc::Sender<(Timestamp, Errand)>,
    receiver: Mutex<mpsc::Receiver<(Timestamp, Errand)>>,
}

impl Default for Errands {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self { sender, receiver: Mutex::new(receiver) }
    }
}

impl Errands {
    /// Leaves an errand for the worker; a full queue drops it.
    pub(crate) fn leave(&self, errand: Errand, now: Timestamp) {
        if self.sender.try_send((now, errand)).is_err() {
            dropped("full");
        }
    }
}

/// Runs errands until it is told to stop, and then those that are left.
pub(crate) async fn run(core: &Core, access: &Arc<dyn Access>, stop: &CancellationToken) {
    let mut receiver = core.errands.receiver.lock().await;
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some((left_at, errand)) = receiver.recv(), if under_way.len() < AT_ONCE => {
                under_way.push(core.errand(access, left_at, errand));
            }
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
        }
    }
    let drain = async {
        while let Ok((left_at, errand)) = receiver.try_recv() {
            under_way.push(core.errand(access, left_at, errand));
        }
        while under_way.next().await.is_some() {}
    };
    if tokio::time::timeout(DRAIN, drain).await.is_err() {
        dropped("stopped");
    }
}

impl Core {
    async fn errand(&self, access: &Arc<dyn Access>, left_at: Timestamp, errand: Errand) {
        if self.now.get().duration_since(left_at) > USEFUL {
            return dropped("late");
        }
        let done = match errand {
            Errand::Say(reply, words) => self.say(&reply, &words).await,
            Errand::Strip { response_url, remains } => self.strip(&response_url, remains).await,
            Errand::Home(claim) => self.home(access, &claim).await,
            Errand::Bury(installation) => self.removed(access, &installation).await,
        };
        if let Err(failure) = done {
            tracing::warn!(%failure, "an answer for one person was not delivered");
            dropped("failed");
        }
    }

    /// Through the click's own address, else as a message that one person sees, else directly.
    async fn say(&self, reply: &Reply, words: &str) -> Result<(), Failure> {
        if let Some(url) = &reply.response_url
            && self.web.respond(url, spoken(words)).await.is_ok()
        {
            return Ok(());
        }
        let Reply { claim, channel, .. } = reply;
        let Some(installation) = &claim.installation(&self.tokens).await else {
            return Err(Failure::code("no_installation"));
        };
        if let Some(channel) = channel {
            let message = private(words);
            let sent = self.web.post_ephemeral(installation, channel, &claim.user, message).await;
            if sent.is_ok() {
                return Ok(());
            }
        }
        let direct = self.web.direct(installation, &claim.user).await?;
        self.web.post(installation, &direct, private(words)).await.map(|_| ())
    }

    async fn strip(&self, response_url: &str, mut remains: Vec<Value>) -> Result<(), Failure> {
        remains.truncate(limit::MESSAGE_BLOCKS - 1);
        remains.extend(serde_json::to_value(kit::section(REPLACED)).ok());
        let body = json!({ "replace_original": true, "text": REPLACED, "blocks": remains });
        self.web.respond(response_url, body.to_string().into()).await
    }

    async fn home(&self, access: &Arc<dyn Access>, claim: &Claim) -> Result<(), Failure> {
        let Some(installation) = claim.installation(&self.tokens).await else {
            return Err(Failure::code("no_installation"));
        };
        let blocks = match self.waiting(access, claim, "").await {
            Ok(waiting) => waiting::list(&waiting, &self.settings.api_url),
            Err(refusal) => vec![kit::section(&refusal.sentence), commands::link(claim)],
        };
        self.web.publish_view(&installation, &claim.user, waiting::home(blocks)).await
    }
}

/// What stands below a message whose buttons are dead.
const REPLACED: &str = "A newer card replaced this one.";

fn private(words: &str) -> Message {
    Message { text: kit::fallback_words(words), blocks: vec![kit::section(words)] }
}

fn spoken(words: &str) -> Bytes {
    let Message { text, blocks } = private(words);
    json!({
        "response_type": "ephemeral",
        "replace_original": false,
        "text": text,
        "blocks": blocks,
    })
    .to_string()
    .into()
}

fn dropped(why: &'static str) {
    metrics::counter!("countersign_slack_answers_dropped_total", "why" => why).increment(1);
}

/// Shows neither addresses nor words.
impl fmt::Debug for Errands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errands")
    }
}
