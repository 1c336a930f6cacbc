//! Who is in the groups that are kept elsewhere: asked regularly, so that no click waits for a
//! directory. What a directory does not say stays as old as it is, and the law says how old is
//! too old.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use countersign_port::directory::Directory;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{id::Group, policy::GroupSource},
    law::{Heard, Law, Membership},
    service::Service,
};

/// How often every directory is asked: within the age up to which high risk believes it.
const EVERY: Duration = Duration::from_secs(120);

/// How often it is looked whether another replica was told that a group has changed. A click looks
/// for itself.
const LOOK: Duration = Duration::from_secs(2);

/// The groups whose members may be others than a directory has said.
#[derive(Debug, Default)]
pub struct Doubts {
    /// How often each was doubted, by any replica, as far as this one has heard.
    heard: Mutex<BTreeMap<String, i64>>,
    groups: Mutex<BTreeSet<Group>>,
    raised: Notify,
}

impl Doubts {
    /// Compares what is written down with what was heard, and has the law in force doubt what is
    /// new in it; has the directories asked at once.
    pub fn hear(&self, written: &BTreeMap<String, i64>, law: &ArcSwap<Law>) {
        // Held to the end: nobody takes for heard what is not yet in force.
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = |name: &String| written.get(name) > heard.get(name);
        let doubted: Vec<Group> = {
            let law = law.load();
            let kept = law.kept_elsewhere().filter(|(_, source)| is_news(&doubt_name(source)));
            kept.map(|(group, _)| group.clone()).collect()
        };
        if !doubted.is_empty() {
            law.rcu(|law| law.doubting(&doubted));
            self.groups.lock().unwrap_or_else(PoisonError::into_inner).extend(doubted);
            self.raised.notify_one();
        }
        // Who has read it later may have been here before.
        for (name, number) in written {
            let known = heard.entry(name.clone()).or_default();
            *known = (*number).max(*known);
        }
    }

    fn take(&self) -> BTreeSet<Group> {
        std::mem::take(&mut self.groups.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn groups(&self) -> BTreeSet<Group> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    answers: Arc<Mutex<BTreeMap<Group, Membership>>>,
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
                    self.keep(group.clone(), Membership { accounts, at });
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
        let doubted = self.service.parts.doubts.groups();
        self.forget(&doubted);
        let answers = self.answers();
        self.service.parts.law.rcu(|law| law.answered(&answers));
        if let Err(error) = self.service.law_now().await {
            tracing::warn!(%error, "what was changed of people could not be read");
        }
    }

    /// Puts another law into force, with what the directories have said so far.
    pub fn put_into_force(&self, law: &Law) {
        self.forget(&self.service.parts.doubts.groups());
        let answers = Arc::new(self.answers());
        self.service
            .parts
            .law
            .rcu(|old| law.hearing(Heard { answers: Arc::clone(&answers), ..old.heard().clone() }));
    }

    fn answers(&self) -> BTreeMap<Group, Membership> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was said of these groups is not believed again, even if nothing else is said.
    fn forget(&self, doubted: &BTreeSet<Group>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|group, _| !doubted.contains(group));
    }

    fn keep(&self, group: Group, membership: Membership) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(group, membership);
    }
}

impl std::fmt::Debug for Directories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directories")
    }
}
