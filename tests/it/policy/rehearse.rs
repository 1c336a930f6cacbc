//! `countersign policy test` and `explain`: what would happen, before it does.

use serde_json::{Value, json};

use super::desk::{Desk, lines};

/// The demo's policy, told as stories.
const CASES: &str = r#"cases:
  - name: two leads, then security
    request: { subject: dana, scopes: "prod:orders:write" }
    rule: write to production
    then:
      - { expect: pending, asked: shop.lead, cards: shop }
      - { at: 1m, turned_away: dana, approve: erin, expect: pending }
      - { at: 2m, turned_away: [erin, sam], approve: farid, asked: security, cards: [shop, security] }
      - { at: 3m, approve: sam, expect: approved, asked: [] }
      - { at: 12m, expect: approved }
      - { at: 13m, expect: lapsed }
  - name: nobody comes
    request: { subject: dana, scopes: "prod:orders:write" }
    then:
      - { at: 9m, cards: shop }
      - { at: 10m, cards: [shop, platform] }
      - { at: 29m, expect: pending }
      - { at: 30m, turned_away: erin, expect: expired }
  - name: one no is enough
    request: { subject: dana, action: account.delete, resource: "customer:4711", parameters: { customer: "4711" } }
    rule: deleting an account
    then: [{ at: 5m, deny: gus, expect: denied }]
  - name: a lead in an emergency
    request: { subject: olu, scopes: "prod:orders:write", emergency: true }
    rule: break-glass
    then: [{ approve: sam, expect: approved }]
  - name: trusted clients read at once
    request: { subject: dana, scopes: "report:read", trust: trusted }
    rule: reads for trusted clients
    then: [{ expect: approved }]
  - name: others do not read at all
    request: { subject: dana, scopes: "report:read" }
    then: [{ expect: refused }]
  - name: up to ten thousand
    request: { subject: dana, action: funds.transfer, parameters: { amount: 10000, currency: EUR, to: DE02 } }
    rule: small transfers in euro
  - name: a cent more
    request: { subject: dana, action: funds.transfer, parameters: { amount: 10000.01, currency: EUR, to: DE02 } }
    rule: every other transfer
    then:
      - { approve: [fay, olu], expect: approved }
"#;

