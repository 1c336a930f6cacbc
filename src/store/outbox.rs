//! The outbox's rows: claim, settle, postpone. Claiming moves `due_at` to the end of the lease, so
//! that work of a worker that is lost becomes due again by itself.

use countersign_port::{access::Loss, delegation::Verdict};
use sqlx::{Row, any::AnyRow};

use super::{
    Store,
    card::{loss, secret},
    row,
};
use crate::domain::{
    access::effects::Reader,
    id::{CardId, EventId, RequestId},
};

/// Something to send, leased to this process.
#[derive(Clone)]
pub struct Claimed {
    pub request: RequestId,
    pub lane: String,
    /// Platform of a card, client of a callback, connection of an answer.
    pub target: String,
    /// Channel of a card, account of the requester's, endpoint of a callback or of an answer.
    pub address: String,
    /// Only who holds the fence may write the result.
    pub fence: i64,
    /// Counts the attempts from 1.
    pub attempt: i64,
    pub created_at_us: i64,
    pub parcel: Parcel,
}

/// What is to be sent.
#[derive(Clone)]
pub enum Parcel {
    Card {
        id: CardId,
        reader: Reader,
        item: usize,
        secret: [u8; 32],
        message: Option<String>,
        /// The last entry of the log that its thread tells.
        told: i64,
        /// Why it was taken back, if it was.
        withdrawn: Option<Loss>,
    },
    Callback {
        id: EventId,
        sequence: i64,
        body: String,
    },
    /// The answer to a server that has handed a decision over.
    Answer {
        id: EventId,
        verdict: Verdict,
    },
}

/// Lanes that have something due, each once: a walk along the index from lane to lane, so that a
/// million rows in one lane cost as much as one.
const LANES: &str = "with recursive l(lane) as ( \
     select min(o.lane) from outbox o where o.state = 'due' \
     union all \
     select (select min(o.lane) from outbox o where o.state = 'due' and o.lane > l.lane) \
     from l where l.lane is not null) \
   select l.lane from l where l.lane is not null \
     and (select min(o.due_at) from outbox o where o.state = 'due' and o.lane = l.lane) <= $1";

/// The condition stands inside and outside, because two workers may choose the same rows.
const CLAIM: &str = "update outbox set due_at = $1, fence = fence + 1, attempt = attempt + 1, \
     error = null \
   where id in ( \
     select o.id from outbox o \
     where o.state = 'due' and o.lane = $2 and o.due_at <= $3 \
       and (o.kind <> 'callback' or not exists ( \
         select 1 from outbox e \
         where e.request_id = o.request_id and e.kind = 'callback' and e.state = 'due' \
           and e.sequence < o.sequence)) \
     order by o.due_at limit cast($4 as bigint)) \
   and state = 'due' and due_at <= $3 \
   returning id, kind, request_id, item, lane, target, address, sequence, body, secret, message, \
     told, withdrawn, fence, attempt, created_at";

/// A callback behind one that waits for its next try is not due before that one is. A forerunner with
/// an error waits; one without is being sent, and who follows it may be due at once.
const LINE_UP: &str = "update outbox set due_at = ( \
     select max(e.due_at) from outbox e \
     where e.request_id = outbox.request_id and e.kind = 'callback' and e.state = 'due' \
       and e.sequence < outbox.sequence and e.error is not null) \
   where lane = $1 and state = 'due' and due_at <= $2 and kind = 'callback' and exists ( \
     select 1 from outbox e \
     where e.request_id = outbox.request_id and e.kind = 'callback' and e.state = 'due' \
       and e.sequence < outbox.sequence and e.error is not null and e.due_at > $2)";

/// What was taken back while it was drawn, or while it was on its way, is drawn so at once. While its
/// thread is behind, each try is one more.
const SHOWN: &str = "update outbox set shown = $3, message = $4, told = $6, \
     attempt = case when cast($7 as text) = 'behind' then attempt else 0 end, \
     error = null, due_at = $5, \
     state = case when want > $3 or cast($7 as text) = 'behind' \
       or coalesce(withdrawn, '') <> coalesce(cast($8 as text), '') then 'due' else 'done' end \
   where id = $1 and fence = $2";

const TELLING: &str = "update outbox set told = $3 where id = $1 and fence = $2";

const POSTPONE: &str = "update outbox set due_at = $3, error = $4 where id = $1 and fence = $2";

const RENEW_SECRET: &str = "update outbox set secret = $3 where id = $1 and fence = $2";

const ANEW: &str = "update outbox set message = null, secret = $3 where id = $1 and fence = $2";

const DEAD: &str = "update outbox set state = 'dead', error = $3 where id = $1 and fence = $2";

const RELEASE: &str = "update outbox set due_at = $3, attempt = attempt - 1 \
   where id = $1 and fence = $2";

