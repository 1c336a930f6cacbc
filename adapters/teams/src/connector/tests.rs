//! What is asked of the connector, and what its answers mean.

use countersign_port::{
    access::Identity,
    card::{Face, Line},
    chat::{Chat, MessageRef},
    error::SendError,
    text::Untrusted,
};
use jiff::SignedDuration;

use super::*;
use crate::{
    fakes::{APP, BOB, CHANNEL, Stage, TEAM, TENANT, THREAD, bob, vectors},
    samples,
};

fn verdict<T: std::fmt::Debug>(result: Result<T, SendError>) -> String {
    match result.unwrap_err() {
        SendError::Retry { after, .. } => format!("retry {:?}", after.map(|a| a.as_secs())),
        SendError::Unknown { .. } => "unknown".to_owned(),
        SendError::GiveUp { why, .. } => format!("give up {why:?}"),
    }
}

fn message() -> MessageRef {
    MessageRef(format!("{TENANT}|{THREAD}|1795359389534"))
}

#[tokio::test]
async fn a_card_is_posted_as_a_thread_and_redrawn_there() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    assert_eq!(stage.teams.post(CHANNEL, &card).await.unwrap(), message());
    stage.teams.update(&message(), &card).await.unwrap();
    let calls = stage.microsoft.asked("/_connector");
    let [post, put] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(post.body["bot"]["id"], format!("28:{APP}"));
    assert_eq!(put.method, Method::PUT);
    assert_eq!(
        put.path,
        "/_connector/v3/conversations/19%3Aapprovals%40thread.tacv2%3Bmessageid%3D1795359389534\
         /activities/1795359389534"
    );
    assert_eq!(put.body["id"], "1795359389534");
    assert!(calls.iter().all(|call| call.token.as_deref() == Some("Bearer token-1")));
}

#[tokio::test]
async fn a_note_is_a_reply_in_the_thread_of_its_card() {
    let stage = Stage::installed().await;
    let line = Line::words("Erin approved: ").outside(Untrusted::new("**x** [y](z)").display());
    stage.teams.note(&message(), &line).await.unwrap();
    let calls = stage.microsoft.asked("/_connector");
    let [reply] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(reply.method, Method::POST);
    assert_eq!(
        reply.path,
        "/_connector/v3/conversations/19%3Aapprovals%40thread.tacv2%3Bmessageid%3D1795359389534\
         /activities"
    );
    assert_eq!(reply.body["summary"], "Erin approved: **x** [y](z)");
    let astray = stage.teams.note(&MessageRef("C1/2".to_owned()), &line).await;
    assert_eq!(verdict(astray), "give up Channel");
}

#[tokio::test]
async fn a_post_has_the_shape_that_was_recorded() {
    let Some(folder) = vectors("a_post_has_the_shape_that_was_recorded") else { return };
    let text = std::fs::read_to_string(folder.join("connector.createConversation.channel.json"));
    let recorded: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let stage = Stage::installed().await;
    let body = recorded["response"]["body"].clone();
    stage.microsoft.answers(Method::POST, "/v3/conversations", 201, body);
    stage.teams.post(CHANNEL, &samples::card(Face::Pending)).await.unwrap();
    let mut sent = stage.microsoft.asked("/v3/conversations")[0].body.clone();
    let mut wanted = recorded["request"]["body"].clone();
    for body in [&mut sent, &mut wanted] {
        body["activity"]["attachments"] = Value::Null;
        body["activity"]["summary"] = Value::Null;
    }
    assert_eq!(sent, wanted);
}

#[tokio::test]
async fn every_answer_of_the_connector_has_its_meaning() {
    for (status, post, update) in [
        (400, "give up Refused", "give up Refused"),
        (403, "give up Channel", "give up Channel"),
        (404, "give up Channel", "give up Message"),
        (412, "retry None", "retry None"),
        (413, "give up Refused", "give up Refused"),
        (429, "retry Some(7)", "retry Some(7)"),
        (500, "unknown", "retry None"),
        (502, "retry None", "retry None"),
        (504, "unknown", "retry None"),
    ] {
        let stage = Stage::installed().await;
        let card = samples::card(Face::Pending);
        let error = json!({ "error": { "code": "X", "message": "secret" } });
        for _ in 0..2 {
            stage.microsoft.answers(Method::POST, "/v3/conversations", status, error.clone());
            stage.microsoft.answers(Method::PUT, "/v3/conversations", status, error.clone());
        }
        assert_eq!(verdict(stage.teams.post(CHANNEL, &card).await), post, "{status}");
        assert_eq!(verdict(stage.teams.update(&message(), &card).await), update, "{status}");
    }
}

#[tokio::test]
async fn a_card_that_teams_does_not_take_goes_out_plain() {
    let stage = Stage::installed().await;
    stage.microsoft.answers(Method::POST, "/v3/conversations", 413, json!({}));
    stage.teams.post(CHANNEL, &samples::card(Face::Pending)).await.unwrap();
    let posts = stage.microsoft.asked("/v3/conversations");
    assert!(posts[0].body.to_string().contains("Action.Execute"));
    assert!(!posts[1].body.to_string().contains("Action."));
    assert!(posts[1].body.to_string().contains("It cannot be drawn here."));
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_replaced_once() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    stage.microsoft.answers(Method::POST, "/v3/conversations", 401, json!({}));
    stage.teams.post(CHANNEL, &card).await.unwrap();
    let tokens: Vec<_> =
        stage.microsoft.asked("/v3/conversations").into_iter().map(|call| call.token).collect();
    assert_eq!(tokens, [Some("Bearer token-1".to_owned()), Some("Bearer token-2".to_owned())]);
    for _ in 0..2 {
        stage.microsoft.answers(Method::POST, "/v3/conversations", 401, json!({}));
    }
    let refused = stage.teams.post(CHANNEL, &card).await;
    assert!(refused.clone().unwrap_err().to_string().contains("tenant_id"));
    assert_eq!(verdict(refused), "give up Refused");
}

