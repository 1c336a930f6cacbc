//! The law in force, with what was changed of people and platforms of groups up to this moment, at any
//! replica.

use std::sync::Arc;

use super::{Parts, Service};
use crate::{law::Law, store::glance::Marks};

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
        if marks.people != self.law().heard().provisioned.version {
            self.hear_people().await?;
        }
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
