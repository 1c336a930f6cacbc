//! The slash command, from the signed form to the answer.

use countersign_port::access::RefusalKind;
use serde_json::{Value, json};

use crate::fakes::{Stage, user};

async fn typed(stage: &Stage, text: &str) -> Value {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("command", "/countersign")
        .append_pair("text", text)
        .append_pair("team_id", "T1")
        .append_pair("user_id", "U1")
        .append_pair("api_app_id", "A1")
        .append_pair("response_url", "https://hooks.slack.com/commands/T1/1/x")
        .finish();
    let (status, answer) = stage.post("/slack/commands", &form).await;
    assert_eq!((status, &answer["response_type"]), (200, &json!("ephemeral")));
    answer["blocks"].clone()
}

#[tokio::test]
async fn the_command_alone_lists_what_waits() {
    let stage = Stage::installed(&["T1"]).await;
    let blocks = typed(&stage, "  ").await;
    assert_eq!(blocks[0]["text"]["text"], "Waiting for you: 1");
    let entry = blocks[1].to_string();
    assert!(entry.contains("wants to change live orders"), "{entry}");
    let link = format!("{}/archives/C1/p1763820120000100", stage.address);
    assert!(entry.contains(&link), "{entry}");
}

#[tokio::test]
async fn why_shows_one_request_without_buttons() {
    let stage = Stage::installed(&["T1"]).await;
    let blocks = typed(&stage, "why arq_01KA7M6Q5X8R3T0V2W4Y6Z8B1C").await.to_string();
    assert!(blocks.contains("prod:orders:write") && !blocks.contains("action_id"), "{blocks}");
}

#[tokio::test]
async fn link_shows_the_account_for_the_people_file() {
    let stage = Stage::installed(&["T1"]).await;
    let blocks = typed(&stage, "link").await;
    let words = "Your account, for the people file:\nslack: { team: T1, user: U1 }";
    assert_eq!(blocks[0]["text"]["text"], words);
}

#[tokio::test]
async fn anything_else_says_what_there_is() {
    let stage = Stage::installed(&["T1"]).await;
    for text in ["help", "why", "why a b", "<!channel>"] {
        let blocks = typed(&stage, text).await;
        assert!(blocks[0]["text"]["text"].as_str().unwrap().starts_with("`/countersign` lists"));
    }
}

#[tokio::test]
async fn a_guest_is_told_nothing() {
    let stage = Stage::installed(&["T1"]).await;
    stage.answers("users.info", 200, user(&json!({ "is_restricted": true })));
    for text in ["", "why arq_1"] {
        let blocks = typed(&stage, text).await;
        assert_eq!(blocks[0]["text"]["text"], format!("Refused: {:?}.", RefusalKind::Guest));
    }
}

#[tokio::test]
async fn slacks_own_checks_are_acknowledged() {
    let stage = Stage::installed(&["T1"]).await;
    for form in ["ssl_check=1&token=x", "", "user_id="] {
        assert_eq!(stage.post("/slack/commands", form).await, (200, Value::Null), "{form}");
    }
}
