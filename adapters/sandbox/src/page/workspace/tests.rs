//! The plain page, with people and channels that nobody has foreseen.

use countersign_port::{access::Identity, card::Face, chat::Chat};

use super::*;
use crate::{
    door::Key,
    fakes::{FakeAccess, KEY, fetch, ids},
    page, samples,
};

fn sandbox(channels: &[&str]) -> Sandbox {
    Sandbox::new(channels.iter().copied(), Key::new(KEY).unwrap()).of_team("T1")
}

fn visitor(subject: &str, name: &str) -> Visitor {
    Visitor { subject: subject.to_owned(), name: name.to_owned(), role: "approvers".to_owned() }
}

fn visitors() -> Vec<Visitor> {
    vec![visitor("U1&k=v", "Ann <b>Lee</b>"), visitor("U2", "Bo Berg")]
}

async fn shown(sandbox: &Sandbox, visitors: Vec<Visitor>, query: &str) -> String {
    let router = page::workspace(sandbox, visitors);
    let (status, _, html) = fetch(router, "GET", &format!("/demo{query}"), "").await;
    assert_eq!(status, 200, "{html}");
    html
}

#[tokio::test]
async fn the_page_is_the_workspace_and_nothing_of_the_demo() {
    let sandbox = sandbox(&["approvals"]);
    sandbox.post("approvals", &samples::card(Face::Pending)).await.unwrap();
    let html = shown(&sandbox, visitors(), "?as=U2&look=teams").await;
    for wanted in [
        "<title>Sandbox workspace</title>",
        "For trying a policy on this machine",
        r#"<body class="look-teams""#,
        r#"<a href="/demo?as=U2&#38;look=teams" aria-current="true"><b>Bo Berg</b> <span>app"#,
        r#"<a href="/demo?as=U1%26k%3Dv&#38;look=teams"><b>Ann &#60;b&#62;Lee&#60;/b&#62;</b>"#,
        r#"<div id="channel-approvals" data-list>"#,
        r#"<input type="hidden" name="as" value="U2">"#,
        "<h2>Only to Bo Berg</h2>",
    ] {
        assert!(html.contains(wanted), "{wanted} in {html}");
    }
    for unwanted in ["Countersign demo", "OAuth server", "tour", "clock", "/demo/send", "controls"]
    {
        assert!(!html.contains(unwanted), "{unwanted} in {html}");
    }
}

#[tokio::test]
async fn a_click_is_by_the_account_of_this_team_and_leads_back_to_its_page() {
    let sandbox = sandbox(&["approvals"]);
    let access = Arc::new(FakeAccess::default());
    let message = sandbox.post("approvals", &samples::card(Face::Pending)).await.unwrap();
    let router = sandbox.routes(access.clone()).merge(page::workspace(&sandbox, visitors()));
    let body = format!("as=U1%26k%3Dv&look=teams&message={}&verb=approve&token=t", message.0);
    let (status, location, _) = fetch(router.clone(), "POST", "/demo/press", &body).await;
    assert_eq!((status, location.as_str()), (303, "/demo?as=U1%26k%3Dv&look=teams"));
    let (_, _, html) = fetch(router, "GET", &location, "").await;
    assert!(html.contains("Your answer is recorded."), "{html}");
    let [ballot] = access.ballots().try_into().unwrap();
    let (provider, tenant) = ("sandbox".to_owned(), "T1".to_owned());
    assert_eq!(ballot.press.by, Identity { provider, tenant, subject: "U1&k=v".to_owned() });
}

#[tokio::test]
async fn what_is_told_to_one_is_on_the_page_of_one() {
    let sandbox = sandbox(&["approvals"]);
    sandbox.tell(&sandbox.identity("U2"), &samples::card(Face::Approved)).await.unwrap();
    let card = r#"<div id="message-1""#;
    assert!(shown(&sandbox, visitors(), "?as=U2").await.contains(card));
    assert!(!shown(&sandbox, visitors(), "?as=U1%26k%3Dv").await.contains(card));
}

#[tokio::test]
async fn without_accounts_or_channels_the_page_says_what_is_missing() {
    let html = shown(&sandbox(&[]), Vec::new(), "?as=mallory").await;
    for wanted in [
        "Nobody has an account here.",
        "<code>sandbox: { team: T1, user: erin }</code>",
        "This workspace has no channel: the configuration names none.",
    ] {
        assert!(html.contains(wanted), "{wanted} in {html}");
    }
    assert!(!html.contains("mallory") && !html.contains("Only to"), "{html}");
}

#[tokio::test]
async fn a_channel_may_have_any_name() {
    let names = ["on call", "on+call", "<i>", "x\"y", "direct"];
    let sandbox = sandbox(&names);
    for name in names.repeat(7) {
        sandbox.post(name, &samples::card(Face::Approved)).await.unwrap();
    }
    let html = shown(&sandbox, visitors(), "").await;
    assert!(html.contains("<h2>#&#60;i&#62;</h2>"), "{html}");
    let ids = ids(&html);
    assert!(ids.iter().all(|id| !id.is_empty() && !id.contains(char::is_whitespace)), "{ids:?}");
    assert!(ids.is_sorted_by(|one, next| one < next), "an id is there twice: {ids:?}");
}

#[tokio::test]
async fn the_page_lives_without_a_demo() {
    let sandbox = sandbox(&["approvals"]);
    let router = page::workspace(&sandbox, visitors());
    let (answer, ()) =
        tokio::join!(fetch(router.clone(), "GET", "/demo/changes?since=0", ""), async {
            tokio::task::yield_now().await;
            sandbox.pulse().beat();
        });
    assert_eq!((answer.0, answer.2.as_str()), (200, "1"));
    for target in ["/demo/demo.css", "/demo/demo.js"] {
        assert_eq!(fetch(router.clone(), "GET", target, "").await.0, 200, "{target}");
    }
    for target in ["/demo/send/transfer", "/demo/clock/10", "/demo/chat/down", "/demo/redeem/a"] {
        assert_eq!(fetch(router.clone(), "POST", target, "").await.0, 404, "{target}");
    }
}
