//! Who is asked may depend on how far the one who asks is trusted; nobody is who is not declared so.

use countersign::reload::Reloaded;
use serde_json::{Value, json};

use super::{desk::Desk, reload::reload};
use crate::office::{Office, tell, write_prod};

/// The demo's policy, and security alone for those who are trusted.
fn policy() -> String {
    let rule = "  - name: those who are trusted\n    if: { env: prod, access: write, \
                requester.trust: [standard, trusted] }\n    \
                ask: [{ from: security, count: 1, in: security }]\n\n  - name: write to production";
    Desk::policy().replacen("  - name: write to production", rule, 1)
}

async fn rules(office: &Office, subject: &str) -> Value {
    let mut body = write_prod();
    body["dry_run"] = true.into();
    body["subject"]["id"] = subject.into();
    office.ask(&body).await.body["items"][0]["rules"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_declared_to_be_trusted_is() {
    tell(|office| async {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        desk.write("policy.yaml", &policy());
        assert_eq!(reload.now().await, Reloaded::InForce);
        assert_eq!(rules(&office, "dana").await, json!(["write to production"]));
        let people =
            Desk::people().replacen("name: Dana Novak", "name: Dana Novak, trust: standard", 1);
        assert_ne!(people, Desk::people());
        desk.write("people.yaml", &people);
        assert_eq!(reload.now().await, Reloaded::InForce);
        assert_eq!(rules(&office, "dana").await, json!(["those who are trusted"]));
        assert_eq!(rules(&office, "olu").await, json!(["write to production"]));
        assert_eq!(rules(&office, "a stranger").await, json!(["write to production"]));
        office
    })
    .await;
}
