//! A guardrail that wants a sign-in believes what the realm has signed, and no wish of a client.

use countersign::law::Sources;
use serde_json::json;

use super::desk::{Desk, tell_under};
use crate::office::{Site, demo_sources};

/// Who changes something must have signed in strongly, within five minutes.
pub(crate) fn strict() -> Sources {
    let mut sources = demo_sources();
    sources.policy.text = sources.policy.text.replace(
        "guardrails:\n",
        "guardrails:\n  - name: sign in anew\n    if: { access: write }\n    \
         step_up: { acr: [gold], max_age: 5m }\n",
    );
    sources
}

fn site() -> Site {
    Site { sources: strict, ..Site::default() }
}

/// Asks, and says whether anybody is asked about it.
async fn is_refused(desk: &Desk, id: &str) -> bool {
    for _ in 0..3 {
        desk.later(1).await;
    }
    desk.realm.poll(id).await == Err("access_denied".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_wishes_for_is_no_sign_in() {
    tell_under(site(), |desk| async move {
        let wish = desk.ask(&[("acr_values", "gold")]).await;
        assert!(is_refused(&desk, &wish).await);
        let now = desk.office.clock.now().as_second();
        for (acr, at) in [
            (json!("silver"), json!(now)),
            (json!("gold"), json!(now - 600)),
            (json!(["gold"]), json!(now)),
            (json!("gold"), json!("now")),
            (json!("gold"), json!(i64::MAX)),
        ] {
            desk.fake().says_sign_in(acr.clone(), at.clone());
            let id = desk.ask(&[("acr_values", "gold")]).await;
            assert!(is_refused(&desk, &id).await, "{acr} {at}");
        }
        assert!(desk.office.sandbox.messages("shop-approvals").is_empty(), "nobody was asked");
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_realm_has_signed_is_believed() {
    tell_under(site(), |desk| async move {
        let now = desk.office.clock.now().as_second();
        desk.fake().says_sign_in(json!("gold"), json!(now - 60));
        let id = desk.ask(&[]).await;
        desk.approve().await;
        assert!(!is_refused(&desk, &id).await);
        assert_eq!(desk.fake().callbacks().last().map(|(word, _)| word.as_str()), Some("SUCCEED"));
        desk
    })
    .await;
}
