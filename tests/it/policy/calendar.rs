//! At night other people are asked than by day, and it can be tried before the night comes.

use countersign::reload::Reloaded;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{desk::Desk, reload::reload};
use crate::office::{Office, tell, write_prod};

/// The demo's policy, and security alone where the office is closed.
fn policy() -> String {
    let calendar = "calendars:\n  office: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], \
                    hours: 09:00-17:00, holidays: [2026-12-25] }\n\nchannels:";
    let night = "  - name: at night\n    if: { env: prod, access: write, calendar.office: closed }\n    \
                 ask: [{ from: security, count: 1, in: security }]\n\n  - name: write to production";
    let with_calendar = Desk::policy().replacen("channels:", calendar, 1);
    with_calendar.replacen("  - name: write to production", night, 1)
}

async fn rules(office: &Office) -> Value {
    let mut body = write_prod();
    body["dry_run"] = true.into();
    office.ask(&body).await.body["items"][0]["rules"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sunday_security_is_asked_and_on_monday_the_leads() {
    tell(|office| async {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        desk.write("policy.yaml", &policy());
        assert_eq!(reload.now().await, Reloaded::InForce);
        // The stories begin on a Sunday at noon.
        assert_eq!(rules(&office).await, json!(["at night"]));
        assert_eq!(office.ask(&write_prod()).await.status, 202);
        office.settle().await;
        assert_eq!(office.sandbox.messages("security").len(), 1);
        assert!(office.sandbox.messages("shop-approvals").is_empty());
        // The hour at which the office opens in Berlin.
        office.advance(SignedDuration::from_hours(19)).await;
        assert_eq!(rules(&office).await, json!(["at night"]));
        office.advance(SignedDuration::from_hours(1)).await;
        assert_eq!(rules(&office).await, json!(["write to production"]));
        office
    })
    .await;
}

#[tokio::test]
async fn the_hour_can_be_chosen_in_a_test_and_in_an_explanation() {
    let desk = Desk::new();
    desk.write("policy.yaml", &policy());
    desk.write(
        "policy.test.yaml",
        r#"cases:
  - name: on Monday
    request: { subject: dana, scopes: "prod:orders:write", when: 2026-11-23T09:00:00+01:00 }
    rule: write to production
  - name: at Christmas
    request: { subject: dana, scopes: "prod:orders:write", when: 2026-12-25T09:00:00+01:00 }
    rule: at night
    then: [{ approve: sam, expect: approved }]
"#,
    );
    let said = desk.policy_command(&["test"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);

    desk.write("request.json", &write_prod().to_string());
    let path = desk.path("request.json");
    let said = desk.policy_command(&["explain", &path, "--at", "2026-11-23T16:30:00Z"]).await;
    assert!(said.out.contains("at night"), "{}", said.out);
    assert!(said.out.contains("`calendar.office` is `closed`"), "{}", said.out);
    let said = desk.policy_command(&["explain", &path, "--at", "2026-11-23T12:00:00Z"]).await;
    assert!(said.out.contains("`calendar.office` is `open`, not `closed`"), "{}", said.out);

    desk.write(
        "policy.test.yaml",
        "cases:\n  - name: x\n    request: { subject: dana, scopes: \"report:read\", when: noon }\n    rule: at night\n",
    );
    let said = desk.policy_command(&["test"]).await;
    let shown = format!("{}{}", said.out, said.err);
    assert!(shown.contains("expected an instant such as `2026-12-24T18:00:00Z`"), "{shown}");
}
