//! The door itself: proofs, limits, problems and headers, through the whole router.

mod door;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use countersign_port::webhook_signature::{Message, Signer, key::Secret};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;

use self::door::{
    Door, KEY, OTHER_KEY, REQUESTS, Reply, SECRET, SIEM_KEY, json_request, wish, with_key,
};
use super::*;

#[tokio::test]
async fn a_request_is_decided_followed_and_cannot_be_withdrawn() {
    let door = Door::open().await;
    let asked = door.ask().await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    assert_eq!(asked.body["result"]["granted_scope"], "orders:read");
    let location = asked.header("location").strip_prefix("http://127.0.0.1:8080").unwrap();
    let found = door.get(location).await;
    assert_eq!((found.status, &found.body["task"]["status"]), (200, &json!("approved")));
    assert_eq!(found.header("retry-after"), "");
    let request = with_key(Method::GET, location, KEY)
        .header(header::IF_NONE_MATCH, found.header("etag"))
        .body(Body::empty());
    assert_eq!(door.send(request.unwrap()).await.status, 304);
    let refused = door.post(&format!("{location}/cancel"), &json!({ "reason": "x" })).await;
    assert_eq!((refused.status, refused.problem()), (409, "invalid_task_state"));
    assert_eq!(refused.body["task"]["status"], "approved");
}

#[tokio::test]
async fn what_is_not_yours_is_as_unknown_as_what_is_not() {
    let door = Door::open().await;
    let asked = door.ask().await;
    let id = asked.body["task"]["id"].as_str().unwrap();
    let request = |path: &str| with_key(Method::GET, path, OTHER_KEY).body(Body::empty()).unwrap();
    let mut foreign = door.send(request(&format!("{REQUESTS}/{id}"))).await;
    let mut unknown =
        door.send(request(&format!("{REQUESTS}/arq_00000000000000000000000000"))).await;
    assert_eq!((foreign.status, foreign.problem()), (404, "unknown_task"));
    foreign.body["request_id"].take();
    unknown.body["request_id"].take();
    assert_eq!(foreign.body, unknown.body);
    for bad in ["x", "arq_", "%2e%2e", "arq_0000000000000000000000000/"] {
        assert_eq!(door.get(&format!("{REQUESTS}/{bad}")).await.status, 404, "{bad}");
    }
}

#[tokio::test]
async fn every_documented_route_but_health_and_public_keys_wants_a_proof() {
    let door = Door::open().await;
    for (path, item) in document().paths.paths {
        let open = ["/livez", "/readyz", "/metrics"].contains(&path.as_str());
        if open || path.starts_with("/.well-known/") {
            continue;
        }
        let path = path.replace("{id}", "arq_00000000000000000000000000");
        let method = if item.get.is_some() { Method::GET } else { Method::POST };
        let bare = || Request::builder().method(method.clone()).uri(&path);
        let reply = door.send(bare().body(Body::empty()).unwrap()).await;
        assert_eq!((reply.status, reply.problem()), (401, "unauthenticated"), "{path}");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"countersign\"");
        let forged = KEY.replace("wx", "wy");
        let tried = ["cs_nobody_0123456789abcdefghijklmnopqrstuv", &forged, "a.b.c", "cs_crm_"];
        for key in tried {
            let request = with_key(method.clone(), &path, key).body(Body::empty()).unwrap();
            let reply = door.send(request).await;
            assert_eq!(reply.status, 401, "{path} {key}");
            assert!(reply.header("www-authenticate").contains("invalid_token"));
        }
    }
}

#[tokio::test]
async fn a_key_opens_its_own_door_only() {
    let door = Door::open().await;
    let reply = door.send(json_request(REQUESTS, SIEM_KEY, &wish("orders:read"))).await;
    assert_eq!(reply.status, 401);
    let path = format!("{REQUESTS}/arq_00000000000000000000000000");
    let both = with_key(Method::GET, &path, KEY).header("countersign-client", "crm");
    assert_eq!(door.send(both.body(Body::empty()).unwrap()).await.status, 401);
    let twice = with_key(Method::GET, &path, KEY).header(header::AUTHORIZATION, "Bearer x");
    assert_eq!(door.send(twice.body(Body::empty()).unwrap()).await.status, 401);
}

