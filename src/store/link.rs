//! Whose accounts are, as it was said with one-time codes, and the codes that are open. Of a code
//! there is a hash alone.

use countersign_port::access::Identity;
use jiff::Timestamp;
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{Store, people_change::Changing, row};
use crate::domain::{
    id::PersonId,
    link::{Kept, Level, Link},
};

const LINKS: &str = "select provider, tenant, subject, person, level, made_by, made_at, \
   evidence from account_link order by provider, tenant, subject";

const LINK_OF: &str = "select provider, tenant, subject, person, level, made_by, made_at, evidence \
   from account_link where provider = $1 and tenant = $2 and subject = $3";

const LINK: &str = "insert into account_link (provider, tenant, subject, person, level, made_by, \
     made_at, evidence) values ($1, $2, $3, $4, $5, $6, $7, $8) \
   on conflict (provider, tenant, subject) do update set person = excluded.person, \
     level = excluded.level, made_by = excluded.made_by, made_at = excluded.made_at, \
     evidence = excluded.evidence";

const UNLINK: &str = "delete from account_link where provider = $1 and tenant = $2 \
   and subject = $3";

const CODE: &str = "insert into link_code (provider, tenant, subject, handle, sha256, wrong, \
     expires_at) values ($1, $2, $3, $4, $5, $6, $7) \
   on conflict (provider, tenant, subject) do update set handle = excluded.handle, \
     sha256 = excluded.sha256, wrong = excluded.wrong, expires_at = excluded.expires_at";

const PAST: &str = "delete from link_code where expires_at <= $1";

const FIND: &str = "select provider, tenant, subject, handle, sha256, wrong, expires_at \
   from link_code where handle = $1";

const WRONG: &str = "update link_code set wrong = wrong + 1 where handle = $1";

const USED: &str = "delete from link_code where handle = $1";

impl Store {
    /// Every link.
    pub async fn links(&self) -> Result<Vec<Link>, sqlx::Error> {
        let rows = sqlx::query(LINKS).fetch_all(&self.read).await?;
        rows.iter().map(link).collect()
    }

    /// Keeps a code in the place of an older one of the account.
    pub async fn put_link_code(&self, code: &Kept, now: Timestamp) -> Result<(), sqlx::Error> {
        let mut tx = self.write.begin_with(self.engine.begin()).await?;
        sqlx::query(PAST).bind(now.as_microsecond()).execute(&mut *tx).await?;
        let Identity { provider, tenant, subject } = &code.account;
        let query = sqlx::query(CODE).bind(provider).bind(tenant).bind(subject);
        let query = query.bind(&code.handle).bind(&code.sha256).bind(code.wrong);
        query.bind(code.expires_at.as_microsecond()).execute(&mut *tx).await?;
        tx.commit().await
    }
}

impl Changing<'_> {
    /// The code that is found by its first letters.
    pub async fn link_code(&mut self, handle: &str) -> Result<Option<Kept>, sqlx::Error> {
        find(&mut self.tx, handle).await
    }

    pub async fn wrong_link_code(&mut self, handle: &str) -> Result<(), sqlx::Error> {
        sqlx::query(WRONG).bind(handle).execute(&mut *self.tx).await.map(|_| ())
    }

    /// A code is good once.
    pub async fn use_link_code(&mut self, handle: &str) -> Result<(), sqlx::Error> {
        sqlx::query(USED).bind(handle).execute(&mut *self.tx).await.map(|_| ())
    }

    /// What was written down of an account.
    pub async fn link_of(&mut self, account: &Identity) -> Result<Option<Link>, sqlx::Error> {
        let Identity { provider, tenant, subject } = account;
        let query = sqlx::query(LINK_OF).bind(provider).bind(tenant).bind(subject);
        query.fetch_optional(&mut *self.tx).await?.as_ref().map(link).transpose()
    }

    /// Keeps a link, in the place of another of its account.
    pub async fn put_link(&mut self, link: &Link) -> Result<(), sqlx::Error> {
        let Identity { provider, tenant, subject } = &link.account;
        let query = sqlx::query(LINK).bind(provider).bind(tenant).bind(subject);
        let query = query.bind(link.person.as_str()).bind(link.level.as_str());
        let query = query.bind(&link.made_by).bind(link.made_at.as_microsecond());
        let query = query.bind(link.evidence.to_string());
        query.execute(&mut *self.tx).await.map(|_| ())
    }

    /// Ends a link.
    pub async fn unlink(&mut self, account: &Identity) -> Result<(), sqlx::Error> {
        let Identity { provider, tenant, subject } = account;
        let query = sqlx::query(UNLINK).bind(provider).bind(tenant).bind(subject);
        query.execute(&mut *self.tx).await.map(|_| ())
    }
}

async fn find(connection: &mut AnyConnection, handle: &str) -> Result<Option<Kept>, sqlx::Error> {
    let found = sqlx::query(FIND).bind(handle).fetch_optional(connection).await?;
    let kept = |found: &AnyRow| {
        Ok(Kept {
            account: account(found)?,
            sha256: found.try_get("sha256")?,
            wrong: found.try_get("wrong")?,
            expires_at: row::time("link_code", handle, found.try_get("expires_at")?)?,
            handle: handle.to_owned(),
        })
    };
    found.as_ref().map(kept).transpose()
}

fn link(found: &AnyRow) -> Result<Link, sqlx::Error> {
    let account = account(found)?;
    let (table, id) = ("account_link", account.address());
    let level: String = found.try_get("level")?;
    let unknown = || {
        let what = format!("unknown level `{level}`");
        row::ImpossibleRow { table, id: id.clone(), what }
    };
    Ok(Link {
        person: PersonId(found.try_get("person")?),
        level: Level::read(&level).ok_or_else(unknown)?,
        evidence: row::json(table, &id, found.try_get("evidence")?)?,
        made_by: found.try_get("made_by")?,
        made_at: row::time(table, &id, found.try_get("made_at")?)?,
        account,
    })
}

fn account(found: &AnyRow) -> Result<Identity, sqlx::Error> {
    Ok(Identity {
        provider: found.try_get("provider")?,
        tenant: found.try_get("tenant")?,
        subject: found.try_get("subject")?,
    })
}
