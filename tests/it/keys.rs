//! Keys are replaced beside a running service, and no secret lies in the database in clear.

use std::{fs, path::PathBuf};

use axum::{body::Body, http::Request};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_sandbox::demo;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sqlx::Row;
use tower::ServiceExt;

use crate::{
    credential::bank::{self, Bank, Spending},
    office::{API_KEY, BANK_KEY, ENCRYPTION_KEY, Office, tell},
    running::{Said, run},
};

/// What an operator has on disk beside the database of an office.
struct Desk {
    folder: tempfile::TempDir,
    new: String,
}

impl Desk {
    fn of(office: &Office) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = |keys: &str| {
            format!(
                "listen: 127.0.0.1:0\npublic_url: https://countersign.example\n\
                 database: \"{}\"\nencryption_key: {keys}\n",
                office.database_url()
            )
        };
        let desk = Self { folder, new: STANDARD.encode([9; 32]) };
        fs::write(desk.path("both"), config("[{ env: NEW }, { env: OLD }]")).unwrap();
        fs::write(desk.path("old"), config("{ env: OLD }")).unwrap();
        fs::write(desk.path("new"), config("{ env: NEW }")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.yaml"))
    }

    async fn keys(&self, config: &str, act: &str) -> Said {
        self.run(config, &["keys", act]).await
    }

