//! The keys that credentials are signed with, sealed.

use sqlx::Row;

use super::{Store, record::Took};

const LOAD: &str =
    "select generation, public, signs_from, sealed from signing_key order by generation";

const INSERT: &str = "insert into signing_key (generation, kid, public, signs_from, key_id, sealed) \
   values ($1, $2, $3, $4, $5, $6) on conflict (generation) do nothing";

/// What stands in the place of a private key that was lost.
pub const GIVEN_UP: &str = "";

/// A key as it is stored.
pub struct SealedKey {
    pub generation: i64,
    /// The public half, a JWK with its id.
    pub public: String,
    pub signs_from_us: i64,
    pub sealed: String,
}

impl Store {
    /// All keys, the oldest first.
    pub async fn signing_keys(&self) -> Result<Vec<SealedKey>, sqlx::Error> {
        let rows = sqlx::query(LOAD).fetch_all(&self.read).await?;
        let key = |row: &sqlx::any::AnyRow| {
            Ok(SealedKey {
                generation: row.try_get("generation")?,
                public: row.try_get("public")?,
                signs_from_us: row.try_get("signs_from")?,
                sealed: row.try_get("sealed")?,
            })
        };
        rows.iter().map(key).collect()
    }

    /// Adds a key, unless somebody else has added the same generation.
    pub async fn add_signing_key(
        &self,
        key: &SealedKey,
        kid: &str,
        key_id: &str,
    ) -> Result<Took, sqlx::Error> {
        let query = sqlx::query(INSERT).bind(key.generation).bind(kid).bind(&key.public);
        let query = query.bind(key.signs_from_us).bind(key_id).bind(&key.sealed);
        let rows = query.execute(&self.write).await?.rows_affected();
        Ok(if rows == 0 { Took::No } else { Took::Yes })
    }
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedKey").field("generation", &self.generation).finish_non_exhaustive()
    }
}
