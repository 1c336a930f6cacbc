//! A process of its own: what `doctor` says of Hydra, and that what only one browser has stays there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use countersign_sandbox::demo;
use serde_json::Value;
use sqlx::{AnyConnection, Connection, Row};

use super::{
    Browser, WRITE,
    fake::{Fake, public_side},
};
use crate::{
    database::Database,
    office::ENCRYPTION_KEY,
    running::{Running, Said, run},
};

/// A service's files, and a Hydra.
struct Site {
    folder: tempfile::TempDir,
    fake: Fake,
}

impl Site {
    async fn of(database: &Database, issuer: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), fake: Fake::start().await };
        site.write(database, issuer, &site.fake.url);
        site
    }

    fn write(&self, database: &Database, issuer: &str, admin_url: &str) {
        let config = format!(
            r#"
listen: 127.0.0.1:0
database: "{}"
encryption_key: {{ env: ENCRYPTION_KEY }}
clients: [{{ id: shop-admin, scopes: ["*"], trust: trusted, tokens: [{{ issuer: "{issuer}", client_id: shop-admin }}] }}]
hydra: {{ issuer: "{issuer}", admin_url: "{admin_url}" }}
egress: {{ allow: [127.0.0.1/32] }}
sandbox: {{ key: {{ env: SANDBOX_KEY }}, channels: [{}] }}
"#,
            database.url(),
            demo::CHANNELS.join(", "),
        );
        for (name, text) in [
            ("countersign.yaml", config.as_str()),
            ("policy.yaml", demo::POLICY),
            ("catalogue.yaml", demo::CATALOGUE),
            ("people.yaml", demo::PEOPLE),
        ] {
            fs::write(self.path(name), text).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn run(&self, arguments: &[&str]) -> Said {
        let config = self.path("countersign.yaml");
        run(&[arguments, &["--config", config.to_str().unwrap()]].concat(), &environment()).await
    }

    /// What is not good about Hydra, in its own words.
    async fn complaints(&self) -> Vec<String> {
        let said = self.run(&["doctor", "--json"]).await;
        let findings = said.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let sick: Vec<Value> = findings.filter(|finding| finding["health"] != "good").collect();
        assert_eq!(said.code, Some(i32::from(!sick.is_empty())), "{said:?}");
        for finding in &sick {
            assert_eq!(finding["fix"]["page"], "hydra", "{finding}");
        }
        sick.iter().map(|finding| finding["means"].as_str().unwrap().to_owned()).collect()
    }
}

fn environment() -> Vec<(&'static str, String)> {
    vec![
        ("RUST_LOG", "trace".to_owned()),
        ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
        ("SANDBOX_KEY", "s".repeat(43)),
    ]
}

async fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_looks_at_both_sides_of_hydra() {
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbook/hydra.md").exists());
    for database in databases().await {
        let public = public_side(None).await;
        let site = Site::of(&database, &public).await;
        assert_eq!(site.run(&["migrate"]).await.code, Some(0));
        assert_eq!(site.complaints().await, Vec::<String>::new());
        site.fake.is_version("v1.11.10");
        assert_eq!(site.complaints().await, ["it is version `v1.11.10`, whose paths are others"]);

        // The admin API answers where browsers come.
        let site = Site::of(&database, &public).await;
        site.write(&database, &site.fake.url, &site.fake.url);
        let said = site.complaints().await;
        assert!(said[0].contains("whoever comes there can grant anything"), "{said:?}");

        let site = Site::of(&database, &public_side(Some("https://other.example/")).await).await;
        let said = site.complaints().await;
        assert!(said[0].contains("it calls itself `https://other.example/`"), "{said:?}");

        // The admin address is that of the public side.
        site.write(&database, &public, &public);
        let said = site.complaints().await;
        assert!(said[0].contains("it cannot be called: the answer was 404"), "{said:?}");
        database.drop().await;
    }
}

/// Everything that is kept, as it would be read by whoever reads the database.
async fn everything(database: &Database) -> String {
    let mut connection = AnyConnection::connect(&database.url()).await.unwrap();
    let mut all = String::new();
    for (table, column) in [
        ("request", "body"),
        ("request", "plans"),
        ("entry", "leaf"),
        ("entry", "payload"),
        ("outbox", "body"),
        ("idempotency", "key"),
        ("replay", "id"),
        ("adapter_record", "name"),
        ("adapter_record", "sealed"),
    ] {
        let query = format!("select coalesce({column}, '') as text from {table}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await;
        for row in rows.unwrap() {
            all.push_str(row.get::<&str, _>("text"));
            all.push('\n');
        }
    }
    connection.close().await.unwrap();
    all
}

const CHALLENGE: &str = "canary-challenge-0123456789abcdef";

#[tokio::test(flavor = "multi_thread")]
async fn neither_challenge_nor_cookie_is_to_be_read_anywhere() {
    for database in databases().await {
        let fake = Fake::start().await;
        let site = Site { folder: tempfile::tempdir().unwrap(), fake };
        site.write(&database, &site.fake.url, &site.fake.url);
        let (config, own) = (site.path("countersign.yaml"), environment());
        let running = tokio::task::spawn_blocking(move || Running::start(&config, &own));
        let running = running.await.unwrap();
        site.fake.asks(CHALLENGE, "dana", WRITE);
        let mut browser = Browser::new();
        assert_eq!(browser.open_at(&running.url, CHALLENGE).await.status(), 200);
        let cookie = browser.cookies[0].split_once('=').unwrap().1.to_owned();
        assert_eq!(Browser::new().open_at(&running.url, CHALLENGE).await.status(), 403);
        // One that Hydra does not know, and one that is granted at once.
        let strange = format!("{CHALLENGE}-strange");
        assert_eq!(browser.open_at(&running.url, &strange).await.status(), 404);
        let free = format!("{CHALLENGE}-free");
        site.fake.asks(&free, "dana", "openid");
        assert_eq!(browser.open_at(&running.url, &free).await.status(), 303);

        let log = tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
        assert!(log.contains("another browser has brought"), "it logs at all: {log}");
        let kept = everything(&database).await;
        assert!(kept.contains("prod:orders:write"), "there is something to look at");
        for (what, secret) in [
            ("the challenge", CHALLENGE.to_owned()),
            ("the cookie", cookie),
            ("the sealing key", ENCRYPTION_KEY.to_owned()),
        ] {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{what} is in the log");
            assert!(!kept.contains(&secret), "{what} is in the database");
        }
        database.drop().await;
    }
}
