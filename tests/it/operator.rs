//! What an operator does from the command line: to the database of a service and to no other, and
//! like any other client of the API.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use countersign::{clock::Clock, store::Store};
use countersign_port::{access::DenyReason, card::Verb};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    database::Database,
    office::{API_KEY, ENCRYPTION_KEY, Office, START, Site, tell, tell_in},
    receiver::Receiver,
    running::{Said, flushing, run},
};

/// Every command that works on the database of a service.
const ON_THE_DATABASE: [&[&str]; 13] = [
    &["audit", "list"],
    &["audit", "export", "entries"],
    &["doctor"],
    &["keys", "list"],
    &["outbox", "list"],
    &["outbox", "redrive", "--enable"],
    &["people", "away", "dana", "--to", "gus", "--until", "1d"],
    &["people", "history"],
    &["people", "list"],
    &["policy", "diff", "policy.yaml", "policy.yaml", "--replay", "1d"],
    &["policy", "history"],
    &["revoke", "arq_000000000000000000000000000000000000"],
    &["slack", "install-link"],
];

/// A folder that an operator works in, with the files of a service.
struct Place(tempfile::TempDir);

impl Place {
    fn of(database: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let config = format!(
            "listen: 127.0.0.1:0\npublic_url: https://countersign.example\n\
             database: \"{database}\"\nencryption_key: {{ env: KEY }}\nslack:\n  app_id: A0\n  \
             signing_secret: {{ env: SIGNING_SECRET }}\n  install: {{ client_id: \"1.2\", \
             client_secret: {{ env: CLIENT_SECRET }}, teams: [T0SHOP] }}\n"
        );
        flushing(place.0.path(), &config);
        place
    }

    async fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command.env("KEY", ENCRYPTION_KEY).env("SIGNING_SECRET", "s".repeat(32));
        command.env("CLIENT_SECRET", "c".repeat(32)).env_remove("COUNTERSIGN_CONFIG");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// What a command has said, whichever way it says it.
fn all(said: &Said) -> String {
    format!("{}{}", said.out, said.err)
}

#[tokio::test]
async fn no_command_makes_a_database_that_is_not_there() {
    let place = Place::of("sqlite:it.db");
    let folder = place.0.path().canonicalize().unwrap();
    for command in ON_THE_DATABASE {
        let said = place.run(command).await;
        assert_eq!(said.code, Some(1), "{command:?}: {said:?}");
        let wanted = format!("there is no database at `{}`", folder.join("it.db").display());
        assert!(all(&said).contains(&wanted), "{command:?}: {said:?}");
        assert!(all(&said).contains("COUNTERSIGN_CONFIG"), "{command:?}: {said:?}");
        assert!(all(&said).contains("`countersign migrate`"), "{command:?}: {said:?}");
        assert!(!Path::new(&folder.join("it.db")).exists(), "{command:?}");
    }
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    for command in [&["people", "list"], &["outbox", "list"], &["slack", "install-link"]] {
        assert_eq!(place.run(command).await.code, Some(0), "{command:?}");
    }
}

#[tokio::test]
async fn a_database_that_is_older_than_the_program_is_left_as_it_is_and_named() {
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let place = Place::of(&database.url());
        // As it was before the last migration that this program has.
        assert_eq!(place.run(&["migrate"]).await.code, Some(0));
        let store = Store::connect(&database.url()).await.unwrap();
        let count = "select count(*) from _sqlx_migrations";
        let older = "delete from _sqlx_migrations \
            where version = (select max(version) from _sqlx_migrations)";
        sqlx::query(older).execute(&store.write).await.unwrap();
        let before: i64 = sqlx::query_scalar(count).fetch_one(&store.read).await.unwrap();
        for command in ON_THE_DATABASE {
            let said = place.run(command).await;
            assert_eq!(said.code, Some(1), "{command:?}: {said:?}");
            assert!(all(&said).contains("run `countersign migrate`"), "{command:?}: {said:?}");
        }
        let after: i64 = sqlx::query_scalar(count).fetch_one(&store.read).await.unwrap();
        assert_eq!(before, after, "nobody has migrated it");
        store.close().await;
        database.drop().await;
    }
}

