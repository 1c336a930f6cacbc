//! Who stands in for whom: what is arranged, arranging and ending it. What was ended is not read any
//! more; what has run out is, because something may have been decided by it that is still open.

use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{Store, people_change::Changing, row};
use crate::domain::{id::PersonId, stand_in::StandIn};

const ARRANGED: &str = "select id, away, delegate, from_at, until_at from stand_in \
   where state = 'arranged' order by id";

const PUT: &str = "insert into stand_in (id, away, delegate, from_at, until_at, state, arranged_at) \
   values ($1, $2, $3, $4, $5, 'arranged', $6)";

const END: &str = "update stand_in set state = 'ended' where id = $1";

impl Store {
    /// Everything that is arranged.
    pub async fn stand_ins(&self) -> Result<Vec<StandIn>, sqlx::Error> {
        arranged(&mut *self.read.acquire().await?).await
    }
}

impl Changing<'_> {
    /// Everything that is arranged, and that nobody changes meanwhile.
    pub async fn stand_ins(&mut self) -> Result<Vec<StandIn>, sqlx::Error> {
        arranged(&mut self.tx).await
    }

    pub async fn put_stand_in(&mut self, one: &StandIn) -> Result<(), sqlx::Error> {
        let query = sqlx::query(PUT).bind(&one.id).bind(one.away.as_str());
        let query = query.bind(one.delegate.as_str()).bind(one.from.as_microsecond());
        let query = query.bind(one.until.as_microsecond()).bind(self.now.as_microsecond());
        query.execute(&mut *self.tx).await.map(|_| ())
    }

    pub async fn end_stand_in(&mut self, id: &str) -> Result<(), sqlx::Error> {
        sqlx::query(END).bind(id).execute(&mut *self.tx).await.map(|_| ())
    }
}

async fn arranged(connection: &mut AnyConnection) -> Result<Vec<StandIn>, sqlx::Error> {
    let rows = sqlx::query(ARRANGED).fetch_all(connection).await?;
    rows.iter().map(stand_in).collect()
}

fn stand_in(found: &AnyRow) -> Result<StandIn, sqlx::Error> {
    let id: String = found.try_get("id")?;
    Ok(StandIn {
        away: PersonId(found.try_get("away")?),
        delegate: PersonId(found.try_get("delegate")?),
        from: row::time("stand_in", &id, found.try_get("from_at")?)?,
        until: row::time("stand_in", &id, found.try_get("until_at")?)?,
        id,
    })
}
