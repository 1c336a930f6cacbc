//! The order in which a door closes.

use axum::{extract::State, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};

use super::*;

/// Somebody who is in no hurry.
#[derive(Clone, Default)]
struct Desk {
    asked: Arc<Notify>,
    go_on: Arc<Notify>,
}

async fn slow(State(desk): State<Desk>) -> &'static str {
    desk.asked.notify_one();
    desk.go_on.notified().await;
    "done"
}

#[tokio::test]
async fn what_was_begun_is_answered_and_nobody_else_comes_in() {
    let desk = Desk::default();
    let router = Router::new().route("/slow", get(slow)).with_state(desk.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "joined below")]
    let door = tokio::spawn(serve(listener, router, stop.clone()));
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    desk.asked.notified().await;
    stop.cancel();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    desk.go_on.notify_one();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("done"), "{answer}");
    door.await.unwrap();
}
