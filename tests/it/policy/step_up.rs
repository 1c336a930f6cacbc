//! How somebody must have signed in, and whether they must say why, can be tried before it is in force.

use super::desk::Desk;
use crate::office::write_prod_for;

#[tokio::test]
async fn a_test_and_an_explanation_know_how_somebody_signed_in() {
    let desk = Desk::new();
    let with = "guardrails:\n  - { name: anew, if: { access: write }, step_up: { acr: gold, max_age: 5m } }\n";
    desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
    desk.write(
        "policy.test.yaml",
        r#"cases:
  - name: signed in just now
    request: { subject: dana, scopes: "prod:orders:write", acr: gold, signed_in: 2m }
    rule: write to production
    then: [{ expect: pending }]
  - name: too long ago
    request: { subject: dana, scopes: "prod:orders:write", acr: gold, signed_in: 5m }
    then: [{ expect: refused }]
  - name: not strongly
    request: { subject: dana, scopes: "prod:orders:write", acr: silver, signed_in: 2m }
    then: [{ expect: refused }]
"#,
    );
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    desk.write("request.json", &write_prod_for("A typo").to_string());
    let said = desk.policy_command(&["explain", &desk.path("request.json")]).await;
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("must have signed in within 5 minutes"), "{}", said.out);
}

#[tokio::test]
async fn a_test_and_an_explanation_know_whether_a_reason_was_given() {
    let desk = Desk::new();
    let with = "guardrails:\n  - { name: why, if: { access: write }, justification: required }\n";
    desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
    desk.write(
        "policy.test.yaml",
        r#"cases:
  - name: a reason
    request: { subject: dana, scopes: "prod:orders:write", justification: A typo }
    rule: write to production
    then: [{ expect: pending }]
  - name: none
    request: { subject: dana, scopes: "prod:orders:write" }
    then: [{ expect: refused }]
  - name: none is needed to read
    request: { subject: dana, scopes: "report:read", trust: trusted }
    then: [{ expect: approved }]
"#,
    );
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    desk.write("request.json", &write_prod_for("").to_string());
    let said = desk.policy_command(&["explain", &desk.path("request.json")]).await;
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("the policy wants to know why"), "{}", said.out);
}
