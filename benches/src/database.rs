//! The database of one service, seen from outside: made, asked what is in it, and thrown away. No
//! rate counts before this has agreed with the answers.

use std::{collections::BTreeMap, path::Path};

use sqlx::{AnyConnection, Connection, Row};

use crate::failure::Failure;

/// On which engine a service runs.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Sqlite,
    /// A server where databases may be made.
    Postgres {
        server: String,
    },
}

/// One database.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite { url: String },
    Postgres { server: String, name: String },
}

/// What a database holds of the laws that it must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) requests: i64,
    pub(crate) keys: i64,
    pub(crate) votes: i64,
    /// Requests whose log does not begin with their opening.
    pub(crate) without_opening: i64,
    /// Requests whose entries are not numbered 1, 2, 3 … without gaps.
    pub(crate) with_gaps: i64,
    /// Requests that were decided more than once.
    pub(crate) decided_twice: i64,
    /// Callbacks that are still to be sent.
    pub(crate) undelivered: i64,
}

/// The card of a request, with what makes its buttons.
#[derive(Debug, Clone)]
pub(crate) struct PostedCard {
    pub(crate) id: String,
    pub(crate) request: String,
    pub(crate) channel: String,
    pub(crate) secret: [u8; 32],
}

const REQUESTS: &str = "select count(*) from request";

const KEYS: &str = "select count(*) from idempotency";

const VOTES: &str = "select count(*) from vote";

const WITHOUT_OPENING: &str = "select count(*) from request r where not exists ( \
     select 1 from entry e \
     where e.request_id = r.id and e.seq = 1 and e.kind = 'request_opened')";

const WITH_GAPS: &str = "select count(*) from ( \
     select request_id from entry group by request_id \
     having min(seq) <> 1 or max(seq) <> count(*)) as odd";

const DECIDED_TWICE: &str = "select count(*) from ( \
     select request_id from entry where kind = 'request_decided' \
     group by request_id having count(*) > 1) as odd";

const UNDELIVERED: &str = "select count(*) from outbox where kind = 'callback' and state <> 'done'";

const CARDS: &str = "select id, request_id, address, secret from outbox \
     where kind = 'card' and not exists ( \
       select 1 from vote v where v.request_id = outbox.request_id) \
     order by created_at limit $1";

const POSTED: &str = "update outbox \
     set state = 'done', shown = want, message = cast($1 as text) || address || cast($2 as text) \
     where kind = 'card' and message is null";

const DELEGATIONS: &str = "select count(*) from delegation where state = 'waiting'";

const REDEEMED: &str = "select count(*) from credential where state = 'redeemed'";

const BY_KEY: &str = "select key, request_id from idempotency";

const ALL_VOTES: &str = "select request_id, person from vote";

impl Engine {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// A new, empty database.
    pub(crate) async fn database(&self, folder: &Path) -> Result<Database, Failure> {
        match self {
            Self::Sqlite => {
                let url = format!("sqlite:{}", folder.join("bench.db").display());
                Ok(Database::Sqlite { url })
            }
            Self::Postgres { server } => {
                let number = countersign::clock::Seeds::system().seed().0;
                let name = format!(
                    "countersign_bench_{}",
                    hex::encode(number.first_chunk::<8>().unwrap_or(&[0; 8]))
                );
                execute(server, format!("create database {name}")).await?;
                Ok(Database::Postgres { server: server.clone(), name })
            }
        }
    }
}

impl Database {
    /// As it stands in the configuration.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite { url } => url.clone(),
            Self::Postgres { server, name } => {
                let start = server.rsplit_once('/').map_or(server.as_str(), |(start, _)| start);
                format!("{start}/{name}")
            }
        }
    }

    /// What is in it now.
    pub(crate) async fn census(&self) -> Result<Census, Failure> {
        let mut connection = self.connect().await?;
        let mut counts = [0; 7];
        let questions =
            [REQUESTS, KEYS, VOTES, WITHOUT_OPENING, WITH_GAPS, DECIDED_TWICE, UNDELIVERED];
        for (count, question) in counts.iter_mut().zip(questions) {
            *count = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
        }
        connection.close().await?;
        let [requests, keys, votes, without_opening, with_gaps, decided_twice, undelivered] =
            counts;
        Ok(Census { requests, keys, votes, without_opening, with_gaps, decided_twice, undelivered })
    }

    /// How many decisions a server has handed over and waits for.
    pub(crate) async fn delegations(&self) -> Result<i64, Failure> {
        self.count(DELEGATIONS).await
    }

    /// How many credentials were redeemed.
    pub(crate) async fn redeemed(&self) -> Result<i64, Failure> {
        self.count(REDEEMED).await
    }

    async fn count(&self, question: &'static str) -> Result<i64, Failure> {
        let mut connection = self.connect().await?;
        let count = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(count)
    }

    /// Cards of requests that nobody has voted on.
    pub(crate) async fn cards(&self, most: usize) -> Result<Vec<PostedCard>, Failure> {
        let mut connection = self.connect().await?;
        let most = i64::try_from(most)?;
        let rows = sqlx::query(CARDS).bind(most).fetch_all(&mut connection).await?;
        connection.close().await?;
        rows.iter()
            .map(|row| {
                let mut secret = [0; 32];
                hex::decode_to_slice(row.try_get::<&str, _>("secret")?, &mut secret)?;
                Ok(PostedCard {
                    id: row.try_get("id")?,
                    request: row.try_get("request_id")?,
                    channel: row.try_get("address")?,
                    secret,
                })
            })
            .collect()
    }

    /// Writes down that all cards were posted, as nobody can wait until a channel that takes one
    /// a second has taken thousands. Called while no service runs.
    pub(crate) async fn post_cards(&self, (before, after): (&str, &str)) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        let posted = sqlx::query(POSTED).bind(before).bind(after);
        posted.execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// The request that each idempotency key made.
    pub(crate) async fn requests_by_key(&self) -> Result<BTreeMap<String, String>, Failure> {
        self.pairs(BY_KEY).await
    }

    /// The person who voted on each request; the driver lets nobody vote twice on one.
    pub(crate) async fn votes(&self) -> Result<BTreeMap<String, String>, Failure> {
        self.pairs(ALL_VOTES).await
    }

    async fn pairs(&self, question: &'static str) -> Result<BTreeMap<String, String>, Failure> {
        let mut connection = self.connect().await?;
        let rows = sqlx::query(question).fetch_all(&mut connection).await?;
        connection.close().await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Removes what a folder does not take along. Called when its service has ended.
    pub(crate) async fn remove(&self) -> Result<(), Failure> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres { server, name } => {
                execute(server, format!("drop database {name} with (force)")).await
            }
        }
    }

    async fn connect(&self) -> Result<AnyConnection, Failure> {
        Ok(AnyConnection::connect(&self.url()).await?)
    }
}

impl Census {
    /// Whether the laws hold that hold at every moment.
    pub(crate) fn lawful(&self) -> Result<(), Failure> {
        if self.without_opening + self.with_gaps + self.decided_twice == 0 {
            return Ok(());
        }
        Err(format!("void: the database breaks its own laws: {self:?}").into())
    }
}

async fn execute(server: &str, statement: String) -> Result<(), Failure> {
    let mut connection = AnyConnection::connect(server).await?;
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
