//! Linking accounts to people by one-time codes: the code is made in chat, for whoever holds the
//! account there, and handed in by an operator, who says whose it is.

use countersign_port::access::Identity;
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    domain::{
        approval::later,
        id::PersonId,
        link::{Code, Fault, Kept, LIFE_SECONDS, Level, Link, check},
    },
    store::people_change::Line,
};

/// Why nothing was linked.
#[derive(Debug, thiserror::Error)]
pub enum NotLinked {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the database cannot be read or written: nothing was changed")]
    Database(#[from] sqlx::Error),
}

impl Desk<'_> {
    /// Makes a code for an account that nobody has. An older one is good no more.
    pub async fn make_code(&self, account: &Identity) -> Result<Code, sqlx::Error> {
        let code = Code::of(self.seeds.seed().ids(self.now).bytes());
        let kept = Kept {
            account: account.clone(),
            handle: code.handle().to_owned(),
            sha256: code.sha256(),
            wrong: 0,
            expires_at: later(self.now, LIFE_SECONDS),
        };
        self.store.put_link_code(&kept, self.now).await?;
        Ok(code)
    }

    /// Links the account that a code was made for. A code that is wrong is written down, and counts.
    pub async fn link(
        &self,
        actor: &str,
        code: &str,
        person: &PersonId,
    ) -> Result<Link, NotLinked> {
        let code = Code::read(code).ok_or(Fault::NoCode)?;
        let mut changing = self.store.change_people(self.now).await?;
        let kept = changing.link_code(code.handle()).await?.ok_or(Fault::Unknown)?;
        if let Err(fault) = kept.check(&code, self.now) {
            changing.wrong_link_code(code.handle()).await?;
            let line = self.linked("link_refused", person, &kept.account, &json!({}));
            changing.commit(actor, &line).await?;
            return Err(fault.into());
        }
        check(&kept.account, person, &self.law.people)?;
        if self.law.barred().contains(person) {
            return Err(Fault::Barred.into());
        }
        let link = Link {
            account: kept.account,
            person: person.clone(),
            level: Level::Declared,
            made_by: actor.to_owned(),
            made_at: self.now,
        };
        changing.link(code.handle(), &link).await?;
        let evidence = json!({ "level": link.level.as_str(), "with": "one_time_code" });
        changing
            .commit(actor, &self.linked("account_linked", person, &link.account, &evidence))
            .await?;
        Ok(link)
    }

    /// Ends a link that was made by a code.
    pub async fn unlink(&self, actor: &str, account: &Identity) -> Result<PersonId, NotLinked> {
        let mut changing = self.store.change_people(self.now).await?;
        let person = changing.unlink(account).await?.ok_or(Fault::NotLinked)?;
        changing
            .commit(actor, &self.linked("account_unlinked", &person, account, &json!({})))
            .await?;
        Ok(person)
    }

    fn linked(
        &self,
        what: &'static str,
        person: &PersonId,
        account: &Identity,
        more: &Value,
    ) -> Line {
        let body = json!({ "account": account, "evidence": more });
        Line { id: self.id(), what, subject: person.to_string(), body }
    }
}
