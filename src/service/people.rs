//! The law in force, with what providers have told of people up to this moment, at any replica.

use std::sync::Arc;

use super::Service;
use crate::law::Law;

impl Service {
    /// The law in force at this moment. Where there are providers the database is asked whether one
    /// has told something since, so that nobody who was switched off at another replica decides.
    pub async fn law_now(&self) -> Result<Arc<Law>, sqlx::Error> {
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
