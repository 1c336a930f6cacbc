//! Who is in the groups that are kept elsewhere: asked regularly, so that no click waits for a
//! directory. What a directory does not say stays as old as it is, and the law says how old is
//! too old.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use countersign_port::directory::Directory;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::policy::GroupSource,
    law::{Heard, Law, Membership},
    service::Service,
};

/// How often every directory is asked: within the age up to which high risk believes it.
const EVERY: Duration = Duration::from_mins(2);

/// How often it is looked whether another replica was told that a group has changed. A click looks
/// for itself.
const LOOK: Duration = Duration::from_secs(2);

/// The groups whose members may be others than a directory has said, by the names under which that
/// is written down.
#[derive(Debug, Default)]
pub struct Doubts {
    /// How often each was doubted, by any replica, as far as this one has heard.
    heard: Mutex<BTreeMap<String, i64>>,
    names: Mutex<BTreeSet<String>>,
    raised: Notify,
}

impl Doubts {
    /// Compares what is written down with what was heard, and has the law in force doubt what is
    /// new in it; has the directories asked at once.
    pub fn hear(&self, written: &BTreeMap<String, i64>, law: &ArcSwap<Law>) {
        // Held to the end: nobody takes for heard what is not yet in force.
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = |name: &&String| written.get(*name) > heard.get(*name);
        // Also what no group of this law is kept in: another law may bring its answer back.
        let doubted: BTreeSet<String> = written.keys().filter(is_news).cloned().collect();
        let is_doubted = |source: &GroupSource| doubted.contains(&doubt_name(source));
        if !doubted.is_empty() {
            // First: whoever puts answers into force meanwhile leaves these out.
            self.names().extend(doubted.iter().cloned());
            law.rcu(|law| law.doubting(is_doubted));
            if law.load().kept_elsewhere().any(|(_, source)| is_doubted(source)) {
                self.raised.notify_one();
            }
        }
        // Who has read it later may have been here before.
        for (name, number) in written {
            let known = heard.entry(name.clone()).or_default();
            *known = (*number).max(*known);
        }
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.names())
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which name it is written down that a group is doubted: the same at every replica, whatever
/// the policy calls the group.
pub fn doubt_name(source: &GroupSource) -> String {
    format!("{}/{}", source.kind, source.value)
}

/// Asks the directories.
#[derive(Clone)]
pub struct Directories {
    service: Service,
    sources: Arc<Vec<Arc<dyn Directory>>>,
    /// By who gave them: the law may point a group elsewhere while its old source is asked.
    answers: Arc<Mutex<BTreeMap<GroupSource, Membership>>>,
    stop: CancellationToken,
}

impl Directories {
    pub fn new(
        service: Service,
        directories: Vec<Arc<dyn Directory>>,
        stop: CancellationToken,
    ) -> Self {
        Self { service, sources: Arc::new(directories), answers: Arc::default(), stop }
    }

    /// Works until it is told to stop.
    pub async fn run(self) {
        while !self.stop.is_cancelled() {
            self.ask_all().await;
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.service.parts.doubts.raised.notified() => {}
                () = self.listen() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Hears what other replicas are told, for ever.
    async fn listen(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.hear_doubts().await;
        }
    }

    async fn hear_doubts(&self) {
        if let Err(error) = self.service.hear_doubts().await {
            tracing::warn!(%error, "it could not be looked up which groups have changed");
        }
    }

    /// Asks about every group of the law in force, and puts what was said into force.
    pub async fn ask_all(&self) {
        self.hear_doubts().await;
        self.forget(&self.service.parts.doubts.take());
        let law = self.service.law();
        for (group, source) in law.kept_elsewhere() {
            let mut sources = self.sources.iter();
            let Some(directory) =
                sources.find(|directory| directory.source() == source.kind.as_str())
            else {
                continue;
            };
            match directory.members(&source.value).await {
                Ok(accounts) => {
                    let at = self.service.parts.clock.now();
                    self.keep(source.clone(), Membership { accounts, at });
                }
                Err(no_answer) => {
                    tracing::warn!(%group, source = source.kind, cause = no_answer.cause,
                        "a directory could not say who is in a group");
                    metrics::counter!("countersign_directory_failures_total", "source" => directory.source())
                        .increment(1);
                }
            }
        }
        // Whoever was doubted meanwhile is asked about again at once.
        self.service.parts.law.rcu(|law| law.answered(self.believed()));
        if let Err(error) = self.service.law_now().await {
            tracing::warn!(%error, "what was changed of people could not be read");
        }
    }

    /// Puts another law into force, with what the directories have said so far.
    pub fn put_into_force(&self, law: &Law) {
        self.service.parts.law.rcu(|old| {
            law.hearing(Heard { answers: Arc::new(self.believed()), ..old.heard().clone() })
        });
    }

    /// What was said, without what is doubted by now.
    fn believed(&self) -> BTreeMap<GroupSource, Membership> {
        let doubted = self.service.parts.doubts.names().clone();
        self.forget(&doubted);
        self.answers().clone()
    }

    /// What was said of these is not believed again, even if nothing else is said.
    fn forget(&self, doubted: &BTreeSet<String>) {
        self.answers().retain(|source, _| !doubted.contains(&doubt_name(source)));
    }

    fn keep(&self, source: GroupSource, membership: Membership) {
        self.answers().insert(source, membership);
    }

    fn answers(&self) -> MutexGuard<'_, BTreeMap<GroupSource, Membership>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Directories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directories")
    }
}
