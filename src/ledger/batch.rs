//! One batch: lock, load, fold, write, commit. Run again, it gives the same answers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlx::{Any, Connection, pool::PoolConnection};

use super::lane::Lane;
use crate::{
    domain::{
        access::{self, Act, Command, Refused, Reply, effects::Effects, slice::Slice},
        id::ClientId,
    },
    store::{load, put},
};

/// Carries out the commands in one transaction.
pub(super) async fn run(
    lane: &Lane,
    connection: &mut PoolConnection<Any>,
    commands: &[Command],
) -> Result<Vec<Reply>, sqlx::Error> {
    let engine = lane.store.engine;
    let mut tx = connection.begin_with(engine.begin()).await?;
    let found = load::lock_and_load(&mut tx, engine, &wanted(commands)).await?;
    let mut slice = Slice {
        requests: found.requests,
        keys: found.keys,
        pending: found.pending,
        public_url: lane.public_url.clone(),
        effects: Effects::default(),
    };
    let replies = fold(lane, &mut slice, commands)?;
    put::put(&mut tx, engine, &lane.joined, &mut slice).await?;
    tx.commit().await?;
    Ok(replies)
}

fn wanted(commands: &[Command]) -> load::Wanted {
    let mut wanted = load::Wanted::default();
    for command in commands {
        wanted.requests.extend(command.act.locks().cloned());
        let key = command.act.key().map(|(client, key)| (client.clone(), key.to_owned()));
        wanted.keys.extend(key);
        if let Some((client, limit)) = limited(&command.act) {
            wanted.counted.insert(client.clone());
            wanted.count_to = wanted.count_to.max(limit);
        }
    }
    wanted
}

fn limited(act: &Act) -> Option<(&ClientId, u64)> {
    match act {
        Act::Open(open) => open.pending_limit.map(|limit| (&open.request.integrator, limit)),
        Act::Vote(_)
        | Act::Cancel(_)
        | Act::Tick(_)
        | Act::Delivered(_)
        | Act::Undeliverable(_)
        | Act::TakeUp(_) => None,
    }
}

/// A panic in one command must not take the lane and its queue with it.
fn fold(lane: &Lane, slice: &mut Slice, commands: &[Command]) -> Result<Vec<Reply>, sqlx::Error> {
    let now = lane.clock.now();
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
