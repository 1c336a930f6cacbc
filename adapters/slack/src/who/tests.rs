//! Everybody whose click does not count, and everybody whose click does.

use countersign_port::access::RefusalKind;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fakes::{SILENCE, Stage, submission, user};

/// Somebody clicks; whether they were turned away, and whether a vote was asked for.
async fn pressed(stage: &Stage, payload: &Value) -> Option<RefusalKind> {
    let (status, _) = stage.interact(payload).await;
    assert_eq!(status, 200);
    let kind = stage.access.turned_away.lock().unwrap().pop().map(|(_, kind)| kind);
    let votes = std::mem::take(&mut *stage.access.ballots.lock().unwrap()).len();
    assert_eq!(votes, usize::from(kind.is_none()), "either a vote or a refusal");
    kind
}

fn with(mut payload: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        payload.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    payload
}

#[tokio::test]
async fn a_colleague_counts() {
    let stage = Stage::installed(&["T1"]).await;
    assert_eq!(pressed(&stage, &stage.click("approve")).await, None);
    assert_eq!(stage.asked("users.info"), ["user=U1"]);
}

#[tokio::test]
async fn whom_the_payload_gives_away_is_not_even_looked_up() {
    let stage = Stage::installed(&["T1"]).await;
    let click = stage.click("approve");
    let foreign = [("/user/team_id", json!("T2")), ("/team/id", json!("T2"))];
    for (changes, kind) in [
        (&[("/api_app_id", json!("A2"))][..], RefusalKind::UnknownButton),
        (&[("/api_app_id", json!(null))], RefusalKind::UnknownButton),
        (&[("/user/team_id", json!("T2"))], RefusalKind::Stranger),
        (&foreign, RefusalKind::Stranger),
        (&[("/team", json!(null))], RefusalKind::Stranger),
        (&[("/user/team_id", json!(null))], RefusalKind::IdentityUnknown),
        (&[("/user/team_id", json!(""))], RefusalKind::IdentityUnknown),
    ] {
        assert_eq!(pressed(&stage, &with(click.clone(), changes)).await, Some(kind), "{changes:?}");
    }
    assert!(stage.asked("users.info").is_empty());
}

#[tokio::test]
async fn what_slack_says_of_an_account_decides() {
    for (member, value, kind) in [
        ("deleted", json!(true), RefusalKind::NotAPerson),
        ("is_bot", json!(true), RefusalKind::NotAPerson),
        ("is_workflow_bot", json!(true), RefusalKind::NotAPerson),
        ("is_restricted", json!(true), RefusalKind::Guest),
        ("is_ultra_restricted", json!(true), RefusalKind::Guest),
        ("is_stranger", json!(true), RefusalKind::Stranger),
        ("team_id", json!("T2"), RefusalKind::Stranger),
        ("team_id", json!(null), RefusalKind::Stranger),
        ("id", json!("U2"), RefusalKind::IdentityUnknown),
        ("is_bot", json!("no"), RefusalKind::IdentityUnknown),
    ] {
        let stage = Stage::installed(&["T1"]).await;
        stage.answers("users.info", 200, user(&json!({ member: value })));
        let refused = pressed(&stage, &stage.click("approve")).await;
        assert_eq!(refused, Some(kind), "{member}: {value}");
    }
}

#[tokio::test]
async fn where_slack_does_not_say_nobody_counts() {
    for (status, body, kind) in [
        (500, json!({}), RefusalKind::IdentityUnknown),
        (429, json!({ "ok": false }), RefusalKind::IdentityUnknown),
        (200, json!("?"), RefusalKind::IdentityUnknown),
        (SILENCE, json!(null), RefusalKind::IdentityUnknown),
        (200, json!({ "ok": false, "error": "missing_scope" }), RefusalKind::IdentityUnknown),
        (200, json!({ "ok": false, "error": "user_not_found" }), RefusalKind::Stranger),
    ] {
        let stage = Stage::installed(&["T1"]).await;
        stage.answers("users.info", status, body.clone());
        assert_eq!(pressed(&stage, &stage.click("approve")).await, Some(kind), "{body}");
    }
}