#[tokio::test]
async fn stories_are_played_in_virtual_time() {
    let desk = Desk::new();
    desk.write("policy.test.yaml", CASES);
    let said = desk.policy_command(&["test", "--strict"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert!(said.out.contains("✔ nobody comes\n"), "{}", said.out);
    assert!(said.out.ends_with("8 cases, 6 of 6 rules reached\n"), "{}", said.out);
}

#[tokio::test]
async fn what_comes_out_otherwise_is_shown_where_it_stands() {
    let desk = Desk::new();
    let wrong = "cases:
  - name: too hasty
    request: { subject: dana, scopes: \"prod:orders:write\" }
    rule: break-glass
    then:
      - { approve: erin, expect: approved }
      - { at: 1m, approve: dana, turned_away: farid, asked: shop.lead }
";
    desk.write("policy.test.yaml", wrong);
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.out.starts_with("✘ too hasty\n"), "{}", said.out);
    assert!(said.out.contains("no test reaches the rule `break-glass`, in line "), "{}", said.out);
    assert!(said.out.ends_with("1 case, 1 of 6 rules reached\n"), "{}", said.out);
    for (words, place) in [
        ("× `write to production` decides instead", "policy.test.yaml:4:11]"),
        ("× the request is pending", "policy.test.yaml:6:34]"),
        ("× `dana` is turned away: You asked for this", "policy.test.yaml:7:28]"),
        ("× the click of `farid` counts", "policy.test.yaml:7:47]"),
        ("× asked now: `security`", "policy.test.yaml:7:61]"),
    ] {
        assert!(said.err.contains(words), "{words}\n{}", said.err);
        assert!(said.err.contains(place), "{place}\n{}", said.err);
    }
    let told = lines(&desk.policy_command(&["test", "--json"]).await);
    assert_eq!(told[0]["passed"], false);
    assert_eq!(told[0]["failures"][1], json!({ "line": 6, "message": "the request is pending" }));
    assert_eq!(told[1]["reached"], 1);
}

#[tokio::test]
async fn a_slip_in_a_case_is_no_pass() {
    let desk = Desk::new();
    let slips = "cases:
  - { name: nothing expected, request: { subject: dana, scopes: \"report:read\" } }
  - name: slips
    request: { subject: dana, scope: x }
    rule: write to prodution
    then:
      - { at: 5m, aprove: erin, expect: aproved }
      - { at: 4m, approve: erni }
";
    desk.write("policy.test.yaml", slips);
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(1));
    for words in [
        "a case that expects nothing shows nothing",
        "did you mean `scopes`?",
        "did you mean `write to production`?",
        "did you mean `approve`?",
        "did you mean `approved`?",
        "this step lies before the one above it",
        "did you mean `erin`?",
    ] {
        assert!(said.err.contains(words), "{words}\n{}", said.err);
    }
    // The check of the policy says so too, and a rule without a test is only a warning.
    assert_eq!(desk.policy_command(&["check"]).await.code, Some(1));
    desk.write("policy.test.yaml", "cases: []\n");
    let said = desk.policy_command(&["check", "--json"]).await;
    assert_eq!(said.code, Some(0));
    let codes = lines(&said).into_iter().filter(|line| line["code"] == "untested-rule").count();
    assert_eq!(codes, 6);
}

#[tokio::test]
async fn groups_that_others_keep_have_the_members_that_a_case_gives_them() {
    let desk = Desk::new();
    let policy = Desk::policy().replace(
        "guardrails:\n",
        "groups: { contractors: { idp_claim: \"role:contractor\" } }\nguardrails:\n  - { name: no \
         contractors, if: { requester.group: contractors }, refuse: Not for contractors. }\n",
    );
    desk.write("policy.yaml", &policy);
    let cases = "members: { contractors: [] }
cases:
  - name: a contractor
    request: { subject: dana, claims: [\"role:contractor\"], scopes: \"prod:orders:write\" }
    then: [{ expect: refused }]
  - name: somebody else
    request: { subject: dana, claims: [\"role:other\"], scopes: \"prod:orders:write\" }
    then: [{ expect: pending }]
  - name: nobody knows
    request: { subject: dana, scopes: \"prod:orders:write\" }
    then: [{ expect: refused }]
";
    desk.write("policy.test.yaml", cases);
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
}

fn request(scope: &str) -> String {
    json!({ "subject": { "type": "user", "id": "dana" }, "requested_access": { "scope": scope } })
        .to_string()
}

#[tokio::test]
async fn a_request_is_explained_line_by_line() {
    let desk = Desk::new();
    desk.write("request.json", &request("prod:orders:write report:read"));
    let said = desk.policy_command(&["explain", &desk.path("request.json")]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    for line in [
        "  ✔ prod:orders:write: guardrail `production changes always need a person`, line 18: `env` is `prod`, `access` is `write` or `admin`\n",
        "  · prod:orders:write: rule `break-glass`, line 26: `break_glass` is false, not true\n",
        "  ✔ report:read: rule `reads for trusted clients`, line 32: `access` is `read`, `risk` is `low`, `client.trust` is `trusted`\n",
        "people are asked: write to production, reads for trusted clients\n",
        "  1. 2 from shop.lead in shop: Erin Doyle, Farid Aziz; after 10 minutes in platform too\n",
        "  2. 1 from security in security: Sam Okoro\n",
        "  expires after 30 minutes, to be used within 10 minutes, lives for 1 hour\n",
        "  never counts: Dana Novak\n",
    ] {
        assert!(said.out.contains(line), "{line}\n{}", said.out);
    }
}

#[tokio::test]
async fn a_refusal_is_explained_too() {
    let desk = Desk::new();
    let policy = Desk::policy().replace(
        "guardrails:\n",
        "guardrails:\n  - { name: never, if: { access: write }, refuse: Not here. }\n",
    );
    desk.write(
        "new.yaml",
        &policy.replace("{ access: write }", "{ client: \"shop-*\", access: write }"),
    );
    desk.write("request.json", &request("prod:orders:write"));
    let request = desk.path("request.json");
    let new = desk.path("new.yaml");
    let said = desk.policy_command(&["explain", &request, "--policy", &new]).await;
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("refused: Not here.\n"), "{}", said.out);
    let said = desk.policy_command(&["explain", &request, "--policy", &new, "--json"]).await;
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["items"][0]["status"], "refused");
    assert_eq!(told["items"][0]["trace"][0]["matched"], true);
    let said = desk.policy_command(&["explain", &request, "--client", "shop"]).await;
    assert!(said.err.contains("no client `shop`: shop-admin"), "{}", said.err);
    desk.write("request.json", "{}");
    let said = desk.policy_command(&["explain", &request]).await;
    assert!(said.err.contains("missing field `subject`"), "{}", said.err);
}

#[tokio::test]
async fn the_example_of_the_manual_passes_its_own_test() {
    let desk = Desk::new();
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/shop");
    for name in ["policy.yaml", "policy.test.yaml", "catalogue.yaml", "people.yaml"] {
        desk.write(name, &std::fs::read_to_string(example.join(name)).unwrap());
    }
    let said = desk.policy_command(&["test", "--strict"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let said = desk.policy_command(&["check"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
}