/// `countersign requests`, as the client that asks.
async fn requests(office: &Office, arguments: &[&str]) -> Said {
    let environment =
        [("COUNTERSIGN_URL", office.url.clone()), ("COUNTERSIGN_API_KEY", API_KEY.to_owned())];
    run(&[&["requests"], arguments].concat(), &environment).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_from_the_command_line_is_told_by_its_exit_status_how_it_stands() {
    tell(|office| async move {
        let write = ["create", "--subject", "dana", "--scope", "prod:orders:write"];
        let write = [&write[..], &["--idempotency-key", "k-1"]].concat();
        let pending = requests(&office, &write).await;
        assert_eq!(pending.code, Some(4), "nobody has decided yet: {pending:?}");
        office.settle().await;
        let no = Answers::deny(DenyReason::NotNeededNow, "");
        office.press_with("erin", "shop-approvals", Verb::Deny, no).await.unwrap();
        office.settle().await;
        let denied = requests(&office, &write).await;
        assert_eq!(denied.code, Some(1), "the same once more: {denied:?}");
        assert!(denied.out.contains(" denied: "), "{denied:?}");
        let read = ["create", "--subject", "dana", "--scope", "report:read", "--client", "app"];
        let approved = requests(&office, &read).await;
        assert_eq!(approved.code, Some(0), "{approved:?}");
        let preview = requests(&office, &[&write[..5], &["--dry-run"]].concat()).await;
        assert_eq!(preview.code, Some(0), "{preview:?}");
        office
    })
    .await;
}

/// A request that policy approves at once, and where its client is to be told.
async fn decided(office: &Office, endpoint: &str) {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "requested_access": { "scope": "report:read" },
        "callback": { "endpoint": endpoint },
    });
    let answer = office.ask(&body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    office.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_endpoints_of_what_is_sent_again_are_called_again() {
    let clock = Clock::frozen(START.parse().unwrap());
    let other = Receiver::start(clock.clone()).await;
    let site = Site { callback: Some(other.endpoint.clone()), ..Site::default() };
    tell_in(&site, |office| {
        let (other, clock) = (other.clone(), clock.clone());
        async move {
            let here = office.receiver.endpoint.clone();
            let place = Place::of(&office.database_url());
            let gone =
                async |endpoint: &str| office.store().disabled(endpoint).await.unwrap().is_some();
            office.receiver.answer([(410, None)]);
            decided(&office, &here).await;
            other.answer([(410, None)]);
            decided(&office, &other.endpoint).await;
            assert!(gone(&here).await && gone(&other.endpoint).await);
            let again = async |only: &[&str]| {
                let said = place.run(&[&["outbox", "redrive", "--enable"], only].concat()).await;
                assert_eq!(said.code, Some(0), "{said:?}");
                said.err
            };
            let said = again(&["--client", "gate"]).await;
            assert!(said.contains("0 callbacks are due again"), "{said}");
            assert!(gone(&here).await && gone(&other.endpoint).await, "they are not the gate's");
            let dead = office.store().dead_letters(10).await.unwrap();
            let there = dead.iter().find(|one| one.address == other.endpoint).unwrap();
            let said = again(&["--id", &there.id]).await;
            assert!(said.contains("1 callback is due again"), "{said}");
            assert!(gone(&here).await && !gone(&other.endpoint).await);
            again(&["--client", "shop-admin"]).await;
            assert!(!gone(&here).await);
            // The command goes by the clock of the machine.
            let ahead = Clock::system().now().duration_since(office.clock.now());
            let ahead = ahead.max(SignedDuration::ZERO) + SignedDuration::from_secs(1);
            clock.advance(ahead);
            office.advance(ahead).await;
            for receiver in [&office.receiver, &other] {
                let sent = receiver.read();
                assert_eq!(sent[0].id, sent[1].id, "gone, and sent again");
            }
            clock.advance(-ahead);
            office
        }
    })
    .await;
}
