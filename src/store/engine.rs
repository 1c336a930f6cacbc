//! What differs between the engines: how a batch begins, how it locks, how its inserts are joined.

use std::time::Duration;

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Index plans only: on new tables a generic plan would scan, and keep scanning as they grow. And
/// nothing compiled, which takes longer than any statement here.
const PLANNER: &str =
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

/// Whoever writes holds rows that others wait for. A process whose machine is gone lets go of them
/// after ten seconds, and nobody waits longer than twice six for one that holds on. No limit for a
/// statement: where a commit waits for a standby, it would end the wait and call it done.
const WRITING: &str = "-c idle_in_transaction_session_timeout=10s -c lock_timeout=6s";

/// The server notices within 25 seconds that a client's machine is gone, not after two hours.
const ALIVE: &str = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 \
     -c tcp_keepalives_count=3 -c tcp_user_timeout=15000";

/// Nothing that a batch does takes as long, so that whoever has not answered by then never will.
const BATCH_PATIENCE: Duration = Duration::from_secs(10);

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engine that a URL names.
    pub fn of(url: &str) -> Option<Self> {
        match url.split(':').next() {
            Some("sqlite") => Some(Self::Sqlite),
            Some("postgres" | "postgresql") => Some(Self::Postgres),
            _ => None,
        }
    }

    /// How many batches run side by side. SQLite has one writer; more than two on PostgreSQL cost
    /// more than they gain.
    pub const fn lanes(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 2,
        }
    }

    /// How many connections write. SQLite lets one write at a time and has the others look again
    /// after a while: they wait for the one connection instead, which wakes them, each in turn.
    pub(super) const fn writers(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            // One for each lane and one for the outbox.
            Self::Postgres => self.lanes() + 1,
        }
    }

    /// Whether a lane keeps its connection from batch to batch.
    pub const fn lanes_keep_connections(self) -> bool {
        self.writers() > self.lanes()
    }

    pub(super) const fn readers(self) -> u32 {
        match self {
            Self::Sqlite => 4,
            Self::Postgres => 8,
        }
    }

    /// Takes the write lock at once on SQLite: a reader that wants to write later is refused.
    pub const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    /// The rows of a JSON array. On SQLite the binary form, which is not turned into text and
    /// parsed again for every column; on PostgreSQL a function of ours has the common name.
    pub(super) const fn each(self) -> &'static str {
        match self {
            Self::Sqlite => "jsonb_each",
            Self::Postgres => "json_each",
        }
    }

    pub(super) fn migrator(self) -> &'static Migrator {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
    }

    pub(super) const fn pragmas(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[
                // Before the file is made: a page holds three requests instead of one, and a
                // commit writes half as many.
                "pragma page_size = 8192",
                "pragma busy_timeout = 5000",
                "pragma journal_mode = wal",
                // NORMAL may lose what was acknowledged; batches make FULL cheap.
                "pragma synchronous = full",
                "pragma cache_size = -12000",
                "pragma temp_store = memory",
            ],
            Self::Postgres => &[],
        }
    }

    /// What a connection that only reads does otherwise: it looks up a few rows by their keys, and what
    /// it has read once is in the page cache of the system.
    pub(super) const fn reading_pragmas(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["pragma cache_size = -2000"],
            Self::Postgres => &[],
        }
    }

    pub(super) const fn checkpoint(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("pragma wal_checkpoint(truncate)"),
            Self::Postgres => None,
        }
    }

    /// By what the file of a database is made where there is none. A server makes its own.
    pub(super) fn making_url(self, url: &str) -> Option<String> {
        match self {
            Self::Sqlite => Some(with_query(url, "mode=rwc")),
            Self::Postgres => None,
        }
    }

    /// How long a batch may take before its connection is taken for dead. A file does not fall
    /// silent, and what was begun on it cannot be called off.
    pub const fn batch_patience(self) -> Option<Duration> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(BATCH_PATIENCE),
        }
    }

    pub(super) fn write_url(self, url: &str) -> String {
        match self {
            Self::Sqlite => with_query(url, "mode=rw"),
            Self::Postgres => with_options(url, &[PLANNER, WRITING, ALIVE]),
        }
    }

    pub(super) fn read_url(self, url: &str) -> String {
        match self {
            Self::Sqlite => with_query(url, "mode=rw"),
            Self::Postgres => with_options(url, &[ALIVE]),
        }
    }

    /// Where migrations run that need a connection of their own: one that waits for as long as it
    /// takes, also for another process that is at it.
    pub(super) fn migrating_url(self, url: &str) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(with_options(url, &[PLANNER, ALIVE])),
        }
    }
}

/// Ours come first: of two that say the same the server takes the last, so that what an operator
/// has written into the URL holds.
fn with_options(url: &str, ours: &[&str]) -> String {
    let ours = ours.join(" ").replace(' ', "%20").replace('=', "%3D");
    match url.split_once('?') {
        None => format!("{url}?options={ours}"),
        Some((address, theirs)) => format!("{address}?options={ours}&{theirs}"),
    }
}

fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_says_comes_after_what_we_say() {
        assert_eq!(
            with_options("postgres://h/n", &["-c a=1"]),
            "postgres://h/n?options=-c%20a%3D1"
        );
        assert_eq!(
            with_options("postgres://h/n?options=-c%20a%3D2", &["-c a=1", "-c b=1"]),
            "postgres://h/n?options=-c%20a%3D1%20-c%20b%3D1&options=-c%20a%3D2"
        );
    }
}
