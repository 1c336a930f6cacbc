//! Codes for people who have signed in: they type them in chat, and their account there is linked.

use async_trait::async_trait;
use countersign_port::{
    access::Identity,
    sign_in::{LinkCode, NoCode, SignIns},
};

use super::Service;
use crate::domain::{link::LIFE_SECONDS, stand_in::shown_name};

#[async_trait]
impl SignIns for Service {
    async fn signed_in(&self, account: &Identity) -> Result<LinkCode, NoCode> {
        let later = |error: sqlx::Error| {
            tracing::error!(%error, "a code for somebody who has signed in could not be made");
            NoCode::Later
        };
        let law = self.law_now().await.map_err(later)?;
        let person = law.people.by_identity(account).ok_or(NoCode::Nobody)?;
        if law.barred().contains(&person.id) {
            return Err(NoCode::Barred);
        }
        let code = self.desk(&law).make_code(account).await.map_err(later)?;
        Ok(LinkCode {
            code: code.words(),
            name: shown_name(&person.id, &law.people),
            minutes: LIFE_SECONDS / 60,
        })
    }
}
