//! Linking accounts to people. A one-time code is made where somebody has proven one side, and is
//! handed in where the other side is known: in chat by whoever has signed in, or by an operator who
//! says whose the account is. What an e-mail address says is written down as a proposal.

use countersign_port::access::Identity;
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    domain::{
        approval::later,
        id::PersonId,
        link::{Code, Effect, Fault, Kept, LIFE_SECONDS, Level, Link},
    },
    store::people_change::{Changing, Line},
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
    /// Makes a code for an account in chat, or for the one that somebody has signed in with. An older
    /// one is good no more.
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

    /// Links the account that a code was made for in chat, as an operator says.
    pub async fn link(
        &self,
        actor: &str,
        code: &str,
        person: &PersonId,
    ) -> Result<Link, NotLinked> {
        let (changing, kept) = self.take_code(actor, code, person.as_str()).await?;
        if kept.is_of_sign_in() {
            return Err(Fault::ForChat.into());
        }
        let link = Link {
            account: kept.account,
            person: person.clone(),
            level: Level::Declared,
            evidence: json!({ "with": "one_time_code" }),
            made_by: actor.to_owned(),
            made_at: self.now,
        };
        self.keep(changing, &kept.handle, link).await
    }

    /// Links an account in chat to whoever has signed in for the code that is typed there.
    pub async fn confirm(&self, account: &Identity, code: &str) -> Result<Link, NotLinked> {
        let typed_by = account.address();
        let (changing, kept) = self.take_code(&account.provider, code, &typed_by).await?;
        if !kept.is_of_sign_in() {
            return Err(Fault::ForOperator.into());
        }
        let person = self.law.people.by_identity(&kept.account).ok_or(Fault::Stranger)?;
        let link = Link {
            account: account.clone(),
            person: person.id.clone(),
            level: Level::Proven,
            evidence: json!({
                "with": "sign_in",
                "issuer": kept.account.tenant,
                "subject": kept.account.subject,
                "signed_in_at": kept.made_at(),
            }),
            made_by: person.id.to_string(),
            made_at: self.now,
        };
        self.keep(changing, &kept.handle, link).await
    }

    /// Writes down once whose an account is by its address. It counts for nothing.
    pub async fn propose(&self, account: &Identity, person: &PersonId) -> Result<(), sqlx::Error> {
        let mut changing = self.store.change_people(self.now).await?;
        if changing.link_of(account).await?.is_some() {
            return Ok(());
        }
        let link = Link {
            account: account.clone(),
            person: person.clone(),
            level: Level::Email,
            evidence: json!({ "with": "email_address" }),
            made_by: account.provider.clone(),
            made_at: self.now,
        };
        changing.put_link(&link).await?;
        let said = self.linked("link_proposed", person, account, &told(&link));
        changing.commit(&account.provider, &said).await
    }

    /// Ends a link, or a proposal.
    pub async fn unlink(&self, actor: &str, account: &Identity) -> Result<PersonId, NotLinked> {
        let mut changing = self.store.change_people(self.now).await?;
        let link = changing.link_of(account).await?.ok_or(Fault::NotLinked)?;
        changing.unlink(account).await?;
        let said = self.linked("account_unlinked", &link.person, account, &told(&link));
        changing.commit(actor, &said).await?;
        Ok(link.person)
    }

    /// Finds a code. One that is wrong is written down, and counts.
    async fn take_code(
        &self,
        actor: &str,
        code: &str,
        about: &str,
    ) -> Result<(Changing<'_>, Kept), NotLinked> {
        let code = Code::read(code).ok_or(Fault::NoCode)?;
        let mut changing = self.store.change_people(self.now).await?;
        let kept = changing.link_code(code.handle()).await?.ok_or(Fault::Unknown)?;
        if let Err(fault) = kept.check(&code, self.now) {
            changing.wrong_link_code(code.handle()).await?;
            let about = PersonId::from(about);
            let line = self.linked("link_refused", &about, &kept.account, &json!({}));
            changing.commit(actor, &line).await?;
            return Err(fault.into());
        }
        Ok((changing, kept))
    }

    /// Uses a code up, and keeps the link in the place of a weaker one.
    async fn keep(
        &self,
        mut changing: Changing<'_>,
        handle: &str,
        link: Link,
    ) -> Result<Link, NotLinked> {
        let before = changing.link_of(&link.account).await?;
        let effect = link.check(before.as_ref(), &self.law.people)?;
        if self.law.barred().contains(&link.person) {
            return Err(Fault::Barred.into());
        }
        changing.use_link_code(handle).await?;
        changing.put_link(&link).await?;
        let what = match effect {
            Effect::Made => "account_linked",
            Effect::Raised => "link_raised",
        };
        let said = self.linked(what, &link.person, &link.account, &told(&link));
        changing.commit(&link.made_by, &said).await?;
        Ok(link)
    }

    fn linked(
        &self,
        what: &'static str,
        person: &PersonId,
        account: &Identity,
        evidence: &Value,
    ) -> Line {
        let body = json!({ "account": account, "evidence": evidence });
        Line { id: self.id(), what, subject: person.to_string(), body }
    }
}

/// The evidence of a link, with its level.
fn told(link: &Link) -> Value {
    let mut told = link.evidence.clone();
    if let Some(told) = told.as_object_mut() {
        told.insert("level".to_owned(), link.level.as_str().into());
    }
    told
}
