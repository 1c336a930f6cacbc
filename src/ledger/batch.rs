//! One batch: lock, load, fold, write, commit. Run again, it gives the same answers.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use sqlx::{Any, Connection, pool::PoolConnection};

use super::{lane::Lane, tally::Tally};
use crate::{
    domain::{
        access::{self, Act, Command, Refused, Reply, effects::Effects, slice::Slice},
        brake,
        id::ClientId,
    },
    store::{
        load::{self, Wait},
        put,
    },
};

/// Whether the same commands were run before, and whether they wait for locks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Whether they were run before: what they wrote then may stand.
    pub(super) is_rerun: bool,
    pub(super) wait: Wait,
}

impl Run {
    pub(super) const FIRST: Self = Self { is_rerun: false, wait: Wait::ForLocks };

    /// The same commands once more.
    pub(super) const fn again(self) -> Self {
        Self { is_rerun: true, ..self }
    }
}

/// Carries out the commands in one transaction.
pub(super) async fn run(
    lane: &Lane<'_>,
    connection: &mut PoolConnection<Any>,
    commands: &[Command],
    run: Run,
) -> Result<Vec<Reply>, sqlx::Error> {
    let engine = lane.parts.store.engine;
    let mut tx = connection.begin_with(engine.begin()).await?;
    let (wanted, known) = wanted(lane, commands, run);
    let found = load::lock_and_load(&mut tx, engine, &lane.kept, &wanted).await?;
    let mut slice = Slice {
        requests: found.requests,
        keys: found.keys,
        presses: found.presses,
        marks: found.marks,
        pending: known.into_iter().chain(found.pending).collect(),
        public_url: lane.parts.public_url.clone(),
        is_rerun: run.is_rerun,
        effects: Effects::default(),
    };
    let replies = fold(lane, &mut slice, commands)?;
    let tally = Tally::of(&slice.effects.entries);
    put::put(&mut tx, engine, &lane.joined, &mut slice).await?;
    tx.commit().await?;
    tally.count();
    lane.kept.learn(slice.requests.values());
    lane.headroom.learn(slice.pending, &wanted.counted);
    Ok(replies)
}

/// What is to be loaded, and how many requests are pending where that is known already.
fn wanted(
    lane: &Lane<'_>,
    commands: &[Command],
    run: Run,
) -> (load::Wanted, BTreeMap<ClientId, u64>) {
    let mut wanted = load::Wanted { wait: run.wait, ..load::Wanted::default() };
    let mut opens: BTreeMap<&ClientId, (u64, u64)> = BTreeMap::new();
    for command in commands {
        wanted.requests.extend(command.act.locks().cloned());
        wanted.credentials.extend(command.act.credentials().cloned());
        let key = command.act.key().map(|(client, key)| (client.clone(), key.to_owned()));
        wanted.keys.extend(key);
        wanted.presses.extend(command.act.press().map(str::to_owned));
        wanted.presses.extend(command.act.once().into_iter().flat_map(|all| all.keys().cloned()));
        if let Some(open) = command.act.opens() {
            if run.is_rerun {
                wanted.requests.insert(open.request.id.clone());
            }
            wanted.same.extend(open.same.clone());
            for (name, brake) in open.brakes() {
                let since = brake.since(open.request.opened_at);
                for name in [brake::noted(&name), name] {
                    let earliest = wanted.marks.entry(name).or_insert(since);
                    *earliest = since.min(*earliest);
                }
            }
        }
        if let Some((client, limit)) = limited(&command.act) {
            opens.entry(client).or_insert((0, limit)).0 += 1;
        }
    }
    let mut known = BTreeMap::new();
    for (client, (count, limit)) in opens {
        match lane.headroom.known(client, count) {
            Some(pending) => known.insert(client.clone(), pending),
            None => wanted.counted.insert(client.clone(), limit),
        };
    }
    (wanted, known)
}

fn limited(act: &Act) -> Option<(&ClientId, u64)> {
    let open = act.opens()?;
    open.pending_limit.map(|limit| (&open.request.integrator, limit))
}

/// A panic in one command must not take the lane and its queue with it.
fn fold(
    lane: &Lane<'_>,
    slice: &mut Slice,
    commands: &[Command],
) -> Result<Vec<Reply>, sqlx::Error> {
    let now = lane.parts.clock.now();
    let all = || {
        let apply = |command: &Command| access::apply(slice, command.clone(), now);
        commands.iter().map(apply).collect::<Vec<Reply>>()
    };
    match catch_unwind(AssertUnwindSafe(all)) {
        Ok(replies) => Ok(replies),
        Err(_) if commands.len() == 1 => {
            tracing::error!("a command panicked and was refused");
            slice.effects = Effects::default();
            Ok(vec![Err(Refused::Unavailable)])
        }
        Err(_) => Err(sqlx::Error::Protocol("a command of this batch panicked".to_owned())),
    }
}
