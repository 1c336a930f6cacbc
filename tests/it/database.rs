//! A database for each story: a file, or a database of its own on the server that
//! `COUNTERSIGN_TEST_POSTGRES` names.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Connection};

/// The server for the second engine; where it is not set, stories run on SQLite alone.
const POSTGRES: &str = "COUNTERSIGN_TEST_POSTGRES";

/// Letters in the order of a dictionary, as in most databases, and not in that of their bytes: no
/// statement may count on the latter.
const ORDER: &str = "template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US'";

static MADE: AtomicU32 = AtomicU32::new(0);

/// A database that nobody else uses.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(tempfile::TempDir),
    Postgres { server: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// `None` where there is no server; says so once a story.
    #[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(POSTGRES) else {
            eprintln!("skipped: PostgreSQL: set {POSTGRES}");
            return None;
        };
        let number = MADE.fetch_add(1, Ordering::SeqCst);
        let name = format!("it_{}_{number}", std::process::id());
        run(&server, &format!("create database {name} {ORDER}")).await;
        Some(Self::Postgres { server, name })
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("it.db").display()),
            Self::Postgres { server, name } => {
                let (address, _) = server.rsplit_once('/').unwrap();
                format!("{address}/{name}")
            }
        }
    }

    pub(crate) async fn drop(self) {
        if let Self::Postgres { server, name } = self {
            run(&server, &format!("drop database {name} with (force)")).await;
        }
    }
}

async fn run(server: &str, statement: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
