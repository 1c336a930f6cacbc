//! The least that a request leaves behind: its key, itself, an entry of the log and a message that
//! is to be sent, in rows without any index but their key. The service writes more than this.

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fmt::Write, path::Path, time::Duration};

use crate::failure::Failure;

const TABLES: &str = "
    create table idempotency (client text, key text, request_id text, primary key (client, key))
      without rowid;
    create table request (id text primary key, body text not null);
    create table entry (id text primary key, body text not null);
    create table outbox (id text primary key, body text not null)";

pub(super) const BULK: &str = "
    insert into idempotency (client, key, request_id)
    select 'bench', value ->> 'id', value ->> 'id' from json_each($1);
    insert into request (id, body) select value ->> 'id', value ->> 'r' from json_each($1);
    insert into entry (id, body) select value ->> 'id', value ->> 'e' from json_each($1);
    insert into outbox (id, body) select value ->> 'id', value ->> 'o' from json_each($1)";

pub(super) const KEY: &str =
    "insert into idempotency (client, key, request_id) values ('bench', $1, $1)";
pub(super) const REQUEST: &str = "insert into request (id, body) values ($1, $2)";
pub(super) const ENTRY: &str = "insert into entry (id, body) values ($1, $2)";
pub(super) const MESSAGE: &str = "insert into outbox (id, body) values ($1, $2)";

/// The bodies, as long as the least that says what it must.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    pub(super) request: String,
    pub(super) entry: String,
    pub(super) message: String,
}

impl Bodies {
    pub(super) fn new() -> Self {
        let text = |length| "x".repeat(length);
        Self { request: text(870), entry: text(540), message: text(290) }
    }

    /// Units from this number on, as one array for [`BULK`].
    pub(super) fn array(&self, from: u64, count: u64) -> Result<String, Failure> {
        let Self { request, entry, message } = self;
        let mut array = String::from("[");
        for number in from..from + count {
            let joint = if number == from { "" } else { "," };
            write!(
                array,
                r#"{joint}{{"id":"{number:026}","r":"{request}","e":"{entry}","o":"{message}"}}"#
            )?;
        }
        array.push(']');
        Ok(array)
    }
}

/// As durable as the service's own.
fn options(folder: &Path, name: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join(name))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30))
        .pragma("cache_size", "-16000")
        .disable_statement_logging()
}

/// A new database with the tables.
pub(super) async fn database(folder: &Path, name: &str) -> Result<SqliteConnection, Failure> {
    let mut connection = SqliteConnection::connect_with(&options(folder, name)).await?;
    sqlx::raw_sql(TABLES).execute(&mut connection).await?;
    Ok(connection)
}

/// A pool over a database that is there.
pub(super) async fn pool(folder: &Path, name: &str, size: u32) -> Result<SqlitePool, Failure> {
    let pool =
        SqlitePoolOptions::new().max_connections(size).acquire_timeout(Duration::from_mins(1));
    Ok(pool.connect_with(options(folder, name)).await?)
}
