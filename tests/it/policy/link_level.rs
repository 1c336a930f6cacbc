//! A guardrail that wants declared accounts can be tried before it is in force.

use super::desk::Desk;
use crate::office::write_prod;

const WITH: &str =
    "guardrails:\n  - { name: known accounts, if: { scope: 'prod:*' }, link: declared }\n";

const CASES: &str = r#"cases:
  - name: a sign-in is not enough
    request: { subject: dana, scopes: "prod:orders:write" }
    then:
      - { links: { erin: proven }, turned_away: erin, expect: pending }
      - { links: { erin: declared }, approve: erin, asked: [shop.lead] }
  - name: elsewhere it is
    request: { subject: dana, action: account.delete, parameters: { customer: c-1 } }
    then: [{ links: { gus: proven }, approve: gus, expect: approved }]
"#;

#[tokio::test]
async fn a_test_an_explanation_and_a_comparison_know_which_accounts_count() {
    let desk = Desk::new();
    desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", WITH, 1));
    desk.write("policy.test.yaml", CASES);
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    desk.write("request.json", &write_prod().to_string());
    let said = desk.policy_command(&["explain", &desk.path("request.json")]).await;
    assert!(said.out.contains("by declared accounts only"), "{}", said.out);
    let said = desk.policy_command(&["explain", "--json", &desk.path("request.json")]).await;
    assert!(said.out.contains("\"link\": \"declared\""), "{}", said.out);
    desk.write("policy.yaml", Desk::policy());
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(1), "without the guardrail the click counts: {}", said.out);
    desk.write("policy.test.yaml", &CASES.replace("erin: proven", "erin: email"));
    let said = desk.policy_command(&["test"]).await;
    assert!(said.err.contains("unknown value `email`"), "{}", said.err);
}
