//! Socket Mode: a ticket, hello, envelopes, acknowledgements, and what happens without them.

use countersign_fake_slack::world::App;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message as Frame};

use crate::app::World;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(world: &World) -> Socket {
    let token = "xapp-1-A1-1000-token";
    let said = world.form_as(Some(token), "apps.connections.open", &[]).await;
    let url = said["url"].as_str().unwrap();
    let mut socket = tokio_tungstenite::connect_async(url).await.unwrap().0;
    assert_eq!(next(&mut socket).await["type"], "hello");
    assert!(tokio_tungstenite::connect_async(url).await.is_err(), "a ticket is good for once");
    socket
}

async fn next(socket: &mut Socket) -> Value {
    let frame = socket.next().await.unwrap().unwrap();
    serde_json::from_str(frame.to_text().unwrap()).unwrap()
}

async fn acknowledge(socket: &mut Socket, envelope: &Value, payload: Value) {
    let answer = json!({ "envelope_id": envelope["envelope_id"], "payload": payload });
    socket.send(Frame::text(answer.to_string())).await.unwrap();
}

#[tokio::test]
async fn an_envelope_is_acknowledged_by_its_id_and_may_be_answered() {
    let world = World::new(App::named("A1")).await;
    world.slack.use_socket_mode();
    let mut socket = connect(&world).await;
    let typing = world.slack.slash("U1", "C1", "/countersign list");
    let answering = async {
        let envelope = next(&mut socket).await;
        assert_eq!(envelope["type"], "slash_commands");
        acknowledge(&mut socket, &envelope, json!({ "text": "nothing waits" })).await;
    };
    let (answer, ()) = tokio::join!(typing, answering);
    assert!(answer.is_acknowledged());
    assert_eq!(world.slack.ephemerals("U1")[0].text, "nothing waits");
    assert!(world.slack.leftovers().is_empty());
}

#[tokio::test]
async fn what_nobody_acknowledged_comes_again_on_the_next_connection() {
    let world = World::new(App::named("A1")).await;
    world.slack.use_socket_mode();
    let mut first = connect(&world).await;
    let event = world.slack.event("T1", json!({ "type": "team_join" }));
    let reconnecting = async {
        let lost = next(&mut first).await;
        world.slack.recycle_connections();
        assert_eq!(next(&mut first).await["reason"], "refresh_requested");
        first.close(None).await.unwrap();
        let mut second = connect(&world).await;
        let again = next(&mut second).await;
        assert_eq!(again["envelope_id"], lost["envelope_id"]);
        assert_eq!((&lost["retry_attempt"], &again["retry_attempt"]), (&json!(0), &json!(1)));
        acknowledge(&mut second, &again, Value::Null).await;
        second
    };
    let (answer, _open) = tokio::join!(event, reconnecting);
    assert!(answer.is_acknowledged());
}