#[tokio::test]
async fn an_answer_without_an_id_is_an_unknown_one() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    for body in [json!({}), json!({ "id": CHANNEL }), json!("x")] {
        stage.microsoft.answers(Method::POST, "/v3/conversations", 201, body);
        assert_eq!(verdict(stage.teams.post(CHANNEL, &card).await), "unknown");
    }
}

#[tokio::test]
async fn the_token_never_leaves_the_list() {
    let stage = Stage::installed().await;
    let hosts = ServiceHosts::new(["127.0.0.1"]).unwrap();
    let settings = crate::fakes::settings(&stage.address);
    let tokens = Tokens::new(crate::fakes::egress(), &settings, stage.now());
    let connector = Connector::new(crate::fakes::egress(), hosts, Some(tokens), stage.now());
    let address = stage.address.strip_prefix("http://127.0.0.1").unwrap();
    for service_url in [
        format!("http://127.0.0.2{address}/_connector"),
        format!("http://localhost{address}/_connector"),
        format!("http://127.0.0.1@127.0.0.2{address}/"),
        format!("{}/_connector?x=", stage.address),
        format!("{}/_connector#", stage.address),
        "https://evil.example/".to_owned(),
        String::new(),
    ] {
        let asked = connector.member(&service_url, CHANNEL, "29:1bob").await;
        assert!(matches!(asked, Err(Failure::Blocked(_))), "{service_url}: {asked:?}");
    }
    assert!(stage.microsoft.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_id_stays_inside_its_part_of_the_path() {
    let stage = Stage::installed().await;
    let hosts = ServiceHosts::new(["127.0.0.1"]).unwrap();
    let connector = Connector::new(crate::fakes::egress(), hosts, None, stage.now());
    let service_url = stage.service_url();
    for id in [".", "..", ""] {
        let asked = connector.member(&service_url, id, "29:1bob").await;
        assert!(matches!(asked, Err(Failure::Blocked(_))), "{id}");
    }
    let hostile = "../../x?y=1#z/%2e%2e\\";
    assert!(connector.member(&service_url, hostile, "29:1bob").await.is_ok());
    let path = stage.microsoft.asked("/members")[0].path.clone();
    assert_eq!(
        path,
        "/_connector/v3/conversations/..%2F..%2Fx%3Fy%3D1%23z%2F%252e%252e%5C/members/29%3A1bob"
    );
}

#[tokio::test]
async fn more_than_a_thread_takes_waits_here() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    for _ in 0..7 {
        stage.teams.update(&message(), &card).await.unwrap();
    }
    assert_eq!(verdict(stage.teams.update(&message(), &card).await), "retry Some(1)");
    stage.passes(SignedDuration::from_secs(1));
    stage.teams.update(&message(), &card).await.unwrap();
    assert_eq!(stage.microsoft.asked("/activities").len(), 8);
}

#[tokio::test]
async fn the_pace_of_one_thread_is_not_that_of_another() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    for _ in 0..7 {
        stage.teams.update(&message(), &card).await.unwrap();
    }
    let other = MessageRef(format!("{TENANT}|{CHANNEL};messageid=5|5"));
    stage.teams.update(&other, &card).await.unwrap();
}

#[tokio::test]
async fn a_person_is_told_by_object_id() {
    let stage = Stage::installed().await;
    let person = |subject: &str| Identity {
        provider: "teams".to_owned(),
        tenant: TENANT.to_owned(),
        subject: subject.to_owned(),
    };
    let spelt = json!({ "id": "29:1bob", "objectId": BOB });
    stage.microsoft.members.lock().unwrap().insert(BOB.to_owned(), spelt);
    let card = samples::card(Face::Approved);
    stage.teams.tell(&person(BOB), &card).await.unwrap();
    let opened = stage.microsoft.asked("/v3/conversations");
    let opened = opened.iter().find(|call| call.body["members"].is_array()).unwrap();
    assert_eq!(opened.body["members"], json!([{ "id": "29:1bob" }]));
    assert_eq!(opened.body["isGroup"], false);
    assert_eq!(verdict(stage.teams.tell(&person("nobody"), &card).await), "give up Channel");
    let looked_in = &stage.microsoft.asked("/members")[0].path;
    assert!(looked_in.contains(&TEAM.replace(':', "%3A").replace('@', "%40")), "{looked_in}");
    assert!(bob(&json!({}))["id"].is_string());
}

#[tokio::test]
async fn no_card_goes_where_the_app_is_not_ours_alone() {
    let stage = Stage::installed().await;
    let card = samples::card(Face::Pending);
    let shared = stage.teams.post("19:shared@thread.tacv2", &card).await;
    assert!(shared.clone().unwrap_err().to_string().contains("is a shared channel"));
    assert_eq!(verdict(shared), "give up Channel");
    let nowhere = Stage::empty().await.teams.post(CHANNEL, &card).await;
    assert_eq!(verdict(nowhere), "give up Channel");
    // A channel that is newer than what we know of its team.
    stage.teams.post("19:new@thread.tacv2", &card).await.unwrap();
}