fn signed(id: &str, at: Timestamp, body: &Value, secret: &str) -> Request<Body> {
    let body = body.to_string();
    let secret: Secret = secret.parse().unwrap();
    let message = Message::new(id, at, body.as_bytes()).unwrap();
    Request::post(REQUESTS)
        .header(header::CONTENT_TYPE, "application/json")
        .header("countersign-client", "crm")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.as_second())
        .header("webhook-signature", Signer::new(secret, Vec::new(), None).sign(&message))
        .body(Body::from(body.clone()))
        .unwrap()
}

#[tokio::test]
async fn a_signed_request_counts_once() {
    let door = Door::open().await;
    let now = door.clock.now();
    let body = wish("orders:read");
    assert_eq!(door.send(signed("m1", now, &body, SECRET)).await.status, 201);
    let again = door.send(signed("m1", now, &body, SECRET)).await;
    assert_eq!((again.status, again.problem()), (409, "duplicate_request"));
    assert_eq!(door.send(signed("m2", now, &body, SECRET)).await.status, 201);
    let late = now - jiff::SignedDuration::from_secs(301);
    assert_eq!(door.send(signed("m3", late, &body, SECRET)).await.status, 401);
    let foreign = "whsec_YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=";
    assert_eq!(door.send(signed("m4", now, &body, foreign)).await.status, 401);
    let (mut parts, _) = signed("m5", now, &body, SECRET).into_parts();
    let tampered = Body::from(wish("orders:write").to_string());
    assert_eq!(door.send(Request::from_parts(parts.clone(), tampered)).await.status, 401);
    // One that was refused may be sent again as it was.
    parts.headers.remove(header::CONTENT_LENGTH);
    let good = Body::from(body.to_string());
    assert_eq!(door.send(Request::from_parts(parts, good)).await.status, 201);
}

#[tokio::test]
async fn a_key_repeated_gives_the_same_request() {
    let door = Door::open().await;
    let ask = |key: &str, body: &Value| {
        let mut request = json_request(REQUESTS, KEY, body);
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        request
    };
    let first = door.send(ask("\"k-1\"", &wish("orders:read"))).await;
    let again = door.send(ask("k-1", &wish("orders:read"))).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let other = door.send(ask("k-1", &wish("orders:read orders:read"))).await;
    assert_eq!((other.status, other.problem()), (409, "duplicate_request"));
    let bad = door.send(ask("a b", &wish("orders:read"))).await;
    assert_eq!((bad.status, bad.problem()), (400, "invalid_request"));
}

