//! The requests behind approvals: by the id of the approval, or by what it was given for; and the
//! one behind an idempotency key.

use sqlx::{Row, any::AnyRow};

use super::{Store, load, row};
use crate::domain::{
    access::slice::View,
    id::{ApprovalId, ClientId, RequestId},
};

const BY_ID: &str = "select request_id from approval where id = $1";

/// The live ones first, then the newest.
const BY_FRAME: &str = "select request_id from approval where frame = $1 \
   order by case when status = 'live' then 0 else 1 end, request_id desc limit 50";

const BY_KEY: &str =
    "select request_id, body_sha256 from idempotency where client = $1 and key = $2";

impl Store {
    /// The request that an approval was given for.
    pub async fn approved(&self, id: &ApprovalId) -> Result<Option<View>, sqlx::Error> {
        let mut connection = self.read.acquire().await?;
        let found = sqlx::query(BY_ID).bind(id.as_str()).fetch_optional(&mut *connection).await?;
        match found.as_ref().map(request).transpose()? {
            Some(request) => load::read_one(&mut connection, &request).await,
            None => Ok(None),
        }
    }

    /// The requests whose approvals were given for this, whatever of it was granted.
    pub async fn approved_for(&self, frame: &str) -> Result<Vec<View>, sqlx::Error> {
        let mut connection = self.read.acquire().await?;
        let rows = sqlx::query(BY_FRAME).bind(frame).fetch_all(&mut *connection).await?;
        let requests: Vec<RequestId> = rows.iter().map(request).collect::<Result<_, _>>()?;
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        load::read_many(&mut connection, requests).await
    }

    /// The request that a client opened with this key, and the digest of its body.
    pub async fn keyed(
        &self,
        client: &ClientId,
        key: &str,
    ) -> Result<Option<(RequestId, String)>, sqlx::Error> {
        let query = sqlx::query(BY_KEY).bind(client.as_str()).bind(key);
        let found = query.fetch_optional(&self.read).await?;
        found.map(|found| Ok((request(&found)?, found.try_get("body_sha256")?))).transpose()
    }
}

fn request(found: &AnyRow) -> Result<RequestId, sqlx::Error> {
    let id: String = found.try_get("request_id")?;
    Ok(row::id("approval", &id)?)
}
