//! People decide in Teams: from the card to the callback.

use countersign_sandbox::demo;
use serde_json::{Value, json};

use super::workplace::{Workplace, execute, tell, words};

/// A request to change live orders, whose outcome is told to the asking server.
fn write_prod(workplace: &Workplace) -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": demo::CLIENT_ID, "name": demo::CLIENT_NAME },
        "requested_access": { "scope": "prod:orders:write" },
        "context": { "justification": "Fix the duplicates of this morning" },
        "callback": { "endpoint": workplace.receiver.endpoint, "state": "st-1" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_approves_and_the_card_is_redrawn_in_its_place() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod(&workplace)).await;
        let posted = workplace.thread();
        let asked = words(&posted.card);
        assert!(asked.contains("Shop Admin wants to change live orders"), "{asked}");
        let shown = workplace.press("erin", "approve").await;
        assert_eq!(shown["type"], "application/vnd.microsoft.card.adaptive", "{shown}");
        assert!(words(&shown).contains("Approved"), "{shown}");
        let drawn = workplace.thread();
        assert!(drawn.edits > posted.edits, "everybody sees it");
        assert!(words(&drawn.card).contains("Approved: Shop Admin may change live orders"));
        assert_eq!(execute(&drawn.card, "approve"), None, "nothing is left to press");
        assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
        assert_eq!(workplace.status(&id).await, "approved");
        let story: Vec<String> = workplace.thread().replies.iter().map(words).collect();
        // Teams writes the time as it is where the reader is.
        let at = "{{DATE(2026-11-22T12:00:04Z,SHORT)}} {{TIME(2026-11-22T12:00:04Z)}}";
        assert_eq!(
            story,
            [
                format!("Erin Doyle approved {at}"),
                "Approved.".to_owned(),
                format!("Shop Admin told {at}"),
                "Shop Admin took the approval up.".to_owned(),
            ]
        );
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_decide_is_told_so_and_nobody_else_sees_it() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod(&workplace)).await;
        let posted = workplace.thread();
        for who in ["gus", "dana", "nobody"] {
            let said = workplace.press(who, "approve").await;
            assert_eq!(said["statusCode"], 200);
            assert_eq!(said["type"], "application/vnd.microsoft.activity.message", "{said}");
        }
        assert_eq!(workplace.thread(), posted);
        assert_eq!(workplace.status(&id).await, "pending");
        workplace
    })
    .await;
}