    async fn run(&self, config: &str, arguments: &[&str]) -> Said {
        let environment = [
            ("NEW", self.new.clone()),
            ("OLD", ENCRYPTION_KEY.to_owned()),
            ("SANDBOX", "s".repeat(43)),
        ];
        let path = self.path(config);
        let (command, more) = arguments.split_first().unwrap();
        let config = [command, "--config", path.to_str().unwrap()];
        run(&[&config[..], more].concat(), &environment).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_rows_move_to_the_new_key_while_the_service_runs() {
    tell(|office| async move {
        let (_, token) = bank::claimed(&office).await;
        office.remember("chat", "xoxb-secret").await;
        let desk = Desk::of(&office);
        let before = desk.keys("both", "list").await;
        assert_eq!(before.code, Some(0), "{before:?}");
        assert!(before.out.contains("opens: run `countersign keys rotate`"), "{}", before.out);
        assert!(before.out.contains("1 record of an adapter, 1 signing key"), "{}", before.out);
        assert!(before.out.contains("signs"), "{}", before.out);

        let rotated = desk.keys("both", "rotate").await;
        assert_eq!(rotated.code, Some(0), "{rotated:?}");
        assert!(rotated.err.contains("2 rows were sealed anew"), "{}", rotated.err);
        let again = desk.keys("both", "rotate").await;
        assert!(again.err.contains("0 rows were sealed anew"), "{}", again.err);
        let after = desk.keys("both", "list").await;
        assert!(after.out.contains("may be taken out"), "{}", after.out);

        // The service that still runs has what it had in memory, and the ring that opens both.
        assert_eq!(Bank::of(&office).redeem(&Spending::of(&token)).await.body["active"], true);
        let refused = desk.keys("old", "rotate").await;
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("the key ring misses the key"), "{}", refused.err);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

/// Everything that stands in any column of text.
async fn everything(office: &Office) -> String {
    let columns = [
        ("request", "body"),
        ("request", "plans"),
        ("outcome", "body"),
        ("approval", "body"),
        ("credential", "body"),
        ("entry", "leaf"),
        ("entry", "payload"),
        ("outbox", "body"),
        ("idempotency", "key"),
        ("replay", "id"),
        ("signing_key", "public"),
        ("signing_key", "sealed"),
        ("adapter_record", "sealed"),
    ];
    let mut all = String::new();
    for (table, column) in columns {
        let query = format!("select coalesce({column}, '') as text from {table}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&office.store().read).await;
        for row in rows.unwrap() {
            all.push_str(row.get::<&str, _>("text"));
            all.push('\n');
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_lies_in_the_database_in_clear() {
    tell(|office| async move {
        let (id, token) = bank::claimed(&office).await;
        office.remember("chat", "xoxb-secret").await;
        let bank = Bank::of(&office);
        let state = office.get(&id).await.body["result"]["approval"]["state"].clone();
        let wrong = Spending { params_hash: "x", ..Spending::of(&token) };
        assert_eq!(bank.redeem(&wrong).await.body, json!({ "active": false }));
        let spent = Spending { key: Some("k-1"), ..Spending::of(&token) };
        assert_eq!(bank.redeem(&spent).await.body["active"], true);
        bank::forget_events(&office).await;
        let all = everything(&office).await;
        assert!(all.contains(&id), "there is something to look at");
        let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
        for (what, secret) in [
            ("the credential", signature(&token)),
            ("the approval's proof", signature(state.as_str().unwrap())),
            ("a chat token", "xoxb-secret".to_owned()),
            ("an API key", API_KEY.to_owned()),
            ("an API key", BANK_KEY.to_owned()),
            ("the sealing key", ENCRYPTION_KEY.to_owned()),
            // What stands at the beginning of every P-256 key in PKCS #8.
            ("a signing key", "MIGHAgEAMBMGByqGSM49AgEG".to_owned()),
            ("a signing key", "\"d\":".to_owned()),
        ] {
            assert!(!all.contains(&secret), "{what} is in the database: {secret}");
        }
        office
    })
    .await;
}

/// The first key of an office, as operators are told it.
fn lost_key() -> String {
    use sha2::{Digest, Sha256};

    hex::encode(&Sha256::digest(STANDARD.decode(ENCRYPTION_KEY).unwrap())[..4])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_lost_is_named_and_can_be_given_up() {
    tell(|office| async move {
        let (_, token) = bank::claimed(&office).await;
        office.remember("chat", "xoxb-secret").await;
        let (desk, lost) = (Desk::of(&office), lost_key());
        for (name, text) in
            [("policy", demo::POLICY), ("catalogue", demo::CATALOGUE), ("people", demo::PEOPLE)]
        {
            fs::write(desk.path(name), text).unwrap();
        }
        let sandbox =
            format!("sandbox: {{ key: {{ env: SANDBOX }}, channels: {:?} }}\n", demo::CHANNELS);
        let config = fs::read_to_string(desk.path("new")).unwrap() + &sandbox;
        fs::write(desk.path("new"), config).unwrap();

        // What the start says is all that it takes to go on.
        let serve = desk.run("new", &["serve"]).await;
        assert_eq!(serve.code, Some(1), "{serve:?}");
        let sealed = format!("`{lost}` has sealed 1 record of an adapter, 1 signing key");
        for words in
            [sealed.as_str(), "put it back behind the first", "`countersign keys give-up KEY`"]
        {
            assert!(serve.err.contains(words), "{words}: {}", serve.err);
        }
        let shown = desk.keys("new", "list").await;
        assert!(shown.out.contains("is missing: put it back"), "{shown:?}");
        let doctor = desk.run("new", &["doctor"]).await;
        assert!(doctor.out.contains(&sealed), "{}", doctor.out);

        // Nothing is given up that is not lost.
        let here = desk.run("both", &["keys", "give-up", &lost]).await;
        assert!(here.err.contains("nothing is lost"), "{here:?}");
        let unknown = desk.run("new", &["keys", "give-up", "00000000"]).await;
        assert!(unknown.err.contains("nothing is sealed with a key `00000000`"), "{unknown:?}");
        assert_eq!((here.code, unknown.code), (Some(1), Some(1)));
        assert_eq!(desk.run("new", &["keys", "give-up", "no-key"]).await.code, Some(2));

        let done = desk.run("new", &["keys", "give-up", &lost]).await;
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.err.contains("1 record of an adapter, 1 signing key"), "{}", done.err);
        let shown = desk.keys("new", "list").await;
        assert!(shown.out.contains("is lost; is published while"), "{}", shown.out);
        assert_eq!(shown.out.matches(" signs ").count(), 1, "{}", shown.out);
        assert_eq!(desk.keys("new", "rotate").await.code, Some(0));
        // What was signed before is good: its public half is published still.
        let before: usize = shown.out.matches("is published while").count();
        assert_eq!(before, 1);
        assert_eq!(Bank::of(&office).redeem(&Spending::of(&token)).await.body["active"], true);
        bank::forget_events(&office).await;
        office
    })
    .await;
}

/// The key that a token was signed with.
fn signer(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_takes_over_refuses_nothing_that_the_old_one_signed() {
    tell(|office| async move {
        let bank = Bank::of(&office);
        bank.keys().await;
        let (replica, door) = office.listening_replica().await;
        office.advance(SignedDuration::from_hours(29 * 24 + 1)).await;
        // Both find at once that the next one is due.
        let other = async {
            let request = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
            let answer = door.oneshot(request).await.unwrap();
            axum::body::to_bytes(answer.into_body(), 16 * 1024).await.unwrap()
        };
        let (_, other) = tokio::join!(bank.keys(), other);
        let other: Value = serde_json::from_slice(&other).unwrap();
        assert_eq!(other["keys"].as_array().map(Vec::len), Some(2), "one was made: {other}");
        office.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(20)).await;
        let (_, old) = bank::claimed(&office).await;
        office.advance(SignedDuration::from_secs(40)).await;
        let (_, new) = bank::claimed(&office).await;
        assert_ne!(signer(&old), signer(&new));
        for token in [&old, &new] {
            assert_eq!(bank.redeem(&Spending::of(token)).await.body["active"], true);
        }
        replica.stop().await;
        bank::forget_events(&office).await;
        office
    })
    .await;
}
