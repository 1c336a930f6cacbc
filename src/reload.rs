//! Replaces the law while the service runs: on SIGHUP the files are read again. What does not check
//! changes nothing. Every process reads its own files; pending requests keep their plans.

use std::{path::PathBuf, sync::Arc};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use similar::TextDiff;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    directory::Directories,
    domain::diagnostic::Severity,
    law::{Faulty, Known, Law, Source, Sources},
    service::Service,
    signals::Hangups,
    store::law_change::LawChange,
};

/// Where the law is written, and what it may name.
#[derive(Debug, Clone)]
pub struct Files {
    pub policy: PathBuf,
    pub catalogue: PathBuf,
    pub people: PathBuf,
    pub known: Known,
}

/// Reads the files again when it is told to.
#[derive(Debug, Clone)]
pub struct Reload {
    service: Service,
    directories: Directories,
    files: Arc<Files>,
    /// The texts of the law in force.
    in_force: Arc<Mutex<Sources>>,
    stop: CancellationToken,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    InForce,
    Unchanged,
    Refused,
}

impl Reload {
    /// For a process whose law was read from these files.
    pub fn new(app: &App, files: Files, in_force: Sources) -> Self {
        Self {
            service: app.service.clone(),
            directories: app.directories.clone(),
            files: Arc::new(files),
            in_force: Arc::new(Mutex::new(in_force)),
            stop: app.stopping(),
        }
    }

    /// Writes down which law a process starts with, unless that is known already.
    pub async fn begin(&self) -> Result<(), sqlx::Error> {
        let sources = self.in_force.lock().await;
        let digests = digests(&sources);
        let store = &self.service.parts.store;
        let known = store.law_in_force().await?;
        if known.as_ref().and_then(|body| body.get("after")) == Some(&digests) {
            return Ok(());
        }
        let before = known.and_then(|body| body.get("after").cloned());
        let body = json!({ "after": digests, "before": before });
        let policy = self.service.law().policy.sha256.clone();
        store.add_law_change(&self.line(Reloaded::InForce, policy, body)).await
    }

    /// Reads the files again at each SIGHUP, until the process is told to stop.
    pub async fn run(self, mut hangups: Hangups) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                heard = hangups.next() => match heard {
                    Some(()) => _ = self.now().await,
                    None => return,
                }
            }
        }
    }

    /// Reads the files now.
    pub async fn now(&self) -> Reloaded {
        let mut in_force = self.in_force.lock().await;
        let reloaded = match self.read() {
            Ok((sources, _)) if digests(&sources) == digests(&in_force) => Reloaded::Unchanged,
            Ok((sources, law)) => self.replace(&mut in_force, sources, &law).await,
            Err(faults) => {
                tracing::error!(?faults, "the files were refused: the policy in force stays");
                let body = json!({ "before": digests(&in_force), "faults": faults });
                let policy = self.service.law().policy.sha256.clone();
                self.write_down(Reloaded::Refused, policy, body).await;
                Reloaded::Refused
            }
        };
        count(reloaded);
        reloaded
    }

    /// INVARIANT: nothing comes into force that is not written down.
    async fn replace(&self, in_force: &mut Sources, sources: Sources, law: &Law) -> Reloaded {
        let policy_sha256 = law.policy.sha256.clone();
        let changed = changed(in_force, &sources);
        if !self.write_down(Reloaded::InForce, policy_sha256.clone(), changed).await {
            return Reloaded::Refused;
        }
        self.directories.put_into_force(law);
        tracing::info!(policy_sha256, "another policy is in force");
        *in_force = sources;
        // Groups that are new are asked for at once, and not in two minutes.
        self.directories.ask_all().await;
        Reloaded::InForce
    }

    fn read(&self) -> Result<(Sources, Law), Vec<Value>> {
        let Files { policy, catalogue, people, known } = &*self.files;
        let sources = Sources::read(policy, catalogue, people)
            .map_err(|unreadable| vec![json!({ "message": unreadable.to_string() })])?;
        let law = Law::parse(&sources, known).map_err(|faulty| faults(&faulty))?;
        Ok((sources, law))
    }

    /// Whether the line is in the history.
    async fn write_down(&self, result: Reloaded, policy_sha256: String, body: Value) -> bool {
        let change = self.line(result, policy_sha256, body);
        let written = self.service.parts.store.add_law_change(&change).await;
        if let Err(error) = &written {
            tracing::error!(%error, "a change of the policy could not be written down: it stays");
        }
        written.is_ok()
    }

    fn line(&self, result: Reloaded, policy_sha256: String, body: Value) -> LawChange {
        let parts = &self.service.parts;
        let at = parts.clock.now();
        let id = parts.seeds.seed().ids(at).ulid().to_string().to_ascii_lowercase();
        LawChange { id, at, result: result.as_str().to_owned(), policy_sha256, body }
    }
}

impl Reloaded {
    pub const ALL: [Self; 3] = [Self::InForce, Self::Unchanged, Self::Refused];

    /// The word, as in the history and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

fn count(reloaded: Reloaded) {
    metrics::counter!("countersign_policy_reloads_total", "result" => reloaded.as_str())
        .increment(1);
    let refused = if reloaded == Reloaded::Refused { 1.0 } else { 0.0 };
    metrics::gauge!("countersign_policy_refused").set(refused);
}

fn named(sources: &Sources) -> [(&'static str, &Source); 3] {
    [("catalogue", &sources.catalogue), ("people", &sources.people), ("policy", &sources.policy)]
}

fn digests(sources: &Sources) -> Value {
    let digest = |source: &Source| Value::from(hex::encode(Sha256::digest(&source.text)));
    let all = named(sources).map(|(name, source)| (format!("{name}_sha256"), digest(source)));
    Value::Object(Map::from_iter(all))
}

/// The people file is told by its digest alone: people may leave, and the history stays.
fn changed(old: &Sources, new: &Sources) -> Value {
    let diff = |old: &Source, new: &Source| {
        TextDiff::from_lines(old.text.as_str(), new.text.as_str())
            .unified_diff()
            .context_radius(2)
            .header("in force before", "in force now")
            .to_string()
    };
    json!({
        "before": digests(old),
        "after": digests(new),
        "diff": {
            "policy": diff(&old.policy, &new.policy),
            "catalogue": diff(&old.catalogue, &new.catalogue),
        },
    })
}

fn faults(faulty: &[Faulty]) -> Vec<Value> {
    let mut told = Vec::new();
    for file in faulty {
        let errors = file.faults.iter().filter(|fault| fault.severity == Severity::Error);
        told.extend(errors.map(|fault| {
            json!({ "file": file.source.name, "line": fault.span.line, "message": fault.message })
        }));
    }
    told
}
