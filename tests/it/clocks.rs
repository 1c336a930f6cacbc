//! Clocks that are apart, on PostgreSQL, whose server has one of its own: one that is wrong moves
//! nobody's time. The clocks here run: one that stands still cannot be held against another.

use axum::{Router, body::Body, http::Request};
use countersign::{
    app::App,
    clock::{Clock, Doubt},
};
use jiff::SignedDuration;
use serde_json::json;
use tower::ServiceExt;

use crate::{
    database::Database,
    office::{Office, Site},
    running::{Said, run},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const MINUTE_US: i64 = 60_000_000;

fn ahead() -> Clock {
    let clock = Clock::system();
    clock.advance(DAY);
    clock
}

async fn office() -> Option<Office> {
    Some(Office::open_at(Database::postgres().await?, Clock::system(), Site::default()).await)
}

async fn pending(office: &Office) -> String {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop-admin", "name": "Shop Admin" },
        "requested_access": { "scope": "prod:orders:write" },
    });
    office.ask(&body).await.body["task"]["id"].as_str().unwrap().to_owned()
}

async fn status(office: &Office, id: &str) -> String {
    office.get(id).await.body["task"]["status"].as_str().unwrap().to_owned()
}

async fn doubt(app: &App) -> Option<Doubt> {
    app.timers.keep_time().await.unwrap()
}

/// What a probe is told.
async fn ready(router: &Router) -> (u16, String) {
    let request = Request::get("/readyz").body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn clock_command(office: &Office, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.yaml");
    let url = office.database_url();
    let config = format!(
        "listen: 127.0.0.1:0\npublic_url: https://countersign.example\ndatabase: \"{url}\"\n"
    );
    std::fs::write(&path, config).unwrap();
    run(&[&["clock", "--config", path.to_str().unwrap()], more].concat(), &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_clock_is_a_day_ahead_moves_nobodys_time() {
    let Some(office) = office().await else { return };
    let id = pending(&office).await;
    let (other, door) = office.replica_at(&ahead()).await;
    assert_eq!(doubt(&other).await, Some(Doubt::Ahead));
    let (code, said) = ready(&door).await;
    assert_eq!(code, 503);
    assert!(said.contains("is ahead of the database server's"), "{said}");
    other.timers.sweep().await.unwrap();
    assert_eq!(doubt(&office.app).await, None, "the others go on");
    let now_us = Clock::system().raw_us();
    assert!(office.store().high_water().await.unwrap() <= now_us);
    assert!(office.clock.now().as_microsecond() - now_us < MINUTE_US);
    assert_eq!(status(&office, &id).await, "pending");
    other.stop().await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_somebody_acted_on_and_never_was_is_forgotten_when_an_operator_says_so() {
    let Some(office) = office().await else { return };
    let id = pending(&office).await;
    let poisoned_us = ahead().raw_us();
    office.store().raise_high_water(poisoned_us).await.unwrap();
    let (replica, door) = office.replica_at(&office.clock).await;
    assert_eq!(doubt(&replica).await, Some(Doubt::ActedAhead));
    let (code, said) = ready(&door).await;
    assert_eq!(code, 503);
    assert!(said.contains("run `countersign clock --forget-later`"), "{said}");
    replica.timers.sweep().await.unwrap();
    assert_eq!(status(&office, &id).await, "pending", "nothing has expired");

    let looked = clock_command(&office, &[]).await;
    assert_eq!(looked.code, Some(1), "{looked:?}");
    assert!(looked.out.contains("acted on last"), "{looked:?}");
    assert_eq!(office.store().high_water().await.unwrap(), poisoned_us, "it only looked");
    let forgot = clock_command(&office, &["--forget-later"]).await;
    assert_eq!(forgot.code, Some(0), "{forgot:?}");
    assert_eq!(doubt(&replica).await, None);
    assert_eq!(ready(&door).await.0, 200);
    assert_eq!(clock_command(&office, &[]).await.code, Some(0));
    replica.stop().await;
    office.close().await;
}
