//! The process dies with an access token in its hand: what came in the place of the refresh token that
//! it was asked with is on disk.

use std::path::{Path, PathBuf};

use countersign::clock::Clock;
use serde_json::json;

use crate::{
    database::Database,
    login::{self, Login, bearer},
    office::{API_KEY, ENCRYPTION_KEY, answer, client},
    patience::until,
    receiver::{self, Receiver},
    running::{Running, flushing},
};

fn write(folder: &Path, database: &Database, receiver: &Receiver, login: &Login) -> PathBuf {
    let config = format!(
        r#"
listen: 127.0.0.1:0
database: "{}"
encryption_key: {{ env: ENCRYPTION_KEY }}
clients:
  - id: shop
    api_keys: [{{ env: API_KEY }}]
    webhook_secret: {{ env: WEBHOOK_SECRET }}
    callbacks: ["{}"]
    scopes: ["*"]
    callback_token:
      token_endpoint: "{}"
      client_id: countersign
      client_secret: {{ env: TOKEN_SECRET }}
      scope: hooks
      refresh_token: {{ env: REFRESH_TOKEN }}
egress: {{ allow: [127.0.0.1/32] }}
"#,
        database.url(),
        receiver.endpoint,
        login.endpoint,
    );
    flushing(folder, &config)
}

async fn serve(config: &Path) -> Running {
    let environment = vec![
        ("API_KEY", API_KEY.to_owned()),
        ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
        ("WEBHOOK_SECRET", receiver::SECRET.to_owned()),
        ("TOKEN_SECRET", login::SECRET.to_owned()),
        ("REFRESH_TOKEN", login::DEPOSITED.to_owned()),
    ];
    let config = config.to_owned();
    tokio::task::spawn_blocking(move || Running::start(&config, &environment)).await.unwrap()
}

/// The policy says yes at once, and a callback goes out.
async fn decided(process: &Running, receiver: &Receiver) {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "cache.flush" },
        "resource": { "type": "cache", "id": "1" },
        "callback": { "endpoint": receiver.endpoint },
    });
    let url = format!("{}/access/v1/requests", process.url);
    let asked = answer(client().post(url).bearer_auth(API_KEY).json(&body)).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
}

async fn survives(database: Database) {
    let receiver = Receiver::start(Clock::system()).await;
    let login = Login::start().await;
    login.trusts_the_deposit();
    login.gives_for(1);
    let folder = tempfile::tempdir().unwrap();
    let config = write(folder.path(), &database, &receiver, &login);
    let process = serve(&config).await;
    // The first token is used, for nothing; from then on the deposited refresh token is good no more.
    receiver.answer([(503, None)]);
    decided(&process, &receiver).await;
    let first = until("a callback", || receiver.read().pop()).await;
    assert_eq!((first.status, first.bearer), (503, Some(bearer(1))));
    tokio::task::spawn_blocking(|| process.kill()).await.unwrap();

    let process = serve(&config).await;
    let taken = || receiver.read().into_iter().find(|delivery| delivery.status == 200);
    let taken = until("the callback", taken).await;
    assert_eq!((taken.id, taken.bearer), (first.id, Some(bearer(2))));
    tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_survives_the_death_of_the_process() {
    // Side by side: what a dead process had leased is waited for.
    let postgres = async {
        if let Some(database) = Database::postgres().await {
            survives(database).await;
        }
    };
    tokio::join!(survives(Database::sqlite()), postgres);
}
