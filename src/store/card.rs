//! Cards as they were posted, and which there are.

use countersign_port::access::Loss;
use sqlx::{
    Any, Row,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use super::{Store, row};
use crate::domain::{
    access::effects::Reader,
    id::{CardId, RequestId},
};

/// A card as it was posted, or is about to be.
#[derive(Clone)]
pub struct PostedCard {
    pub id: CardId,
    pub reader: Reader,
    pub request: RequestId,
    pub item: usize,
    pub platform: String,
    pub address: String,
    /// Where it was posted, once it is known.
    pub message: Option<String>,
    /// The key of its buttons.
    pub secret: [u8; 32],
    /// Why it was taken back, if it was.
    pub withdrawn: Option<Loss>,
    /// How many steps the plan of its item has.
    pub steps: usize,
}

const POSTED: &str = "select o.message from outbox o \
   where o.request_id = $1 and o.kind = 'card' and o.item = $2 and o.target = $3 \
     and o.message is not null and o.withdrawn is null order by o.created_at desc limit 1";

/// Where the card of an item was posted last on a platform.
pub async fn posted(
    store: &Store,
    request: &RequestId,
    item: usize,
    platform: &str,
) -> Result<Option<String>, sqlx::Error> {
    let query = sqlx::query_scalar(POSTED).bind(request.as_str());
    let query = query.bind(i64::try_from(item).unwrap_or(i64::MAX)).bind(platform);
    query.fetch_optional(&store.read).await
}

/// The key of a card's buttons, from its column.
pub fn secret(id: &CardId, hexadecimal: &str) -> Result<[u8; 32], row::ImpossibleRow> {
    let mut secret = [0; 32];
    hex::decode_to_slice(hexadecimal, &mut secret).map_err(|error| row::ImpossibleRow {
        table: "outbox",
        id: id.to_string(),
        what: error.to_string(),
    })?;
    Ok(secret)
}

/// Why a card was taken back, from its column.
pub fn loss(id: &CardId, why: Option<&str>) -> Result<Option<Loss>, row::ImpossibleRow> {
    let known = |why: &str| {
        let all = [Loss::Shared, Loss::Removed, Loss::Refused];
        all.into_iter().find(|loss| loss.as_str() == why).ok_or_else(|| row::ImpossibleRow {
            table: "outbox",
            id: id.to_string(),
            what: format!("unknown loss `{why}`"),
        })
    };
    why.map(known).transpose()
}

/// From the requests that are open to their cards, and never the other way round, which is through
/// all cards that there ever were: SQLite keeps to the order of a cross join.
pub(super) const OPEN_CARDS: &str = "select distinct o.request_id, o.address \
   from request r cross join outbox o \
   where o.request_id = r.id and r.settled_at is null and o.kind = 'card' and o.target = $1 and o.withdrawn is null \
     and substr(o.message, 1, length(cast($2 as text))) = $2";

pub(super) const UNPOSTED_CARDS: &str = "select distinct o.request_id, o.address \
   from request r cross join outbox o \
   where o.request_id = r.id and r.settled_at is null and o.kind = 'card' and o.target = $1 and o.withdrawn is null \
     and o.message is null and o.state = 'due' and o.address = $2";

/// The channels in which open requests have a message whose reference begins so.
pub async fn open_cards(
    store: &Store,
    platform: &str,
    messages: &str,
) -> Result<Vec<(RequestId, String)>, sqlx::Error> {
    listed(store, sqlx::query(OPEN_CARDS).bind(platform).bind(messages)).await
}

/// The cards of open requests that are about to be posted in a channel, or are on their way.
pub async fn unposted_cards(
    store: &Store,
    platform: &str,
    channel: &str,
) -> Result<Vec<(RequestId, String)>, sqlx::Error> {
    listed(store, sqlx::query(UNPOSTED_CARDS).bind(platform).bind(channel)).await
}

async fn listed(
    store: &Store,
    query: Query<'_, Any, AnyArguments>,
) -> Result<Vec<(RequestId, String)>, sqlx::Error> {
    let rows = query.fetch_all(&store.read).await?;
    let card = |row: &AnyRow| {
        Ok((row::id("outbox", row.try_get("request_id")?)?, row.try_get("address")?))
    };
    rows.iter().map(card).collect()
}

impl std::fmt::Debug for PostedCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostedCard").field("id", &self.id).finish_non_exhaustive()
    }
}