#[tokio::test]
async fn too_fast_is_told_when_to_come_back() {
    let door = Door::open().await;
    let path = format!("{REQUESTS}/arq_00000000000000000000000000");
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let request = with_key(Method::GET, &path, OTHER_KEY).body(Body::empty()).unwrap();
        let reply = door.send(request).await;
        if reply.status == 429 {
            assert_eq!((reply.problem(), reply.header("retry-after")), ("rate_limited", "1"));
        }
        statuses.push(reply.status);
    }
    assert_eq!(statuses[..2], [404, 404]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn an_auditor_who_reads_too_fast_is_told_when_to_come_back() {
    let door = Door::open().await;
    let read = || door.send(read_as("/audit/v1/decisions?limit=1", "*/*", SIEM_KEY));
    // Far more at once than 50, which is a second's worth.
    let replies = join_all((0..200).map(|_| read())).await;
    let (early, others): (Vec<Reply>, Vec<Reply>) =
        replies.into_iter().partition(|reply| reply.status == 429);
    assert!(!early.is_empty());
    assert_eq!((early[0].problem(), early[0].header("retry-after")), ("rate_limited", "1"));
    assert!(others.len() >= 50 && others.iter().all(|reply| reply.status == 200));
}

#[tokio::test]
async fn who_names_no_client_asks_for_itself() {
    let door = Door::open().await;
    let mut body = wish("orders:read");
    body.as_object_mut().unwrap().remove("client");
    let reply = door.send(json_request(REQUESTS, KEY, &body)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(reply.body["task"]["display"]["title"], "crm wants to see orders in production");
    body["client"] = json!(null);
    let nothing = door.send(json_request(REQUESTS, KEY, &body)).await;
    assert_eq!(nothing.status, 201, "{}", nothing.body);
    body["client"] = json!({});
    let empty = door.send(json_request(REQUESTS, KEY, &body)).await;
    assert_eq!((empty.status, empty.problem()), (400, "invalid_request"));
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_why() {
    let door = Door::open().await;
    let with = |member: &str, value: Value| {
        let mut body = wish("orders:read");
        body[member] = value;
        body
    };
    let cases = [
        (with("subject_assertion", json!("x")), 400, "invalid_request", "subject_assertion"),
        (with("subject_token", json!("x")), 403, "forbidden_claim", "subject_token"),
        (with("subject", json!({ "type": "user" })), 400, "invalid_request", "at `subject`"),
        (with("dry_run", json!("yes")), 400, "invalid_request", "dry_run"),
        (with("items", json!([])), 400, "invalid_request", "items"),
        (with("requested_access", json!({})), 400, "invalid_request", "nothing is asked for"),
        (with("requested_access", json!({ "scope": "a  b" })), 400, "invalid_request", "RFC 6749"),
        (with("requested_expiry", json!(0)), 400, "invalid_request", "requested_expiry"),
        (with("action", json!({ "name": "x" })), 400, "invalid_request", "both"),
        (with("binding_message", json!("x".repeat(151))), 400, "invalid_request", "150"),
        (
            with("callback", json!({ "endpoint": "https://evil.example/" })),
            400,
            "invalid_callback",
            "callbacks",
        ),
        (
            with(
                "subject",
                json!({ "type": "user", "id": "a", "properties": { "groups": ["g"] } }),
            ),
            403,
            "forbidden_claim",
            "assert_claims",
        ),
        (wish("customers:read"), 422, "invalid_scope", "customers:read"),
        (wish("orders:eat"), 422, "invalid_scope", "orders:eat"),
        (wish("orders:write"), 422, "unroutable", "shop"),
    ];
    for (body, status, kind, words) in cases {
        let reply = door.post(REQUESTS, &body).await;
        assert_eq!((reply.status, reply.problem()), (status, kind), "{}", reply.body);
        assert!(reply.body["detail"].as_str().unwrap().contains(words), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_registered_callback_is_taken_in_any_spelling_of_its_host() {
    let door = Door::open().await;
    let mut body = wish("orders:read");
    body["callback"] =
        json!({ "endpoint": "https://AUTH.example.com:443/hook", "events": ["denied"] });
    assert_eq!(door.post(REQUESTS, &body).await.status, 201);
}

#[tokio::test]
async fn what_is_no_i_json_names_rule_and_place() {
    let door = Door::open().await;
    let send = |body: String| {
        let request = with_key(Method::POST, REQUESTS, KEY);
        door.send(
            request.header("content-type", "application/json").body(Body::from(body)).unwrap(),
        )
    };
    let twice = send(r#"{"subject":{"id":"a","id":"b"}}"#.to_owned()).await;
    assert_eq!((twice.status, twice.problem()), (400, "not_i_json"));
    let detail = twice.body["detail"].as_str().unwrap();
    assert!(detail.contains("duplicate_name") && detail.contains("/subject/id"), "{detail}");
    let long = send(format!("{{\"a\":\"{}\"}}", "x".repeat(65 * 1024))).await;
    assert_eq!((long.status, long.problem()), (413, "blank"));
    let text = with_key(Method::POST, REQUESTS, KEY).header("content-type", "text/plain");
    let text = door.send(text.body(Body::from("{}")).unwrap()).await;
    assert_eq!((text.status, text.problem()), (415, "blank"));
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_hides_names() {
    let door = Door::open().await;
    let mut body = wish("orders:read");
    body["dry_run"] = json!(true);
    let reply = door.post(REQUESTS, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let item = &reply.body["items"][0];
    assert_eq!((&item["status"], &item["rules"]), (&json!("approved"), &json!(["reads"])));
    assert_eq!(item["trace"][0]["matched"], true);
    assert!(item.get("approvers").is_none());
}

#[tokio::test]
async fn every_answer_has_its_headers_and_errors_are_problems() {
    let door = Door::open().await;
    let put = Request::put("/livez").body(Body::empty()).unwrap();
    for (reply, status) in [
        (door.get("/nowhere").await, 404),
        (door.send(put).await, 405),
        (door.get("/panic").await, 500),
        (door.get("/livez").await, 200),
        (door.get("/readyz").await, 200),
        (door.get("/openapi.json").await, 200),
    ] {
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert!(reply.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(reply.header("x-request-id").starts_with("req_"));
        assert_eq!(reply.header("server"), "");
        if status >= 400 {
            assert_eq!(reply.problem(), "blank");
        }
    }
    let named = Request::get("/livez").header("x-request-id", "call me; anything");
    let named = door.send(named.body(Body::empty()).unwrap()).await;
    assert_eq!(named.header("x-request-id"), "call me; anything");
}

#[tokio::test]
async fn the_page_for_people_brings_its_own_scripts_only() {
    let door = Door::open().await;
    let page = door.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    assert_eq!(door.get("/docs/swagger-ui-bundle.js").await.status, 200);
}

#[tokio::test]
async fn a_stopping_service_is_alive_and_not_ready() {
    let door = Door::open().await;
    door.app.stopping().cancel();
    assert_eq!(door.get("/livez").await.status, 200);
    let reply = door.get("/readyz").await;
    assert_eq!((reply.status, reply.problem()), (503, "unavailable"));
}

#[tokio::test]
async fn metrics_know_routes_and_no_paths() {
    let door = Door::open().await;
    door.get(&format!("{REQUESTS}/arq_00000000000000000000000000")).await;
    door.get("/secret-path").await;
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = door.router.clone().oneshot(request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains("route=\"/access/v1/requests/{id}\""), "{text}");
    assert!(text.contains("countersign_outbox_waiting"), "{text}");
    assert!(!text.contains("secret-path") && !text.contains("arq_0"), "{text}");
}

#[test]
fn the_kept_description_of_the_api_is_the_present_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/manifests/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let present = document::text(&document()).unwrap();
    assert!(kept == present, "write it anew: cargo run -- openapi > manifests/openapi.json");
}

fn read_as(path: &str, accept: &str, key: &str) -> Request<Body> {
    with_key(Method::GET, path, key).header(header::ACCEPT, accept).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn an_auditor_pages_through_decisions_and_nobody_else_does() {
    let door = Door::open().await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(door.ask().await.body["task"]["id"].as_str().unwrap().to_owned());
    }
    let read = async |path: &str| door.send(read_as(path, "*/*", SIEM_KEY)).await;
    let mut found = Vec::new();
    let mut path = "/audit/v1/decisions?client=crm&limit=2".to_owned();
    loop {
        let page = read(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["items"].as_array().unwrap().iter();
        found.extend(items.map(|item| item["request_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/audit/v1/decisions?client=crm&limit=2&cursor={cursor}");
    }
    asked.sort();
    asked.reverse();
    assert_eq!(found, asked);
    let other = read(&path.replace("client=crm", "client=erp")).await;
    assert_eq!((other.status, other.problem()), (400, "invalid_request"));
    for key in [KEY, "cs_siem_wrong"] {
        let refused = door.send(read_as("/audit/v1/entries", "*/*", key)).await;
        assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"));
    }
}

#[tokio::test]
async fn a_stream_of_the_history_is_everything_that_fits() {
    let door = Door::open().await;
    door.ask().await;
    let entries = "/audit/v1/entries?kind=request_decided";
    for (accept, content_type, lines) in [
        ("text/csv", "text/csv; charset=utf-8", 2),
        ("application/x-ndjson", "application/x-ndjson", 1),
    ] {
        let response = door.router.clone().oneshot(read_as(entries, accept, SIEM_KEY)).await;
        let (parts, body) = response.unwrap().into_parts();
        assert_eq!(parts.headers[header::CONTENT_TYPE], content_type);
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        assert_eq!(String::from_utf8(bytes.to_vec()).unwrap().lines().count(), lines);
        let paged = read_as(&format!("{entries}&limit=1"), accept, SIEM_KEY);
        assert_eq!(door.send(paged).await.status, 400);
    }
}

#[tokio::test]
async fn where_nothing_is_signed_no_credential_is_good() {
    let form = with_key(Method::POST, "/access/v1/credentials/introspect", KEY)
        .header("content-type", "application/x-www-form-urlencoded");
    let reply = Door::open().await.send(form.body("token=x".into()).unwrap()).await;
    assert_eq!((reply.status, &reply.body["active"]), (200, &false.into()));
}
