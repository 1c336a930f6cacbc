//! What Slack answers, and what we make of it.

use countersign_egress::exchange::Answer;
use serde_json::json;

use super::{
    fakes::{CODE, FakeSlack, ORGANISATION, TEAM},
    *,
};

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

#[tokio::test]
async fn a_code_becomes_tokens() {
    let slack = FakeSlack::open().await;
    let grant = slack.oauth().redeem(CODE, "https://example.com/back").await.expect("a grant");
    assert_eq!(grant.installation, TEAM);
    assert_eq!(grant.access_token.expose_secret(), "xoxe.xoxb-1-1");
    assert_eq!(grant.lifetime, Some(Duration::from_hours(12)));
    let office = slack.office();
    let form: Vec<(&str, &str)> =
        office.calls[0].iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        form,
        [
            ("client_id", "client-1"),
            ("client_secret", "client-secret-5e"),
            ("code", CODE),
            ("redirect_uri", "https://example.com/back"),
        ]
    );
}

#[tokio::test]
async fn an_organisation_has_no_workspace() {
    let slack = FakeSlack::open().await;
    {
        let mut office = slack.office();
        office.grant["is_enterprise_install"] = json!(true);
        office.grant["team"] = json!(null);
        office.grant["enterprise"] = json!({ "id": ORGANISATION, "name": "Acme" });
    }
    let grant = slack.oauth().redeem(CODE, "https://example.com").await.expect("a grant");
    assert_eq!((grant.installation.as_str(), grant.team), (ORGANISATION, None));
}

#[tokio::test]
async fn a_grant_for_a_user_or_for_nowhere_is_none() {
    let slack = FakeSlack::open().await;
    let faults = [
        ("token_type", json!("user")),
        ("team", json!(null)),
        ("team", json!({ "id": "t/../x" })),
        ("bot_user_id", json!(null)),
    ];
    for (member, bad) in faults {
        let good = std::mem::replace(&mut slack.office().grant[member], bad.clone());
        let error = slack.oauth().redeem(CODE, "https://example.com").await.expect_err("a fault");
        assert!(matches!(error, OAuthError::Lost(_)), "{member}: {bad}: {error}");
        slack.office().grant[member] = good;
    }
}

#[test]
fn each_answer_says_whether_something_happened() {
    let refused = |word: &str| OAuthError::Refused(word.to_owned());
    let cases = [
        (200, r#"{"ok":false,"error":"invalid_code"}"#, refused("invalid_code")),
        (200, r#"{"ok":false,"error":"<b>xoxb-1</b>"}"#, refused("unreadable")),
        (
            200,
            r#"{"ok":false,"error":"ratelimited"}"#,
            OAuthError::NotDone("too many calls".into()),
        ),
        (429, "", OAuthError::NotDone("too many calls".into())),
        (200, r#"{"ok":false,"error":"fatal_error"}"#, OAuthError::Lost("fatal_error".into())),
        (
            503,
            "<html>",
            OAuthError::Lost("the answer 503 Service Unavailable makes no sense".into()),
        ),
        (200, r#"{"ok":true}"#, OAuthError::Lost("the answer 200 OK makes no sense".into())),
        (200, r#"{"ok":false}"#, OAuthError::Lost("the answer 200 OK makes no sense".into())),
    ];
    for (status, body, expected) in cases {
        let error = read::<Given>(&answer(status, body)).err();
        assert_eq!(error, Some(expected), "{status} {body}");
    }
}

#[tokio::test]
async fn no_error_holds_what_was_sent_or_answered() {
    let slack = FakeSlack::open().await;
    slack.office().losing = 1;
    let oauth = slack.oauth();
    let lost = oauth.redeem(CODE, "https://example.com").await.expect_err("lost");
    slack.office().grant["expires_in"] = json!("xoxb-secret");
    let unclear = oauth.redeem(CODE, "https://example.com").await.expect_err("unclear");
    for error in [lost, unclear] {
        let said = format!("{error} {error:?} {oauth:?}");
        assert!(!said.contains("xox"), "{said}");
        assert!(!said.contains("5e") && !said.contains(CODE), "{said}");
    }
}

#[tokio::test]
async fn nobody_there_means_that_nothing_happened() {
    let mut settings = FakeSlack::open().await.settings();
    // The server is gone with the statement above.
    settings.api_url.set_path("/api/");
    let oauth = OAuth::new(fakes::loopback(), &settings).expect("credentials are set");
    let error = oauth.test(&"xoxb-1".into()).await.expect_err("nobody");
    assert!(matches!(error, OAuthError::NotDone(_)), "{error}");
}

#[test]
fn a_method_is_below_the_api() {
    for api_url in ["https://slack.com/api", "https://slack.com/api/"] {
        let url = endpoint(&api_url.parse().expect("a URL"), "auth.test");
        assert_eq!(url.as_str(), "https://slack.com/api/auth.test");
    }
}