#[tokio::test]
async fn an_account_is_looked_up_once_in_five_minutes() {
    let stage = Stage::installed(&["T1"]).await;
    for (minutes, lookups) in [(0, 1), (4, 1), (1, 2), (4, 2)] {
        stage.passes(SignedDuration::from_mins(minutes));
        assert_eq!(pressed(&stage, &stage.click("approve")).await, None);
        assert_eq!(stage.asked("users.info").len(), lookups);
    }
    stage.answers("users.info", 500, json!({}));
    stage.passes(SignedDuration::from_mins(5));
    let refused = pressed(&stage, &stage.click("approve")).await;
    assert_eq!(refused, Some(RefusalKind::IdentityUnknown), "what was known is too old");
}

/// In a form that somebody of another company sends, only one member is about us.
#[tokio::test]
async fn a_form_from_another_company_does_not_count() {
    let stage = Stage::installed(&["T1"]).await;
    let sent = submission("approve", &json!({}));
    let foreign = [
        ("/team/id", json!("T2")),
        ("/enterprise", json!({ "id": "E2" })),
        ("/user/team_id", json!("T2")),
        ("/view/team_id", json!("T2")),
    ];
    assert_eq!(pressed(&stage, &with(sent.clone(), &foreign)).await, Some(RefusalKind::Stranger));
    let elsewhere = [("/view/app_installed_team_id", json!("T2"))];
    assert_eq!(pressed(&stage, &with(sent, &elsewhere)).await, Some(RefusalKind::Stranger));
}

/// The app is installed in a whole organisation: `team` is null, and every workspace is at home.
#[tokio::test]
async fn in_an_organisation_every_workspace_is_at_home() {
    let stage = Stage::installed(&["E1"]).await;
    let ours =
        json!({ "team_id": "T7", "enterprise_user": { "enterprise_id": "E1", "teams": ["T7"] } });
    let theirs = json!({ "team_id": "T7", "enterprise_user": { "enterprise_id": "E2" } });
    let click = with(
        stage.click("approve"),
        &[
            ("/team", json!(null)),
            ("/enterprise", json!({ "id": "E1", "name": "Acme" })),
            ("/user/team_id", json!("T7")),
        ],
    );
    stage.answers("users.info", 200, user(&theirs));
    assert_eq!(pressed(&stage, &click).await, Some(RefusalKind::Stranger));
    stage.answers("users.info", 200, user(&json!({ "team_id": "T7" })));
    stage.passes(SignedDuration::from_mins(5));
    assert_eq!(pressed(&stage, &click).await, Some(RefusalKind::Stranger), "no organisation said");
    stage.answers("users.info", 200, user(&ours));
    stage.passes(SignedDuration::from_mins(5));
    assert_eq!(pressed(&stage, &click).await, None);
    let other = with(click.clone(), &[("/enterprise/id", json!("E2"))]);
    assert_eq!(pressed(&stage, &other).await, Some(RefusalKind::Stranger));
    let sent = with(
        submission("approve", &json!({})),
        &[
            ("/team", json!(null)),
            ("/enterprise", json!({ "id": "E1" })),
            ("/user/team_id", json!("T7")),
            ("/view/app_installed_team_id", json!("E1")),
        ],
    );
    assert_eq!(pressed(&stage, &sent).await, None);
}

/// A workspace of an organisation has its own installation: its siblings are strangers there.
#[tokio::test]
async fn a_sibling_workspace_is_a_stranger_to_a_single_installation() {
    let stage = Stage::installed(&["T1"]).await;
    let sibling = with(
        stage.click("approve"),
        &[("/enterprise", json!({ "id": "E1" })), ("/user/team_id", json!("T7"))],
    );
    assert_eq!(pressed(&stage, &sibling).await, Some(RefusalKind::Stranger));
    let member = json!({ "team_id": "T7", "enterprise_user": { "enterprise_id": "E1", "teams": ["T7", "T1"] } });
    stage.answers("users.info", 200, user(&member));
    assert_eq!(pressed(&stage, &stage.click("approve")).await, None, "in several workspaces");
}
