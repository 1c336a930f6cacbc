//! The law in force, with what was changed of people and platforms of groups up to this moment, at any
//! replica.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Mutex;

use super::{Parts, Service};
use crate::{law::Law, store::glance::Marks};

/// What one loads for all who wait for it.
#[derive(Debug, Default)]
pub struct Turn {
    turn: Mutex<()>,
    failures: AtomicU64,
}

impl Turn {
    /// Loads it unless it is there, also when one's turn has come. Whoever waits while somebody fails
    /// has failed as well: nobody sits through one failure after another.
    async fn load<E: From<io::Error>>(
        &self,
        is_there: impl Fn() -> bool,
        load: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        if is_there() {
            return Ok(());
        }
        let failures = self.failures.load(Ordering::SeqCst);
        let _turn = self.turn.lock().await;
        if is_there() {
            return Ok(());
        }
        if self.failures.load(Ordering::SeqCst) != failures {
            return Err(io::Error::other("whoever was to load it for all could not").into());
        }
        let loaded = load.await;
        if loaded.is_err() {
            self.failures.fetch_add(1, Ordering::SeqCst);
        }
        loaded
    }
}

impl Service {
    /// The law in force at this moment. The database is asked whether something was changed of people
    /// since: whoever was switched off, or stands in no longer, decides nothing at any replica. Where
    /// groups are asked for, it is asked whether one of them has changed.
    pub async fn law_now(&self) -> Result<Arc<Law>, sqlx::Error> {
        let marks = self.parts.store.marks().await?;
        self.law_as_of(&marks).await
    }

    /// The law in force, with what these marks say was changed.
    pub async fn law_as_of(&self, marks: &Marks) -> Result<Arc<Law>, sqlx::Error> {
        let Parts { doubts, law, .. } = &*self.parts;
        if law.load().asks_directories() {
            doubts.hear(&marks.doubts, law);
        }
        self.hear_people_up_to(marks.people).await?;
        Ok(self.law())
    }

    /// The same where only providers matter: nothing is asked where there are none.
    pub async fn hear_providers(&self) -> Result<(), sqlx::Error> {
        if !self.law().heard().providers.is_empty() {
            self.law_now().await?;
        }
        Ok(())
    }

    /// Believes no longer what was said of groups that have changed since, as any replica was told.
    pub async fn hear_doubts(&self) -> Result<(), sqlx::Error> {
        if self.law().asks_directories() {
            self.law_now().await?;
        }
        Ok(())
    }

    /// Takes what was changed of people into the law.
    pub async fn hear_people(&self) -> Result<(), sqlx::Error> {
        let version = self.parts.store.people_version().await?;
        self.hear_people_up_to(version).await
    }

    /// Everybody is loaded anew, so one does it for all who want this version or an older one.
    async fn hear_people_up_to(&self, version: i64) -> Result<(), sqlx::Error> {
        let is_heard = || self.law().heard().provisioned.version >= version;
        self.parts.people.load(is_heard, self.load_people()).await
    }

    async fn load_people(&self) -> Result<(), sqlx::Error> {
        let provisioned = Arc::new(self.parts.store.provisioned().await?);
        self.parts.law.rcu(|law| {
            // What somebody else has read meanwhile may be newer.
            if law.heard().provisioned.version > provisioned.version {
                return Arc::clone(law);
            }
            Arc::new(law.told(Arc::clone(&provisioned)))
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use futures::future::join_all;

    use super::*;

    const CROWD: u64 = 100;

    /// A crowd that wants the same at once: how often it was loaded, and how many have it.
    async fn crowd(can: bool) -> (u64, usize) {
        let (turn, is_there, loads) = (Turn::default(), AtomicBool::new(false), AtomicU64::new(0));
        let load = async || {
            loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            is_there.store(can, Ordering::SeqCst);
            if can { Ok(()) } else { Err(io::Error::other("down")) }
        };
        let one = || turn.load(|| is_there.load(Ordering::SeqCst), load());
        let had = join_all((0..CROWD).map(|_| one())).await;
        (loads.load(Ordering::SeqCst), had.iter().filter(|had| had.is_ok()).count())
    }

    #[tokio::test]
    async fn one_loads_for_all_who_wait() {
        assert_eq!(crowd(true).await, (1, 100));
    }

    #[tokio::test]
    async fn one_fails_for_all_who_wait() {
        assert_eq!(crowd(false).await, (1, 0));
    }

    #[tokio::test]
    async fn after_a_failure_the_next_one_tries_again() {
        let turn = Turn::default();
        let down = async { Err(io::Error::other("down")) };
        assert!(turn.load(|| false, down).await.is_err());
        assert!(turn.load(|| false, async { Ok::<_, io::Error>(()) }).await.is_ok());
    }
}
