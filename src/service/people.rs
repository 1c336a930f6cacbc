//! The law in force, with what providers have told of people, and platforms of groups, up to this
//! moment, at any replica.

use std::sync::Arc;

use super::{Parts, Service};
use crate::law::Law;

impl Service {
    /// The law in force at this moment. Where there are providers the database is asked whether one
    /// has told something since, so that nobody who was switched off at another replica decides;
    /// where groups are asked for, whether one of them has changed.
    pub async fn law_now(&self) -> Result<Arc<Law>, sqlx::Error> {
        self.hear_doubts().await?;
        let law = self.law();
        let heard = law.heard();
        if heard.providers.is_empty() {
            return Ok(law);
        }
        if self.parts.store.people_version().await? != heard.provisioned.version {
            self.hear_people().await?;
        }
        Ok(self.law())
    }

    /// Believes no longer what was said of groups that have changed since, as any replica was told.
    pub async fn hear_doubts(&self) -> Result<(), sqlx::Error> {
        let Parts { store, doubts, law, .. } = &*self.parts;
        if law.load().asks_directories() {
            doubts.hear(&store.doubts().await?, law);
        }
        Ok(())
    }

    /// Takes what providers have told into the law.
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
