//! Seals what is kept anew under the first key of the ring, beside a running service. Each row is
//! replaced on its own and only over the text that was opened: stop it at any time and run it again.

use std::collections::BTreeMap;

use crate::{
    clock::Seeds,
    memory,
    seal::{KeyRing, SealError},
    service::delegation,
    signing,
    store::{
        Store,
        record::Took,
        reseal::{Kept, SealedRow},
    },
};

/// How many rows are read at a time.
const BATCH: i64 = 100;

/// Why it could not go on. What was sealed anew before stays so.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    #[error("`{row}` could not be sealed anew")]
    Row { row: String, source: SealError },
    #[error(transparent)]
    Ring(#[from] SealError),
    #[error("the database did not answer")]
    Store(#[from] sqlx::Error),
}

/// How many rows another key than the first has sealed.
pub async fn outstanding(store: &Store, ring: &KeyRing) -> Result<u64, ResealError> {
    let first = ring.first()?.to_string();
    let mut count = 0;
    for kept in Kept::ALL {
        let by_key = store.sealed_by(kept).await?.into_iter().filter(|(key, _)| *key != first);
        count += by_key.map(|(_, rows)| u64::try_from(rows).unwrap_or(0)).sum::<u64>();
    }
    Ok(count)
}

/// A key that is not in the ring, and how much it has sealed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub key: String,
    /// In words: “2 signing keys, 1 record of an adapter”.
    pub sealed: String,
}

/// What nobody can open, by the key that has sealed it.
pub async fn missing(store: &Store, ring: &KeyRing) -> Result<Vec<Missing>, sqlx::Error> {
    let own: Vec<String> = ring.ids().map(|id| id.to_string()).collect();
    let mut lost: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kept in Kept::ALL {
        for (key, rows) in store.sealed_by(kept).await? {
            let (one, many) = kept.words();
            if !own.contains(&key) {
                lost.entry(key)
                    .or_default()
                    .push(format!("{rows} {}", if rows == 1 { one } else { many }));
            }
        }
    }
    let missing = |(key, sealed): (String, Vec<String>)| Missing { key, sealed: sealed.join(", ") };
    Ok(lost.into_iter().map(missing).collect())
}

/// Seals anew whatever another key has sealed; says how many rows that were. `told` hears of each.
pub async fn reseal(
    store: &Store,
    ring: &KeyRing,
    seeds: &Seeds,
    told: impl Fn(),
) -> Result<u64, ResealError> {
    let first = ring.first()?.to_string();
    let mut done = 0;
    for kept in Kept::ALL {
        let mut after = String::new();
        loop {
            let rows = store.sealed_by_others(kept, &first, &after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.row);
            for row in &rows {
                let sealed = anew(kept, row, ring, seeds)
                    .map_err(|source| ResealError::Row { row: row.row.clone(), source })?;
                let took = store.replace_sealed(kept, row, &first, &sealed).await?;
                done += u64::from(took == Took::Yes);
                told();
            }
        }
    }
    Ok(done)
}

fn anew(kept: Kept, row: &SealedRow, ring: &KeyRing, seeds: &Seeds) -> Result<String, SealError> {
    let place = match kept {
        Kept::AdapterRecords => memory::place(&row.row),
        Kept::SigningKeys => signing::place(&row.row),
        Kept::Delegations => delegation::place(&row.row),
    };
    ring.seal(place, &ring.open(place, &row.sealed)?, seeds.nonce())
}
