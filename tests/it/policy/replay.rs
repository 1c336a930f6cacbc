//! `countersign policy diff --replay`: yesterday's requests under tomorrow's policy.

use serde_json::json;

use super::desk::{Desk, lines};
use crate::office::{Office, tell};

async fn ask(office: &Office, scope: &str) {
    let body = json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop-admin" },
        "requested_access": { "scope": scope },
    });
    assert!(office.ask(&body).await.status < 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_decided_otherwise_is_named() {
    tell(|office| async {
        ask(&office, "report:read").await;
        ask(&office, "prod:orders:write").await;
        ask(&office, "prod:orders:write").await;
        let desk = Desk::new();
        desk.keep_in(&office.database_url());
        let (old, new) = (desk.path("policy.yaml"), desk.path("new.yaml"));
        let diff = ["diff", &old, &new, "--replay"];
        desk.write("new.yaml", &Desk::policy().replace("name: write to production", "name: writes"));
        let said = desk.policy_command(&diff).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(said.out, "3 requests judged, 0 otherwise: 0 easier, 0 harder, 0 other\n");

        desk.write("new.yaml", &Desk::policy().replace("count: 2", "count: 1"));
        let said = desk.policy_command(&diff).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.out.contains("  easier\n  - write to production: 2 from shop.lead, then 1 from security\n  + write to production: 1 from shop.lead, then 1 from security\n"), "{}", said.out);
        assert!(said.out.ends_with("3 requests judged, 2 otherwise: 2 easier, 0 harder, 0 other\n"), "{}", said.out);

        // No more than yesterday is a yes where that is allowed.
        desk.write("new.yaml", &Desk::policy().replace("valid_for: 8h", "valid_for: 1h"));
        let tighter = [&diff[..], &["--json", "--allow-tighter"]].concat();
        let said = desk.policy_command(&tighter).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let told = lines(&said);
        assert_eq!(told[0]["change"], "harder");
        assert_eq!(told[1], json!({ "judged": 3, "unknown_client": 0, "easier": 0, "harder": 1, "other": 0 }));
        assert_eq!(desk.policy_command(&diff).await.code, Some(1));

        // Nothing was asked in the last second: the office lives in another time.
        let said = desk.policy_command(&["diff", &old, &new, "--replay", "1s"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.starts_with("0 requests judged"), "{}", said.out);
        assert_eq!(desk.policy_command(&["diff", &old, &new]).await.code, Some(2));
        office
    })
    .await;
}
