//! What is done after Teams has been answered: private answers, and learning the channels of a
//! team. Kept in memory alone; what is not done within five minutes is dropped.

use std::{fmt, sync::Arc, time::Duration};

use countersign_port::{access::Access, error::SendError};
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    activity::{Activity, Claim, Room},
    adaptive,
    core::Core,
    dispatch::Said,
    failure::{Failure, Twice},
    waiting,
};

/// More than this waits only where Teams does not answer at all.
const QUEUE: usize = 1024;
/// So many are under way at once.
const AT_ONCE: usize = 16;
/// An answer that comes later answers nothing.
const USEFUL: SignedDuration = SignedDuration::from_mins(5);
/// What is left at the stop gets so long.
const DRAIN: Duration = Duration::from_secs(2);
/// What Teams does not take yet is tried so often, after a pause where it names none.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// Said in the thread to somebody whose chat does not take our messages: names nobody.
const NEUTRAL: &str = "I could not answer in the personal chat. To read answers to your clicks, \
    add this app for yourself, or use the console.";

/// Something to be done.
#[derive(Debug)]
pub(crate) enum Errand {
    /// Tell somebody what became of their click.
    Say(Reply, Box<Said>),
    /// Answer what somebody wrote to the bot; with the digest of what they sent.
    Answer(Box<Activity>, String, String),
    /// Remember that a service address has changed.
    Moved(Option<String>, String),
    /// Learn the channels of a team.
    Channels(String, String),
}

/// The ways to one person.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    service_url: String,
    claim: Claim,
    room: Room,
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

impl Reply {
    /// The ways to whoever sent an activity.
    pub(crate) fn to(activity: &Activity) -> Self {
        Self {
            service_url: activity.service_url.clone(),
            claim: activity.claim.clone(),
            room: activity.room.clone(),
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
            Errand::Say(reply, said) => {
                let said = waiting::said(*said, self.now.get());
                self.say(&reply, &said).await
            }
            Errand::Answer(activity, words, evidence) => {
                let answer = self.answer(access, &activity, &words, &evidence).await;
                self.say(&Reply::to(&activity), &answer).await
            }
            Errand::Moved(team, service_url) => {
                self.registry.seen(team.as_deref(), &service_url).await.map_err(Failure::from)
            }
            Errand::Channels(team, service_url) => self.learn(&team, &service_url).await,
        };
        if let Err(failure) = done {
            tracing::warn!(%failure, "something for Teams could not be done");
            dropped("failed");
        }
    }

    /// In the personal chat; where that is closed, a line in the thread says so and no more.
    async fn say(&self, reply: &Reply, message: &Value) -> Result<(), Failure> {
        let Reply { service_url, claim, room } = reply;
        if room.is_personal {
            return self.send(service_url, &room.conversation, message).await;
        }
        let user = claim.user.as_deref().ok_or_else(|| Failure::NotInstalled("nobody".into()))?;
        let bot = self.bot(service_url);
        let chat = patiently(|| self.connector.direct(bot, user)).await;
        let told = match chat {
            Ok(chat) => self.send(service_url, &chat, message).await,
            Err(failure) => Err(failure),
        };
        match told {
            Err(Failure::Refused { status: 403 | 404, .. }) => {
                self.send(service_url, &room.conversation, &adaptive::words(NEUTRAL)).await
            }
            told => told,
        }
    }

    async fn send(
        &self,
        service_url: &str,
        conversation: &str,
        message: &Value,
    ) -> Result<(), Failure> {
        patiently(|| self.connector.send(service_url, conversation, message)).await
    }

    async fn learn(&self, team: &str, service_url: &str) -> Result<(), Failure> {
        let channels = patiently(|| self.connector.channels(service_url, team)).await?;
        Ok(self.registry.channels_of(team, &channels).await?)
    }
}

/// Makes a call again where that cannot do a thing twice, a little later.
async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    call: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut tries = 1;
    loop {
        let failure = match call().await {
            Err(failure) if tries < TRIES => failure,
            done => return done,
        };
        let SendError::Retry { after, .. } = failure.clone().send_error(Twice::Double) else {
            return Err(failure);
        };
        tries += 1;
        tokio::time::sleep(after.unwrap_or(PAUSE)).await;
    }
}

fn dropped(why: &'static str) {
    metrics::counter!("countersign_teams_answers_dropped_total", "why" => why).increment(1);
}

impl fmt::Debug for Errands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errands")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often a call is made that fails like this.
    async fn tries(failure: Failure) -> u32 {
        let made = Cell::new(0);
        let call = async || {
            made.set(made.get() + 1);
            Err::<(), _>(failure.clone())
        };
        assert_eq!(patiently(call).await, Err(failure.clone()));
        made.get()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_made_again_where_that_is_harmless() {
        assert_eq!(tries(Failure::Paced(Duration::from_secs(1))).await, 3);
        assert_eq!(tries(Failure::NotSent("x".to_owned())).await, 3);
        assert_eq!(tries(Failure::NoAnswer("x".to_owned())).await, 1);
        assert_eq!(tries(Failure::Unauthorized).await, 1);
    }
}
