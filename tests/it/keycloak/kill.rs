//! The process dies, wherever it is with an answer: a yes is said once at most.

use sqlx::{AnyConnection, Connection};

use super::{process::Site, realm::Realm};
use crate::{database::Database, keycloak::fake::Fault, patience::until};

/// When it dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// It has said 201, and the answer is not due yet.
    Waiting,
    /// The answer has left, and was taken or not; none came back.
    Sending { done: bool },
    /// The answer was taken, a moment ago.
    Answered,
}

/// How many delegations nobody has settled.
async fn unsettled(database: &str) -> i64 {
    let mut connection = AnyConnection::connect(database).await.unwrap();
    let count = "select cast(count(*) as bigint) from delegation";
    let count = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

async fn settled(database: &str) {
    loop {
        if unsettled(database).await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn dies(database: Database, moment: Moment) {
    let (url, mut said) = (database.url(), Vec::new());
    let site = Site::on(&url).await;
    if let Moment::Sending { done } = moment {
        site.fake.misbehave([Fault::Silence { done }]);
    }
    let process = site.serve().await;
    let realm = Realm { issuer: site.fake.issuer() };
    // The policy says yes by itself.
    let id = realm.ask(&[("scope", "openid report:read")]).await.unwrap();
    if moment != Moment::Waiting {
        let heard = || Some(site.fake.callbacks()).filter(|heard| !heard.is_empty());
        said = until("an answer", heard).await;
    }
    let kill = tokio::task::spawn_blocking(|| process.kill());
    kill.await.unwrap();

    // What the dead process had leased is waited for.
    let process = site.serve().await;
    tokio::time::timeout(crate::patience::PATIENCE, settled(&url)).await.expect("settled");
    said.extend(site.fake.callbacks());
    let words: Vec<&str> = said.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!(words, ["SUCCEED"], "{moment:?}");
    let token = realm.poll(&id).await;
    match moment {
        Moment::Sending { done: false } => {
            assert_eq!(token, Err("authorization_pending".to_owned()), "closed, not open");
        }
        Moment::Waiting | Moment::Sending { done: true } | Moment::Answered => {
            assert!(token.is_ok(), "{moment:?}: {token:?}");
        }
    }
    let log = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    let is_unclear = log.contains("a server may not have heard a decision");
    match moment {
        Moment::Waiting => assert!(!is_unclear, "{log}"),
        Moment::Sending { .. } => assert!(is_unclear, "operators are told: {log}"),
        // It may have written down that it was heard before it died, or not.
        Moment::Answered => {}
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_process_dies_a_yes_is_said_once_at_most() {
    // Side by side: each waits for the lease of a dead process.
    let moments = [
        Moment::Waiting,
        Moment::Sending { done: true },
        Moment::Sending { done: false },
        Moment::Answered,
    ];
    let mut deaths = Vec::new();
    for moment in moments {
        deaths.push(dies(Database::sqlite(), moment));
        deaths.extend(Database::postgres().await.map(|database| dies(database, moment)));
    }
    futures::future::join_all(deaths).await;
}
