//! One page of a search: walk down one key, newest first, and keep what fits. No page looks at
//! more than a bounded number of rows, so that the rarest search answers as fast as any.

use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    cursor::{Page, Position},
    filter::{Candidate, Filter, Voted},
    row,
};

/// How many rows are read at a time, at most.
const BLOCK_MAX: usize = 500;
/// After so many rows a page ends, however few of them fit.
const LOOKED_AT_MAX: usize = 1_000;

/// What of a request is looked at; `$5` is the approver that is looked for.
macro_rules! candidate {
    () => {
        "r.id as request_id, r.client, r.subject, r.parts, r.rules, r.channels, \
         coalesce(o.status, 'pending') as status, \
         case when exists (select 1 from vote v \
           where v.request_id = r.id and v.person = cast($5 as text)) then 1 else 0 end as voted "
    };
}
pub(super) use candidate;

/// How to walk: a statement that yields `at`, `id` and a candidate, below `($1, $2)`, from `$3`
/// on, at most `$4` rows.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) text: &'static str,
    /// What the key begins with: `$6` and on.
    pub(super) words: Vec<&'a str>,
    pub(super) filter: &'a Filter,
    pub(super) sieve: Sieve,
}

/// Whether the key says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sieve {
    /// Every row of the walk fits.
    Open,
    /// Each row has to be looked at.
    Fine,
}

impl Walk<'_> {
    /// The places of the next rows that fit.
    pub(super) async fn page(
        &self,
        connection: &mut AnyConnection,
        mut below: Position,
        limit: usize,
        fits: impl Fn(&AnyRow) -> Result<bool, sqlx::Error> + Send,
    ) -> Result<Page<Position>, sqlx::Error> {
        // One more than wanted tells whether there is more. A dense search ends with the first
        // block, a sparse one soon reads large ones.
        let mut block = limit + 1;
        let mut items = Vec::new();
        let mut looked_at = 0;
        while looked_at < LOOKED_AT_MAX {
            let rows = self.rows(connection, &below, block).await?;
            let is_last = rows.len() < block;
            looked_at += rows.len();
            for row in rows {
                if items.len() == limit {
                    return Ok(Page { items, next: Some(below) });
                }
                below = Position { at_us: row.try_get("at")?, id: row.try_get("id")? };
                if fits(&row)? {
                    items.push(below.clone());
                }
            }
            if is_last {
                return Ok(Page { items, next: None });
            }
            block = (block * 4).min(BLOCK_MAX);
        }
        Ok(Page { items, next: Some(below) })
    }

    async fn rows(
        &self,
        connection: &mut AnyConnection,
        below: &Position,
        block: usize,
    ) -> Result<Vec<AnyRow>, sqlx::Error> {
        let from_us = self.filter.from.map_or(i64::MIN, |from| from.0.as_microsecond());
        let mut query = sqlx::query(self.text)
            .bind(below.at_us)
            .bind(&below.id)
            .bind(from_us)
            .bind(i64::try_from(block).unwrap_or(i64::MAX))
            .bind(self.filter.approver.as_deref());
        for word in &self.words {
            query = query.bind(*word);
        }
        query.fetch_all(connection).await
    }
}

/// The request that a row of a walk is about.
pub(super) fn read_candidate(row: &AnyRow) -> Result<Candidate, sqlx::Error> {
    let request_id: String = row.try_get("request_id")?;
    let list = |name: &str| -> Result<Vec<String>, sqlx::Error> {
        Ok(row::json("request", &request_id, row.try_get(name)?)?)
    };
    let voted: i64 = row.try_get("voted")?;
    Ok(Candidate {
        parts: list("parts")?,
        rules: list("rules")?,
        channels: list("channels")?,
        client: row.try_get("client")?,
        subject: row.try_get("subject")?,
        status: row.try_get("status")?,
        wanted_approver: if voted == 1 { Voted::Yes } else { Voted::No },
        request_id,
    })
}
