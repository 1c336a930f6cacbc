//! Sealed rows by the key that has sealed them, to seal them anew under another.

use sqlx::Row;

use super::{Store, record::Took};

/// A table with a sealed column, and what names its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    AdapterRecords,
    SigningKeys,
    Delegations,
}

/// A sealed text and the row that it stands in.
pub struct SealedRow {
    pub row: String,
    pub sealed: String,
}

impl Kept {
    pub const ALL: [Self; 3] = [Self::AdapterRecords, Self::SigningKeys, Self::Delegations];

    /// One of them and several, for operators.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::AdapterRecords => ("record of an adapter", "records of adapters"),
            Self::SigningKeys => ("signing key", "signing keys"),
            Self::Delegations => ("bearer of a delegation", "bearers of delegations"),
        }
    }

    const fn count(self) -> &'static str {
        match self {
            Self::AdapterRecords => {
                "select key_id, count(*) as n from adapter_record group by key_id"
            }
            Self::SigningKeys => {
                "select key_id, count(*) as n from signing_key where sealed <> '' group by key_id"
            }
            Self::Delegations => "select key_id, count(*) as n from delegation group by key_id",
        }
    }

    const fn others(self) -> &'static str {
        match self {
            Self::AdapterRecords => {
                "select name as id, sealed from adapter_record \
                 where key_id <> $1 and name > $2 order by name limit cast($3 as bigint)"
            }
            Self::SigningKeys => {
                "select kid as id, sealed from signing_key \
                 where key_id <> $1 and sealed <> '' and kid > $2 order by kid limit cast($3 as bigint)"
            }
            Self::Delegations => {
                "select id, sealed from delegation \
                 where key_id <> $1 and id > $2 order by id limit cast($3 as bigint)"
            }
        }
    }

    /// The public half of a signing key is needed for as long as something that it signed is alive.
    const fn give_up(self) -> &'static str {
        match self {
            Self::AdapterRecords => "delete from adapter_record where key_id = $1",
            Self::SigningKeys => "update signing_key set sealed = '' where key_id = $1",
            Self::Delegations => "delete from delegation where key_id = $1",
        }
    }

    /// Only over the text that was opened: what somebody wrote meanwhile stands.
    const fn replace(self) -> &'static str {
        match self {
            Self::AdapterRecords => {
                "update adapter_record set key_id = $2, sealed = $3 where name = $1 and sealed = $4"
            }
            Self::SigningKeys => {
                "update signing_key set key_id = $2, sealed = $3 where kid = $1 and sealed = $4"
            }
            Self::Delegations => {
                "update delegation set key_id = $2, sealed = $3 where id = $1 and sealed = $4"
            }
        }
    }
}

impl Store {
    /// How many rows each key has sealed.
    pub async fn sealed_by(&self, kept: Kept) -> Result<Vec<(String, i64)>, sqlx::Error> {
        let rows = sqlx::query(kept.count()).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get("key_id")?, row.try_get("n")?))).collect()
    }

    /// Rows that another key than this has sealed, in order, after one.
    pub async fn sealed_by_others(
        &self,
        kept: Kept,
        key_id: &str,
        after: &str,
        most: i64,
    ) -> Result<Vec<SealedRow>, sqlx::Error> {
        let query = sqlx::query(kept.others()).bind(key_id).bind(after).bind(most);
        let rows = query.fetch_all(&self.read).await?;
        let row = |row: &sqlx::any::AnyRow| {
            Ok(SealedRow { row: row.try_get("id")?, sealed: row.try_get("sealed")? })
        };
        rows.iter().map(row).collect()
    }

    /// Gives up all that a key has sealed, or nothing of it.
    pub async fn give_up_sealed(&self, key_id: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.write.begin().await?;
        for kept in Kept::ALL {
            sqlx::query(kept.give_up()).bind(key_id).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// Puts a text that was sealed anew in the place of the old one.
    pub async fn replace_sealed(
        &self,
        kept: Kept,
        old: &SealedRow,
        key_id: &str,
        sealed: &str,
    ) -> Result<Took, sqlx::Error> {
        let query = sqlx::query(kept.replace()).bind(&old.row).bind(key_id);
        let rows = query.bind(sealed).bind(&old.sealed).execute(&self.write).await?;
        Ok(if rows.rows_affected() == 0 { Took::No } else { Took::Yes })
    }
}

impl std::fmt::Debug for SealedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedRow").field("row", &self.row).finish_non_exhaustive()
    }
}