const REDRAW: &str = "update outbox set state = 'due' where id = $1 and state = 'done'";

const REDRIVE: &str = "update outbox set state = 'due', due_at = $1, attempt = 0, error = null, \
     created_at = $1 \
   where state = 'dead' and kind = 'callback' \
     and (cast($2 as text) is null or id = $2) and (cast($3 as text) is null or target = $3)";

const DEAD_LETTERS: &str = "select id, request_id, target, address, state, attempt, created_at, \
     error \
   from outbox where state in ('dead', 'unknown') order by created_at, id limit cast($1 as bigint)";

impl Store {
    /// The lanes that have something due now.
    pub async fn due_lanes(&self, now_us: i64) -> Result<Vec<String>, sqlx::Error> {
        let rows = sqlx::query(LANES).bind(now_us).fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get("lane")).collect()
    }

    /// Leases up to `most` rows of a lane until `lease_us`.
    pub async fn claim(
        &self,
        lane: &str,
        now_us: i64,
        lease_us: i64,
        most: i64,
    ) -> Result<Vec<Claimed>, sqlx::Error> {
        let rows = sqlx::query(CLAIM)
            .bind(lease_us)
            .bind(lane)
            .bind(now_us)
            .bind(most)
            .fetch_all(&self.write)
            .await?;
        rows.iter().map(claimed).collect()
    }

    /// Has callbacks of a lane wait for as long as those before them do, so that nobody looks at
    /// them in vain until then.
    pub async fn line_up(&self, lane: &str, now_us: i64) -> Result<(), sqlx::Error> {
        sqlx::query(LINE_UP).bind(lane).bind(now_us).execute(&self.write).await.map(|_| ())
    }

    /// A card shows this picture now. Says whether this worker still held the lease. `due_us` is
    /// when it goes on, if it has to.
    pub async fn shown(
        &self,
        id: &CardId,
        fence: i64,
        picture: &Picture,
        due_us: i64,
    ) -> Result<Lease, sqlx::Error> {
        let thread = match picture.thread {
            Thread::Told => "told",
            Thread::Behind => "behind",
        };
        let query = sqlx::query(SHOWN)
            .bind(id.as_str())
            .bind(fence)
            .bind(picture.version)
            .bind(&picture.message)
            .bind(due_us)
            .bind(picture.told)
            .bind(thread)
            .bind(picture.withdrawn.map(Loss::as_str));
        Lease::of(query.execute(&self.write).await?.rows_affected())
    }

    /// The thread of a card is about to be told up to this entry. Written before it is sent.
    pub async fn telling(&self, id: &CardId, fence: i64, told: i64) -> Result<Lease, sqlx::Error> {
        let query = sqlx::query(TELLING).bind(id.as_str()).bind(fence).bind(told);
        Lease::of(query.execute(&self.write).await?.rows_affected())
    }

    /// Tries again later.
    pub async fn postpone(
        &self,
        claimed: &Claimed,
        due_us: i64,
        error: &str,
    ) -> Result<Lease, sqlx::Error> {
        let query = sqlx::query(POSTPONE).bind(claimed.id()).bind(claimed.fence).bind(due_us);
        Lease::of(query.bind(error).execute(&self.write).await?.rows_affected())
    }

    /// New buttons: those of a card that may or may not have been posted are dead from here on.
    pub async fn renew_secret(
        &self,
        claimed: &Claimed,
        secret: [u8; 32],
    ) -> Result<Lease, sqlx::Error> {
        let query = sqlx::query(RENEW_SECRET).bind(claimed.id()).bind(claimed.fence);
        Lease::of(query.bind(hex::encode(secret)).execute(&self.write).await?.rows_affected())
    }

    /// Forgets where a card was posted: it goes out once more, with buttons of its own.
    pub async fn post_anew(
        &self,
        claimed: &Claimed,
        secret: [u8; 32],
    ) -> Result<Lease, sqlx::Error> {
        let query = sqlx::query(ANEW).bind(claimed.id()).bind(claimed.fence);
        Lease::of(query.bind(hex::encode(secret)).execute(&self.write).await?.rows_affected())
    }

    /// Never tried again by itself.
    pub async fn bury(&self, claimed: &Claimed, error: &str) -> Result<Lease, sqlx::Error> {
        let query = sqlx::query(DEAD).bind(claimed.id()).bind(claimed.fence).bind(error);
        Lease::of(query.execute(&self.write).await?.rows_affected())
    }

    /// Gives a lease back unused.
    pub async fn release(&self, claimed: &Claimed, now_us: i64) -> Result<Lease, sqlx::Error> {
        let query = sqlx::query(RELEASE).bind(claimed.id()).bind(claimed.fence).bind(now_us);
        Lease::of(query.execute(&self.write).await?.rows_affected())
    }

    /// Draws a card once more: a writer that had lost its lease may have drawn an old picture.
    pub async fn redraw(&self, id: &CardId) -> Result<(), sqlx::Error> {
        sqlx::query(REDRAW).bind(id.as_str()).execute(&self.write).await.map(|_| ())
    }

    /// Makes dead callbacks due again, all of them or those of one id or client. Ids and order
    /// stay. Returns how many.
    pub async fn redrive(
        &self,
        now_us: i64,
        id: Option<&str>,
        client: Option<&str>,
    ) -> Result<u64, sqlx::Error> {
        let query = sqlx::query(REDRIVE).bind(now_us).bind(id).bind(client);
        Ok(query.execute(&self.write).await?.rows_affected())
    }

    /// What was given up, oldest first.
    pub async fn dead_letters(&self, most: i64) -> Result<Vec<DeadLetter>, sqlx::Error> {
        let rows = sqlx::query(DEAD_LETTERS).bind(most).fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                Ok(DeadLetter {
                    id: row.try_get("id")?,
                    request: row.try_get("request_id")?,
                    target: row.try_get("target")?,
                    address: row.try_get("address")?,
                    state: row.try_get("state")?,
                    attempts: row.try_get("attempt")?,
                    created_at_us: row.try_get("created_at")?,
                    error: row.try_get("error")?,
                })
            })
            .collect()
    }
}

