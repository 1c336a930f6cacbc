//! A database for each story: a file, or a database of its own on the server that
//! `COUNTERSIGN_TEST_POSTGRES` names.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Connection};

use crate::wire::Wire;

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
    Postgres { server: String, name: String, url: String },
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
        let (address, _) = server.rsplit_once('/').unwrap();
        let url = format!("{address}/{name}");
        Some(Self::Postgres { server, name, url })
    }

    /// The same, with another setting of the server's for whoever connects.
    pub(crate) fn setting(mut self, setting: &str) -> Self {
        if let Self::Postgres { url, .. } = &mut self {
            *url = format!("{url}?options=-c%20{}", setting.replace('=', "%3D"));
        }
        self
    }

    /// The same, at the other end of a wire.
    pub(crate) async fn over_a_wire(mut self) -> (Self, Wire) {
        let Self::Postgres { url, .. } = &mut self else { panic!("a file has no wire") };
        let mut parsed = url::Url::parse(url).unwrap();
        let server = format!("{}:{}", parsed.host_str().unwrap(), parsed.port().unwrap_or(5432));
        let wire = Wire::to(server).await;
        parsed.set_host(Some("127.0.0.1")).unwrap();
        parsed.set_port(Some(wire.port)).unwrap();
        *url = parsed.to_string();
        (self, wire)
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("it.db").display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    pub(crate) async fn drop(self) {
        if let Self::Postgres { server, name, .. } = self {
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
