//! What stays outside, on every route.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use countersign_port::{access::Access, chat::Chat};
use tower::ServiceExt;

use crate::{door::MAX_BODY_BYTES, fakes::Stage};

const ROUTES: [&str; 3] = ["/slack/interactions", "/slack/commands", "/slack/events"];

async fn knock(stage: &Stage, request: Request<Body>) -> (u16, String) {
    let access: Arc<dyn Access> = Arc::clone(&stage.access) as Arc<dyn Access>;
    let response = stage.slack.routes(access).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 10).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn nothing_unsigned_comes_in_and_all_are_told_the_same() {
    let stage = Stage::installed(&["T1"]).await;
    let words = "this request is not signed by Slack\n";
    for route in ROUTES {
        let bare = Request::post(route).body(Body::from("ssl_check=1")).unwrap();
        assert_eq!(knock(&stage, bare).await, (401, words.to_owned()), "{route}");
        let challenge = r#"{"type":"url_verification","challenge":"c"}"#;
        let forged = Request::post(route)
            .header("x-slack-request-timestamp", "1795356120")
            .header("x-slack-signature", format!("v0={}", "0".repeat(64)))
            .body(Body::from(challenge))
            .unwrap();
        assert_eq!(knock(&stage, forged).await, (401, words.to_owned()), "{route}");
    }
    assert!(stage.script.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_too_large_stays_outside() {
    let stage = Stage::installed(&["T1"]).await;
    for route in ROUTES {
        let body = Body::from(vec![b'x'; MAX_BODY_BYTES + 1]);
        let (status, _) = knock(&stage, Request::post(route).body(body).unwrap()).await;
        assert_eq!(status, 413, "{route}");
    }
}