/// What a channel shows of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub version: i64,
    /// Where it is.
    pub message: String,
    /// The last entry of the log that its thread tells.
    pub told: i64,
    pub thread: Thread,
    /// Why it was taken back, if it is drawn so.
    pub withdrawn: Option<Loss>,
}

/// Whether a thread tells everything that it is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thread {
    Told,
    Behind,
}

/// Something that was given up.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DeadLetter {
    pub id: String,
    pub request: String,
    pub target: String,
    pub address: String,
    /// `dead`, or `unknown` where it may have arrived.
    pub state: String,
    pub attempts: i64,
    pub created_at_us: i64,
    pub error: Option<String>,
}

/// Whether a worker still held the lease when it wrote its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    Held,
    Lost,
}

impl Lease {
    #[expect(clippy::unnecessary_wraps, reason = "ends a chain of fallible calls")]
    fn of(rows: u64) -> Result<Self, sqlx::Error> {
        Ok(if rows == 0 { Self::Lost } else { Self::Held })
    }
}

impl Claimed {
    /// The id of the row.
    pub fn id(&self) -> &str {
        match &self.parcel {
            Parcel::Card { id, .. } => id.as_str(),
            Parcel::Callback { id, .. } | Parcel::Answer { id, .. } => id.as_str(),
        }
    }
}

impl std::fmt::Debug for Parcel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parcel")
    }
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claimed").field("id", &self.id()).finish_non_exhaustive()
    }
}

fn claimed(row: &AnyRow) -> Result<Claimed, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let kind: &str = row.try_get("kind")?;
    let reader = |kind| {
        [Reader::Approvers, Reader::Requester].into_iter().find(|reader| reader.as_str() == kind)
    };
    let parcel = match (kind, reader(kind)) {
        (_, Some(reader)) => {
            let card: CardId = row::id("outbox", &id)?;
            Parcel::Card {
                reader,
                item: row::count("outbox", &id, row.try_get("item")?)?,
                secret: secret(&card, row.try_get("secret")?)?,
                message: row.try_get("message")?,
                told: row.try_get("told")?,
                withdrawn: loss(&card, row.try_get("withdrawn")?)?,
                id: card,
            }
        }
        ("callback", None) => Parcel::Callback {
            id: row::id("outbox", &id)?,
            sequence: row.try_get("sequence")?,
            body: row.try_get("body")?,
        },
        ("delegation", None) => {
            let verdict: String = row.try_get("body")?;
            let what = format!("unknown verdict `{verdict}`");
            let verdict = Verdict::named(&verdict);
            let unknown = || row::ImpossibleRow { table: "outbox", id: id.clone(), what };
            Parcel::Answer { id: row::id("outbox", &id)?, verdict: verdict.ok_or_else(unknown)? }
        }
        (other, None) => {
            let what = format!("unknown kind `{other}`");
            return Err(row::ImpossibleRow { table: "outbox", id, what }.into());
        }
    };
    Ok(Claimed {
        request: row::id("outbox", row.try_get("request_id")?)?,
        lane: row.try_get("lane")?,
        target: row.try_get("target")?,
        address: row.try_get("address")?,
        fence: row.try_get("fence")?,
        attempt: row.try_get("attempt")?,
        created_at_us: row.try_get("created_at")?,
        parcel,
    })
}
