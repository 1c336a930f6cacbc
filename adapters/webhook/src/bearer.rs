//! The access tokens of receivers that want one beside the signature. Each is kept sealed for all
//! replicas, renewed ahead of its end by one of them, and replaced once when it is not accepted.

mod kept;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use countersign_egress::Egress;
use countersign_port::{
    clock::Now,
    memory::{Lost, Memory},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::kept::{Kept, Refresh, name};
use crate::TokenSource;

/// Longer than a token endpoint and a write can take. No jitter: where one renews, none crowd.
const LEASE: Duration = Duration::from_secs(30);
/// What failed a moment ago fails for everybody who waited for it.
const FAILED: SignedDuration = SignedDuration::from_secs(2);
/// A receiver that refuses every token may not make us ask for new ones all the time.
const REPLACED: SignedDuration = SignedDuration::from_secs(30);

/// The tokens of all clients.
#[derive(Default)]
pub(crate) struct Bearers {
    sources: HashMap<String, Arc<Source>>,
}

/// Where one token comes from.
pub(crate) struct Source {
    egress: Egress,
    memory: Arc<dyn Memory>,
    now: Now,
    from: TokenSource,
    record: String,
    held: RwLock<Option<Arc<Kept>>>,
    /// One renewal at a time.
    turn: Arc<Mutex<Turn>>,
}

/// What became of the last renewals.
#[derive(Default)]
struct Turn {
    failed: Option<(NoBearer, Timestamp)>,
    replaced_at: Option<Timestamp>,
    /// What was given and could not be kept yet.
    unsaved: Option<Unsaved>,
}

/// Given, and not yet kept; good over one version of the record.
struct Unsaved {
    kept: Kept,
    over: i64,
}

/// Why there is no token to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoBearer {
    #[error("no access token for the callback: {0}")]
    NotGiven(String),
    #[error("another process is asking for the access token of the callback")]
    Busy,
    #[error("a new access token was not accepted either")]
    Replaced,
    #[error("the access token of the callback cannot be kept: {0}")]
    Unkept(#[from] Lost),
    #[error("the renewal of the access token of the callback broke off")]
    Broken,
}

impl Bearers {
    /// `clients` holds what is asked for by the id of each client that needs it. Those that ask for
    /// the same share one token.
    pub(crate) fn new(
        clients: HashMap<String, TokenSource>,
        egress: &Egress,
        memory: &Arc<dyn Memory>,
        now: &Now,
    ) -> Self {
        let mut shared: HashMap<String, Arc<Source>> = HashMap::new();
        let of_client = |(client, from): (String, TokenSource)| {
            let record = name(&from);
            let source = shared.entry(record.clone()).or_insert_with(|| {
                Arc::new(Source {
                    egress: egress.clone(),
                    memory: Arc::clone(memory),
                    now: now.clone(),
                    from,
                    record,
                    held: RwLock::default(),
                    turn: Arc::default(),
                })
            });
            (client, Arc::clone(source))
        };
        Self { sources: clients.into_iter().map(of_client).collect() }
    }

    /// What gives the token for the callbacks of a client, if they carry one.
    pub(crate) fn of(&self, client: &str) -> Option<&Arc<Source>> {
        self.sources.get(client)
    }
}

impl Source {
    /// The token to send now: another one than what the receiver has refused.
    pub(crate) async fn get(
        self: &Arc<Self>,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, NoBearer> {
        let now = self.now.get();
        let usable = |kept: &Arc<Kept>| !kept.is(refused) && now < kept.ends_at;
        let old = self.held().filter(usable);
        if let Some(fresh) = old.as_ref().filter(|kept| now < kept.renew_at) {
            return Ok(fresh.token.clone());
        }
        let turn = match (&old, Arc::clone(&self.turn).try_lock_owned()) {
            (_, Ok(turn)) => turn,
            // Somebody is at it; the token at hand does meanwhile.
            (Some(old), Err(_)) => return Ok(old.token.clone()),
            (None, Err(_)) => Arc::clone(&self.turn).lock_owned().await,
        };
        if let Some(fresh) = self.held().filter(usable).filter(|kept| now < kept.renew_at) {
            return Ok(fresh.token.clone());
        }
        let renewed = self.renewed(turn, refused, now).await;
        renewed.or_else(|why| old.map(|old| old.token.clone()).ok_or(why))
    }

    /// INVARIANT: a renewal comes to its end, whoever has lost patience with it. A refresh token may
    /// be good for once, and what came in its place is nowhere but in the answer.
    async fn renewed(
        self: &Arc<Self>,
        mut turn: OwnedMutexGuard<Turn>,
        refused: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<SecretString, NoBearer> {
        let (source, refused) = (Arc::clone(self), refused.cloned());
        let renewal = async move { source.renew(&mut turn, refused.as_ref(), now).await };
        #[expect(
            clippy::disallowed_methods,
            reason = "ends by itself: its calls have their limits"
        )]
        let renewal = tokio::spawn(renewal);
        renewal.await.unwrap_or(Err(NoBearer::Broken))
    }

    async fn renew(
        &self,
        turn: &mut Turn,
        refused: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<SecretString, NoBearer> {
        let within = |at: Timestamp, pause| now.duration_since(at) < pause;
        if let Some((why, _)) = turn.failed.as_ref().filter(|(_, at)| within(*at, FAILED)) {
            return Err(why.clone());
        }
        if refused.is_some() && turn.replaced_at.is_some_and(|at| within(at, REPLACED)) {
            return Err(NoBearer::Replaced);
        }
        match self.shared(turn, refused, now).await {
            Ok(kept) => {
                let token = kept.token.clone();
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(kept));
                turn.failed = None;
                turn.replaced_at = refused.map(|_| now).or(turn.replaced_at);
                Ok(token)
            }
            Err(why) => {
                tracing::warn!(%why, client_id = self.from.credentials.client_id, "no new access token");
                turn.failed = Some((why.clone(), now));
                Err(why)
            }
        }
    }

    /// What another replica has got, or what the endpoint gives to whoever has the lease.
    async fn shared(
        &self,
        turn: &mut Turn,
        refused: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Kept, NoBearer> {
        if let Some(fresh) = self.fresh(refused, now).await? {
            return Ok(fresh);
        }
        if !self.memory.lease(&self.record, LEASE).await? {
            return Err(NoBearer::Busy);
        }
        let asked = self.asked(turn, refused, now).await;
        let released = self.memory.release(&self.record).await;
        asked.and_then(|kept| Ok(released.map(|()| kept)?))
    }

    async fn asked(
        &self,
        turn: &mut Turn,
        refused: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Kept, NoBearer> {
        let (mut old, mut version) = self.kept().await?;
        if let Some(given) = turn.unsaved.take().filter(|given| given.over == version) {
            let (kept, over) = self.keep(turn, given).await?;
            (old, version) = (Some(kept), over);
        }
        let old = match old {
            Some(kept) if is_fresh(&kept, refused, now) => return Ok(kept),
            old => old,
        };
        let with = self.refresh(old);
        let granted = match &with {
            Some(with) => self.from.credentials.refresh(&self.egress, &with.token).await,
            None => self.from.credentials.ask(&self.egress).await,
        };
        let granted = granted.map_err(|why| NoBearer::NotGiven(why.to_string()))?;
        let kept = Kept::new(granted, now, with);
        self.keep(turn, Unsaved { kept, over: version }).await.map(|(kept, _)| kept)
    }

    /// INVARIANT: on disk before it is used. A refresh token that came with it may be the only one
    /// that is still good, so what the database does not take is kept for the next try.
    async fn keep(&self, turn: &mut Turn, given: Unsaved) -> Result<(Kept, i64), NoBearer> {
        match self.memory.save(&self.record, &given.kept.seal()?, given.over).await {
            Ok(Some(version)) => Ok((given.kept, version)),
            // Whoever has written meanwhile has asked later, and theirs gives the next one.
            Ok(None) => Err(NoBearer::Busy),
            Err(lost) => {
                turn.unsaved = Some(given);
                Err(lost.into())
            }
        }
    }

    /// What the next token is asked for with: what came with the last one, unless an administrator
    /// has deposited another since.
    fn refresh(&self, old: Option<Kept>) -> Option<Refresh> {
        let deposited = Refresh::deposited(self.from.refresh_token.as_ref()?);
        let last = old.and_then(|kept| kept.refresh);
        Some(last.filter(|last| last.deposit == deposited.deposit).unwrap_or(deposited))
    }

    /// The token that is kept, if it need not be renewed yet.
    async fn fresh(
        &self,
        refused: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Option<Kept>, Lost> {
        Ok(self.kept().await?.0.filter(|kept| is_fresh(kept, refused, now)))
    }

    /// The token that is kept, and the version of its record.
    async fn kept(&self) -> Result<(Option<Kept>, i64), Lost> {
        let Some(record) = self.memory.load(&self.record).await? else { return Ok((None, 0)) };
        Ok((Kept::open(&record), record.version))
    }

    fn held(&self) -> Option<Arc<Kept>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn is_fresh(kept: &Kept, refused: Option<&SecretString>, now: Timestamp) -> bool {
    !kept.is(refused) && now < kept.renew_at
}

impl fmt::Debug for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.sources.keys()).finish()
    }
}
