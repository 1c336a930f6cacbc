//! The page for integrators does what it says: its commands are run as they stand there.

use std::process::Command;

use countersign_port::card::Verb;
use serde_json::Value;

use super::pep::By;
use crate::office::{Office, tell};

const PAGE: &str = include_str!("../../../docs/guides/authzen.md");

/// What a command of the page answers.
async fn run(office: &Office, number: usize, values: &[(&str, &str)]) -> Value {
    let block = PAGE.split("```sh\n").nth(number + 1).unwrap().split("```").next().unwrap();
    let mut command = Command::new("sh");
    command.arg("-c").arg(block).env("URL", &office.url).env("KEY", By::Gate.key());
    command.envs(values.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {block}\n{text}"))
}

fn has_curl() -> bool {
    Command::new("curl").arg("--version").output().is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_is_run() {
    if !has_curl() {
        println!("skipped: there is no curl here, so the page was not run");
        return;
    }
    tell(|office| async move {
        let metadata = run(&office, 0, &[]).await;
        assert_eq!(metadata["policy_decision_point"], "https://countersign.example");
        let denial = run(&office, 1, &[]).await;
        assert_eq!(denial["context"]["reason"], "approval_required", "{denial}");
        let asking = &denial["context"]["access_request"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (token, expires) = (text(&asking["binding_token"]), text(&asking["expires_at"]));
        let task = run(&office, 2, &[("TOKEN", &token), ("EXPIRES", &expires)]).await;
        assert_eq!(task["task"]["status"], "pending", "{task}");
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let task = run(&office, 3, &[("TASK", &text(&task["task"]["id"]))]).await;
        assert_eq!(task["result"]["mode"], "reevaluate", "{task}");
        let approval = task["result"]["approval"].to_string();
        let answer = run(&office, 4, &[("APPROVAL", &approval)]).await;
        assert_eq!(answer["decision"], true, "{answer}");
        office
    })
    .await;
}
