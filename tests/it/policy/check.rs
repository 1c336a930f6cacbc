//! `countersign policy check`: its findings, in three languages, and its exit codes.

use serde_json::{Value, json};

use super::desk::{Desk, lines};

/// A bit of everything: a slip would hide the rest, so there is none.
const DEAD: &str = "version: 1
channels: { shop: { sandbox: shop-approvals }, quiet: {} }
rules:
  - { name: all, if: { scope: \"*\" }, ask: [{ from: shop, in: shop, remind: { every: 2h } }] }
  - { name: dead, if: { scope: \"report:*\" }, ask: [{ from: shop, in: shop }] }
  - { name: crowd, if: { action: \"*\" }, ask: [{ from: shop, count: 9, in: quiet }] }
";

#[tokio::test]
async fn a_sound_policy_is_a_yes_with_warnings() {
    let desk = Desk::new();
    let said = desk.policy_command(&["check"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("too-few-without-requester"), "{}", said.err);
    assert_eq!(desk.policy_command(&["check", "--strict"]).await.code, Some(1));
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let desk = Desk::new();
    desk.write("policy.yaml", DEAD);
    let said = desk.policy_command(&["check"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("the rule `dead` is never reached"), "{}", said.err);
    assert!(said.err.contains("3 faults in "), "{}", said.err);
    // What does not check is not served either.
    let served = desk.command(&["serve"]).await;
    assert_eq!(served.code, Some(1));
    assert!(served.err.contains("3 faults in "), "{}", served.err);
    assert_eq!(desk.command(&["check"]).await.code, Some(1));
}

#[tokio::test]
async fn another_file_than_the_configured_one_can_be_checked() {
    let desk = Desk::new();
    desk.write("new.yaml", DEAD);
    let said = desk.policy_command(&["check", "--policy", &desk.path("new.yaml")]).await;
    assert_eq!(said.code, Some(1));
    assert_eq!(desk.policy_command(&["check"]).await.code, Some(0));
}

#[tokio::test]
async fn a_program_reads_one_object_a_line() {
    let desk = Desk::new();
    desk.write("policy.yaml", DEAD);
    let said = desk.policy_command(&["check", "--json"]).await;
    assert_eq!(said.code, Some(1));
    let told = lines(&said);
    let codes: Vec<&Value> = told.iter().map(|line| &line["code"]).collect();
    assert_eq!(codes, ["late-reminder", "unreachable-rule", "no-channel"]);
    let expected = json!({
        "severity": "error", "code": "unreachable-rule", "file": desk.path("policy.yaml"),
        "line": 5, "column": 5, "end_line": 5, "end_column": 79,
        "message": "the rule `dead` is never reached: `all` above it take all of it",
        "help": "move it up, narrow what stands above it, or take it out",
    });
    assert_eq!(told[1], expected);
    // A slip has no code: nothing else can be looked at before it is mended.
    desk.write("policy.yaml", &DEAD.replace("count: 9", "cuont: 9"));
    let told = lines(&desk.policy_command(&["check", "--json"]).await);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["message"], "unknown key `cuont`");
    assert_eq!(told[0].get("code"), None);
}

#[tokio::test]
async fn a_code_host_is_told_in_sarif() {
    let desk = Desk::new();
    desk.write("policy.yaml", &DEAD.replace("action: \"*\"", "action: account.delete"));
    let said = desk.policy_command(&["check", "--sarif"]).await;
    assert_eq!(said.code, Some(1));
    let log: Value = serde_json::from_str(&said.out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
    }
    let levels: Vec<&Value> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "error", "error", "warning"]);
    if let Some(file) = std::env::var_os("COUNTERSIGN_RECORD_SARIF") {
        std::fs::write(file, &said.out).unwrap();
    }
}

#[tokio::test]
async fn wrong_usage_is_neither_yes_nor_no() {
    let desk = Desk::new();
    assert_eq!(desk.policy_command(&["check", "--json", "--sarif"]).await.code, Some(2));
    assert_eq!(desk.policy_command(&["chek"]).await.code, Some(2));
}
